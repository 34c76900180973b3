/**
 * Which threads should decide? The thread that listens itself, one worker beside it, or several: a server for each, all at once, takes
 * the same load in turn, round by round: a closed loop, then open loops at the same rates, which are shares of what the slowest closed
 * loop reached while warming up. The load generator runs on the same cores. Figures are medians over rounds.
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

export interface TopologiesBench extends Omit<ServedOptions, 'workers'> {
  /** 0: the thread that listens decides. */
  workers: number[]
  connections: number
  seconds: number
  rounds: number
}

interface Side {
  workers: number
  served: Served
  generator: Generator
  closed: Round[]
  /** By rate. */
  open: Round[][]
}

interface OpenFigures {
  perSecond: number
  p50Ms: number
  p99Ms: number
  cpuMicrosPerRequest: number
  failed: number
  isVoid: boolean
}

export interface TopologiesReport {
  bench: 'topologies'
  scenario: HttpScenario
  items: number
  campaigns: number
  cores: number
  topologies: {
    workers: number
    closedPerSecond: number
    closedCpuMicros: number
    rssBytes: number
    open: OpenFigures[]
  }[]
}

const OPEN_SHARES = [0.25, 0.5, 0.75]
const COMPARE_EVERY = 16
/** The last of them sets the rates. */
const WARMING_ROUNDS = 3

export async function benchTopologies(
  options: TopologiesBench,
  say: (line: string) => void,
): Promise<TopologiesReport> {
  const sides: Side[] = []
  try {
    for (const workers of options.workers) {
      const served = await serve({ ...options, workers }, say)
      sides.push({ workers, served, generator: new Generator(), closed: [], open: OPEN_SHARES.map(() => []) })
    }
    say('warming up')
    for (let round = 0; round < WARMING_ROUNDS; round++) for (const side of sides) await closedRound(side, options)
    const slowest = Math.min(...sides.map(({ closed }) => closed[WARMING_ROUNDS - 1].requestsPerSecond))
    for (const side of sides) side.closed = []
    for (let round = 1; round <= options.rounds; round++) {
      say(`round ${round} of ${options.rounds}`)
      for (const side of sides) await closedRound(side, options)
      for (const [i, share] of OPEN_SHARES.entries())
        for (const side of sides)
          side.open[i].push(await measured(side, openShape(slowest * share, options.seconds, round)))
    }
    return reportOf(options, sides, slowest)
  } finally {
    await Promise.all(sides.flatMap(({ served, generator }) => [generator.stop(), served.stop()]))
  }
}

async function closedRound(side: Side, { connections, seconds }: TopologiesBench): Promise<void> {
  side.closed.push(await measured(side, { connections, seconds, compareEvery: COMPARE_EVERY }))
}

async function measured({ workers, served, generator }: Side, shape: Parameters<typeof measure>[3]): Promise<Round> {
  const round = await measure(served.server, generator, served.requests, shape)
  if (round.wrong > 0) throw new Error(`${round.wrong} answers are wrong with ${workers} workers: no figures`)
  return round
}

function reportOf(options: TopologiesBench, sides: Side[], slowest: number): TopologiesReport {
  const middle = (rounds: Round[], figure: (round: Round) => number) => median(rounds.map(figure))
  return {
    bench: 'topologies',
    scenario: options.scenario,
    items: options.items,
    campaigns: sides[0].served.campaigns,
    cores: availableParallelism(),
    topologies: sides.map(({ workers, closed, open }) => ({
      workers,
      closedPerSecond: middle(closed, (round) => round.requestsPerSecond),
      closedCpuMicros: middle(closed, (round) => round.cpuMicrosPerRequest),
      rssBytes: Math.max(...closed.map((round) => round.rssBytes)),
      open: open.map((rounds, share) => ({
        perSecond: slowest * OPEN_SHARES[share],
        p50Ms: middle(rounds, (round) => round.p50Ms),
        p99Ms: middle(rounds, (round) => round.p99Ms),
        cpuMicrosPerRequest: middle(rounds, (round) => round.cpuMicrosPerRequest),
        failed: rounds.reduce((sum, round) => sum + round.failed, 0),
        isVoid: rounds.some(isVoid),
      })),
    })),
  }
}

const TITLES = ['decides', 'load', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs a request', 'failed', '']
const COLUMNS: ColumnLayout[] = TITLES.map((title, c) => ({ title, ...(c > 1 && c < 7 ? { align: 'right' } : {}) }))

export function renderTopologies({ scenario, items, campaigns, cores, topologies }: TopologiesReport): string {
  const rows = topologies.flatMap(({ workers, closedPerSecond, closedCpuMicros, open }) => [
    [nameOf(workers), 'closed', closedPerSecond.toFixed(0), '', '', closedCpuMicros.toFixed(1), '', ''],
    ...open.map((figures) => [
      nameOf(workers),
      'open',
      figures.perSecond.toFixed(0),
      figures.p50Ms.toFixed(2),
      figures.p99Ms.toFixed(2),
      figures.cpuMicrosPerRequest.toFixed(1),
      String(figures.failed),
      figures.isVoid ? 'void: arrivals were not sent in time' : '',
    ]),
  ])
  return [
    `topologies, ${scenario}: ${items.toLocaleString('en')} items, ${campaigns} campaigns, ${cores} cores with the load generator on them`,
    ...table(COLUMNS, rows),
  ].join('\n')
}

function nameOf(workers: number): string {
  return workers === 0 ? 'the listening thread' : `${workers} worker(s)`
}
