import { defineConfig } from 'vitest/config'

// Tests run as compiled, so that they start the very files that ship (workers, CLI, server).
export default defineConfig({
  test: {
    include: ['dist/test/**/*.test.js'],
    exclude: ['dist/test/long/**'],
    // Real data sets and every flipped byte take their time on a busy machine.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    // `npm cit` passes no arguments on to the tests, so a file for the counts is asked for by name.
    reporters: ['default', ...(process.env.TEST_REPORT ? [['json', { outputFile: process.env.TEST_REPORT }]] : [])],
  },
})
