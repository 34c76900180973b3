/** What `bench -- topologies` tells of its rounds. */
import { availableParallelism } from 'node:os'
import { type ColumnLayout, table } from '../../cli/table.ts'
import { median } from '../statistics.ts'
import { isVoid } from './http-report.ts'
import type { Round } from './measure.ts'
import type { HttpScenario } from './scenarios.ts'
import type { Side, TopologiesBench } from './topologies.ts'

/** Rates of the open loops, as shares of the slowest closed loop. */
export const OPEN_SHARES = [0.25, 0.5, 0.75]

export interface Topology {
  /** The product's server, or one whose threads each listen and decide. */
  kind: 'server' | 'listeners'
  /** That decide; 0: the one that listens does. */
  threads: number
}

interface OpenFigures {
  perSecond: number
  p50Ms: number
  p99Ms: number
  cpuMicrosPerRequest: number
  failed: number
  isVoid: boolean
}

interface TopologyFigures extends Topology {
  closedPerSecond: number
  closedCpuMicros: number
  rssBytes: number
  /** Share of the requests that each of several listening threads answered; empty: there is one. */
  answeredShares: number[]
  open: OpenFigures[]
}

export interface TopologiesReport {
  bench: 'topologies'
  scenario: HttpScenario
  items: number
  campaigns: number
  cores: number
  topologies: TopologyFigures[]
}

/** `slowest`: requests a second of the closed loop that set the rates. */
export async function reportOf(options: TopologiesBench, sides: Side[], slowest: number): Promise<TopologiesReport> {
  return {
    bench: 'topologies',
    scenario: options.scenario,
    items: options.items,
    campaigns: sides[0].served.campaigns,
    cores: availableParallelism(),
    topologies: await Promise.all(sides.map((side) => figuresOf(side, slowest))),
  }
}

async function figuresOf({ kind, threads, served, closed, open }: Side, slowest: number): Promise<TopologyFigures> {
  const middle = (rounds: Round[], figure: (round: Round) => number) => median(rounds.map(figure))
  const { answered } = await served.server.usage()
  const total = answered.reduce((sum, count) => sum + count, 0)
  return {
    kind,
    threads,
    closedPerSecond: middle(closed, (round) => round.requestsPerSecond),
    closedCpuMicros: middle(closed, (round) => round.cpuMicrosPerRequest),
    rssBytes: Math.max(...closed.map((round) => round.rssBytes)),
    answeredShares: answered.length > 1 ? answered.map((count) => count / total) : [],
    open: open.map((rounds, share) => ({
      perSecond: slowest * OPEN_SHARES[share],
      p50Ms: middle(rounds, (round) => round.p50Ms),
      p99Ms: middle(rounds, (round) => round.p99Ms),
      cpuMicrosPerRequest: middle(rounds, (round) => round.cpuMicrosPerRequest),
      failed: rounds.reduce((sum, round) => sum + round.failed, 0),
      isVoid: rounds.some(isVoid),
    })),
  }
}

const TITLES = ['decides', 'load', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs a request', 'failed', '']
const COLUMNS: ColumnLayout[] = TITLES.map((title, c) => ({ title, ...(c > 1 && c < 7 ? { align: 'right' } : {}) }))

export function renderTopologies({ scenario, items, campaigns, cores, topologies }: TopologiesReport): string {
  const rows = topologies.flatMap(({ closedPerSecond, closedCpuMicros, open, ...topology }) => [
    [nameOf(topology), 'closed', closedPerSecond.toFixed(0), '', '', closedCpuMicros.toFixed(1), '', ''],
    ...open.map((figures) => [
      nameOf(topology),
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
    ...topologies.flatMap(sharesLine),
  ].join('\n')
}

function sharesLine({ answeredShares, ...topology }: TopologyFigures): string[] {
  if (answeredShares.length === 0) return []
  return [
    `${nameOf(topology)}: ${answeredShares.map((share) => `${(100 * share).toFixed(1)} %`).join(', ')} of the requests`,
  ]
}

export function nameOf({ kind, threads }: Topology): string {
  if (kind === 'listeners') return `${threads} listener(s)`
  return threads === 0 ? 'the listening thread' : `${threads} worker(s)`
}
