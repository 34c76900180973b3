import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
const LOAD = ['--rounds', '1', '--seconds', '1', '--connections', '4']

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offerwright-bench-sessions-test-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** After item n comes n + 1, in rounds of ten. */
const round = (start: number, length: number) => Array.from({ length }, (_, at) => `item-${(start + at) % 10}`)

it('bench sessions finds in the served answers what always follows, and half of it where half never does', async () => {
  const train = join(folder, 'train.txt')
  const test = join(folder, 'test.txt')
  await writeFile(train, Array.from({ length: 200 }, (_, n) => `${round(n, 3).join(' ')}\n`).join(''))
  const questions = Array.from({ length: 20 }, (_, n) => {
    const next = n % 2 === 0 ? `item-${(n + 2) % 10}` : 'unheard-of'
    return `${round(n, 2).join(' ')}\t${next}\n`
  })
  await writeFile(test, `${questions.join('')}not a question\n`)
  const files = ['--train', train, '--test', test]
  const { stdout } = await run(process.execPath, [MAIN, 'sessions', ...files, '--k', '3', ...LOAD, '--json'])
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({ bench: 'sessions', model: 'vmis', k: 3, questions: 20, items: 10, badLines: 1 })
  expect(report).toMatchObject({ hitRate: 0.5, evaluatedHitRate: 0.5, failed: 0, wrong: 0 })
  expect(report.mrr).toBeCloseTo(report.evaluatedMrr, 9)
  expect(report.compared).toBeGreaterThan(0)
  expect(report.ratioToBare).toBeCloseTo(report.cpuMicrosPerRequest / report.bareCpuMicrosPerRequest, 6)
  expect(report.requestsPerSecond).toBeGreaterThan(0)
})
