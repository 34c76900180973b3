import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))

it('bench http compares answers while it measures and prints one line of JSON', async () => {
  const size = ['--items', '2000', '--shoppers', '500', '--rounds', '1', '--seconds', '1', '--connections', '4']
  const { stdout } = await run(process.execPath, [MAIN, 'http', ...size, '--json'])
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({ bench: 'http', scenario: 'known', items: 2000, failed: 0, wrong: 0 })
  expect(report.compared).toBeGreaterThan(0)
  expect(report.ratioToBare).toBeCloseTo(report.cpuMicrosPerRequest / report.bareCpuMicrosPerRequest, 6)
  for (const name of ['requestsPerSecond', 'offeredPerSecond', 'p50Ms', 'rssBytes', 'generatorCpuMicrosPerRequest'])
    expect(report[name]).toBeGreaterThan(0)
  expect(report.p999Ms).toBeGreaterThanOrEqual(report.p99Ms)
  expect(report.p99Ms).toBeGreaterThanOrEqual(report.p50Ms)
  expect(report.histogram).toMatch(/^HIST/)
})

it.each(['batch', 'events'])('bench http has the scenario %s, its answers known', async (scenario) => {
  const size = ['--items', '2000', '--shoppers', '500', '--rounds', '1', '--seconds', '1', '--connections', '4']
  const { stdout } = await run(process.execPath, [MAIN, 'http', ...size, '--scenario', scenario, '--json'])
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({ scenario, decisions: scenario === 'batch' ? 100 : 1, failed: 0, wrong: 0 })
  expect(report.compared).toBeGreaterThan(0)
  expect(report.eventP99Ms === null).toBe(scenario !== 'events')
})

it('bench swap finds no failed request and no mixed answer', async () => {
  const size = ['--items', '2000', '--shoppers', '500', '--swaps', '4', '--connections', '4']
  const { stdout } = await run(process.execPath, [MAIN, 'swap', ...size, '--json'])
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({ bench: 'swap', swaps: 4, failed: 0, mixed: 0 })
  expect(report.compared).toBe(report.requests)
})

it('bench replay makes every decision of a served run again, and finds each drawn as often as it says', async () => {
  const size = ['--items', '2000', '--shoppers', '500', '--requests', '500', '--connections', '4']
  const { stdout } = await run(process.execPath, [MAIN, 'replay', ...size, '--json'])
  const report = JSON.parse(stdout)
  expect(report).toMatchObject({ bench: 'replay', failed: 0, different: 0, notSummingToOne: 0 })
  expect(report.decisions).toBeGreaterThanOrEqual(report.requests)
  expect(report.p).toBeGreaterThan(1e-4)
})
