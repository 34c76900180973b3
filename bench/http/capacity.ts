/**
 * How many decisions a second are answered while p99 stays under a limit? Open loops at rising and falling rates, halving the
 * gap between the fastest that held and the slowest that did not. A rate holds when the median of three stretches of load has a p99
 * from the intended arrival under the limit, none is void, nothing fails and no answer is wrong. The load generator runs on the
 * same cores.
 */
import { availableParallelism } from 'node:os'
import { type ColumnLayout, table } from '../../cli/table.ts'
import { median } from '../statistics.ts'
import { Generator } from './generator.ts'
import { openShape } from './http.ts'
import { isVoid } from './http-report.ts'
import { measure, type Round } from './measure.ts'
import type { HttpScenario } from './scenarios.ts'
import { type Served, type ServedOptions, serve } from './served.ts'

export interface CapacityBench extends ServedOptions {
  connections: number
  limitMs: number
  seconds: number
}

interface Probe {
  offeredPerSecond: number
  achievedPerSecond: number
  p50Ms: number
  p99Ms: number
  failed: number
  isVoid: boolean
  held: boolean
}

export interface CapacityReport {
  bench: 'capacity'
  scenario: HttpScenario
  items: number
  campaigns: number
  workers: number
  cores: number
  limitMs: number
  /** Achieved at the fastest rate that held; 0: none did. */
  decisionsPerSecond: number
  p99Ms: number
  probes: Probe[]
}

/** Of what a closed loop answers: where the search begins, and ends. */
const SEARCHED = { from: 0.1, to: 1.3 }
const STEPS = 6
const REPEATS = 3
const COMPARE_EVERY = 16

export async function benchCapacity(options: CapacityBench, say: (line: string) => void): Promise<CapacityReport> {
  const served = await serve(options, say)
  const generator = new Generator()
  try {
    return await capacityOf(served, generator, options, say)
  } finally {
    await Promise.all([generator.stop(), served.stop()])
  }
}

async function capacityOf(
  served: Served,
  generator: Generator,
  options: CapacityBench,
  say: (line: string) => void,
): Promise<CapacityReport> {
  const { scenario, items, workers, connections, seconds, limitMs } = options
  const closed = { connections, seconds, compareEvery: COMPARE_EVERY }
  say('warming up')
  await measure(served.server, generator, served.requests, closed)
  const { requestsPerSecond } = await measure(served.server, generator, served.requests, closed)
  let [low, high] = [SEARCHED.from * requestsPerSecond, SEARCHED.to * requestsPerSecond]
  // Code that open loops run is compiled in the first of them: with none before it the first probe, and all above it, never held.
  for (let stretch = 0; stretch < REPEATS; stretch++)
    await measure(served.server, generator, served.requests, openShape(Math.sqrt(low * high), seconds, stretch))
  const probes: Probe[] = []
  for (let step = 0; step < STEPS; step++) {
    const rate = Math.sqrt(low * high)
    const probe = await probeAt(rate, served, generator, options, step)
    say(`${rate.toFixed(0)} a second: p99 ${probe.p99Ms.toFixed(2)} ms, ${probe.held ? 'held' : 'not held'}`)
    probes.push(probe)
    if (probe.held) low = rate
    else high = rate
  }
  const held = probes.filter((probe) => probe.held).sort((a, b) => b.offeredPerSecond - a.offeredPerSecond)
  return {
    bench: 'capacity',
    scenario,
    items,
    campaigns: served.campaigns,
    workers,
    cores: availableParallelism(),
    limitMs,
    decisionsPerSecond: (held[0]?.achievedPerSecond ?? 0) * served.decisions,
    p99Ms: held[0]?.p99Ms ?? 0,
    probes: probes.sort((a, b) => a.offeredPerSecond - b.offeredPerSecond),
  }
}

async function probeAt(
  perSecond: number,
  served: Served,
  generator: Generator,
  { limitMs, seconds }: CapacityBench,
  step: number,
): Promise<Probe> {
  const rounds: Round[] = []
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const shape = openShape(perSecond, seconds, REPEATS * step + repeat)
    rounds.push(await measure(served.server, generator, served.requests, shape))
  }
  const wrong = rounds.reduce((sum, round) => sum + round.wrong, 0)
  if (wrong > 0) throw new Error(`${wrong} answers are wrong at ${perSecond} a second: no figures`)
  const middle = rounds.toSorted((a, b) => a.p99Ms - b.p99Ms)[REPEATS >> 1]
  const failed = rounds.reduce((sum, round) => sum + round.failed, 0)
  return {
    offeredPerSecond: perSecond,
    achievedPerSecond: median(rounds.map((round) => round.requestsPerSecond)),
    p50Ms: middle.p50Ms,
    p99Ms: middle.p99Ms,
    failed,
    isVoid: rounds.some(isVoid),
    held: middle.p99Ms < limitMs && failed === 0 && !rounds.some(isVoid),
  }
}

const COLUMNS: ColumnLayout[] = ['offered/s', 'achieved/s', 'p50 ms', 'p99 ms', 'failed', ''].map((title, c) => ({
  title,
  ...(c < 5 ? { align: 'right' } : {}),
}))

export function renderCapacity(report: CapacityReport): string {
  const rows = report.probes.map((probe) => [
    probe.offeredPerSecond.toFixed(0),
    probe.achievedPerSecond.toFixed(0),
    probe.p50Ms.toFixed(2),
    probe.p99Ms.toFixed(2),
    String(probe.failed),
    probe.isVoid ? 'void: arrivals were not sent in time' : probe.held ? 'held' : '',
  ])
  return [
    `capacity, ${report.scenario}: ${report.items.toLocaleString('en')} items, ${report.campaigns} campaigns, ${report.workers} worker(s), ` +
      `${report.cores} cores with the load generator on them`,
    ...table(COLUMNS, rows),
    `decisions a second at p99 < ${report.limitMs} ms: ${report.decisionsPerSecond.toFixed(0)} (p99 ${report.p99Ms.toFixed(2)} ms)`,
  ].join('\n')
}
