import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['dist/test/long/**/*.test.js'],
    testTimeout: 3_600_000,
    hookTimeout: 600_000,
    fileParallelism: false,
  },
})
