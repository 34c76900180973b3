#!/usr/bin/env node
/** `npm run test:long`: the tests that take minutes, or what is given to vitest; `… -- faults [NAME…]`: faults, counted. */
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countFaults } from './faults/main.ts'

const [first, ...rest] = process.argv.slice(2)
process.exitCode = first === 'faults' ? await countFaults(rest) : runTests(process.argv.slice(2))

function runTests(filters: string[]): number {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const args = [vitest, 'run', '--config', join(root, 'vitest.long.config.mjs'), ...filters]
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1
}
