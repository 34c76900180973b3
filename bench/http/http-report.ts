/** What `bench -- http` tells of its rounds. */
import type { OracleCheck } from '../decider.ts'
import { type MemoryParts, memoryParts, renderMemory } from '../memory.ts'
import { median } from '../statistics.ts'
import type { HttpBench, HttpRound } from './http.ts'
import { merged } from './latency.ts'
import type { Round } from './measure.ts'
import type { HttpScenario } from './scenarios.ts'
import type { Served } from './served.ts'

export interface HttpReport {
  bench: 'http'
  scenario: HttpScenario
  /** Folder of the snapshot that was asked; null: the synthetic shop. */
  store: string | null
  items: number
  shoppers: number
  campaigns: number
  workers: number
  connections: number
  /** Decisions in one request. */
  decisions: number
  /** CPU time of a request to that of one to the bare handler, closed loop. */
  ratioToBare: number
  cpuMicrosPerRequest: number
  bareCpuMicrosPerRequest: number
  requestsPerSecond: number
  bareRequestsPerSecond: number
  /** Of the open loop, from the intended arrival; in the scenario `swap` while the snapshot is swapped. */
  p50Ms: number
  p90Ms: number
  p99Ms: number
  p999Ms: number
  bareP50Ms: number
  bareP99Ms: number
  /** p99 while swapping over p99 without; null: no swap. */
  swapP99ToSteady: number | null
  /** Longest, from the middle of the stretch of load to the first answer of the new snapshot. */
  swapMs: number
  /** A swap was not over when the load was. */
  swapOutlastedLoad: boolean
  closedP50Ms: number
  closedP99Ms: number
  offeredPerSecond: number
  achievedPerSecond: number
  openCpuMicrosPerRequest: number
  openRatioToBare: number
  /** Part of every latency: how long after its intended arrival a request was sent. */
  sentLateP50Ms: number
  sentLateP99Ms: number
  generatorCpuMicrosPerRequest: number
  /** Of the measured open loops, those in which less than 95 % of the arrivals were sent in time: latencies mean nothing. */
  voidRounds: number
  /** Of the requests beside decisions; null: there were none. */
  eventP99Ms: number | null
  rssBytes: number
  memory: MemoryParts
  gcLongestMs: number
  gcShare: number
  requests: number
  failed: number
  compared: number
  /** Before the load. */
  oracle: OracleCheck
  wrong: number
  /** Of the open loops together, microseconds, as HdrHistogram's tools read it. */
  histogram: string
}

const LEAST_SENT_SHARE = 0.95

export const isVoid = ({ sentInTimeShare }: Round) => sentInTimeShare < LEAST_SENT_SHARE

export function reportOf(options: HttpBench, served: Served, perSecond: number, rounds: HttpRound[]): HttpReport {
  const { scenario, store, workers, connections } = options
  const { items, shoppers } = served
  const middle = (figure: (round: HttpRound) => number) => median(rounds.map(figure))
  const swapMs = Math.max(...rounds.map((round) => round.swapMs))
  const open = rounds.map((round) => round.swapping ?? round.open.server)
  const ofOpen = (figure: (round: Round) => number) => median(open.map(figure))
  const atServer = rounds.flatMap((round) => [
    round.closed.server,
    round.open.server,
    ...(round.swapping ? [round.swapping] : []),
  ])
  const sum = (figure: (round: Round) => number) => atServer.reduce((total, round) => total + figure(round), 0)
  const rssBytes = Math.max(...atServer.map((round) => round.rssBytes))
  const wrong = sum((round) => round.wrong)
  if (wrong > 0) throw new Error(`${wrong} of ${sum((round) => round.compared)} compared answers are wrong: no figures`)
  return {
    bench: 'http',
    scenario,
    store: store ?? null,
    items,
    shoppers,
    campaigns: served.campaigns,
    workers,
    connections,
    decisions: served.decisions,
    ratioToBare: middle(({ closed }) => closed.server.cpuMicrosPerRequest / closed.bare.cpuMicrosPerRequest),
    cpuMicrosPerRequest: middle(({ closed }) => closed.server.cpuMicrosPerRequest),
    bareCpuMicrosPerRequest: middle(({ closed }) => closed.bare.cpuMicrosPerRequest),
    requestsPerSecond: middle(({ closed }) => closed.server.requestsPerSecond),
    bareRequestsPerSecond: middle(({ closed }) => closed.bare.requestsPerSecond),
    p50Ms: ofOpen((round) => round.p50Ms),
    p90Ms: ofOpen((round) => round.p90Ms),
    p99Ms: ofOpen((round) => round.p99Ms),
    p999Ms: ofOpen((round) => round.p999Ms),
    bareP50Ms: middle((round) => round.open.bare.p50Ms),
    bareP99Ms: middle((round) => round.open.bare.p99Ms),
    swapP99ToSteady: rounds.some(({ swapping }) => swapping === null)
      ? null
      : middle((round) => (round.swapping?.p99Ms ?? 0) / round.open.server.p99Ms),
    swapMs,
    swapOutlastedLoad: swapMs > 500 * options.seconds,
    closedP50Ms: middle(({ closed }) => closed.server.p50Ms),
    closedP99Ms: middle(({ closed }) => closed.server.p99Ms),
    offeredPerSecond: perSecond,
    achievedPerSecond: ofOpen((round) => round.requestsPerSecond),
    openCpuMicrosPerRequest: ofOpen((round) => round.cpuMicrosPerRequest),
    openRatioToBare: middle((round) => round.open.server.cpuMicrosPerRequest / round.open.bare.cpuMicrosPerRequest),
    sentLateP50Ms: ofOpen((round) => round.sentLateP50Ms),
    sentLateP99Ms: ofOpen((round) => round.sentLateP99Ms),
    generatorCpuMicrosPerRequest: ofOpen((round) => round.generatorCpuMicros / round.requests),
    voidRounds: open.filter(isVoid).length,
    eventP99Ms: open.some(({ beside }) => beside === null) ? null : ofOpen(({ beside }) => beside?.p99Ms ?? 0),
    rssBytes,
    memory: memoryParts(served.segment, workers, rssBytes),
    gcLongestMs: Math.max(...atServer.map(({ gcLongestMs }) => gcLongestMs)),
    gcShare: middle(({ closed }) => closed.server.gcShare),
    requests: sum((round) => round.requests),
    failed: sum((round) => round.failed + (round.beside?.failed ?? 0)),
    compared: sum((round) => round.compared),
    oracle: served.oracle,
    wrong,
    histogram: merged(open.map(({ histogram }) => histogram)),
  }
}

export function renderHttp(report: HttpReport): string {
  const line = (name: string, cpu: number, perSecond: number) =>
    `${name.padEnd(14)} ${cpu.toFixed(1).padStart(9)} ${perSecond.toFixed(0).padStart(12)}`
  const ms = (value: number) => value.toFixed(2)
  const each = report.decisions === 1 ? '' : ` of ${report.decisions} decisions`
  return [
    `http, ${report.scenario}: ${report.items.toLocaleString('en')} items, ${report.shoppers.toLocaleString('en')} shoppers, ${report.campaigns} campaigns, ` +
      `${report.workers} worker(s), requests${each}`,
    `${report.requests} requests, ${report.failed} failed; ${report.compared} answers compared, ${report.wrong} wrong; the oracle ` +
      `computed ${report.oracle.rankings} rankings and ${report.oracle.offers} offers of ${report.oracle.answers} answers`,
    `a request's history: ${report.oracle.historyItems.toFixed(1)} items with ${report.oracle.rowEntries.toFixed(0)} entries in their rows`,
    `closed loop of ${report.connections} connections${'CPU µs/request requests/s'.padStart(26)}`,
    line('offerwright', report.cpuMicrosPerRequest, report.requestsPerSecond),
    line('bare handler', report.bareCpuMicrosPerRequest, report.bareRequestsPerSecond),
    `open loop: ${report.offeredPerSecond.toFixed(0)} offered, ${report.achievedPerSecond.toFixed(0)} achieved a second; ` +
      `p50 ${ms(report.p50Ms)}, p90 ${ms(report.p90Ms)}, p99 ${ms(report.p99Ms)}, p99.9 ${ms(report.p999Ms)} ms; ` +
      `bare handler p50 ${ms(report.bareP50Ms)}, p99 ${ms(report.bareP99Ms)} ms`,
    `sent ${ms(report.sentLateP50Ms)} ms late (p99 ${ms(report.sentLateP99Ms)}), counted in; ` +
      `the generator used ${report.generatorCpuMicrosPerRequest.toFixed(1)} µs a request`,
    ...(report.voidRounds > 0 ? [`VOID: ${report.voidRounds} rounds sent less than 95 % of the arrivals in time`] : []),
    ...(report.eventP99Ms === null ? [] : [`events beside, one after ten decisions: p99 ${ms(report.eventP99Ms)} ms`]),
    ...(report.swapP99ToSteady === null
      ? []
      : [
          `p99 with a swap in the middle to p99 without: ${ms(report.swapP99ToSteady)}×; a swap took ${report.swapMs.toFixed(0)} ms` +
            (report.swapOutlastedLoad ? ', longer than the load went on: ask for more --seconds' : ''),
        ]),
    `resident ${(report.rssBytes / 1e6).toFixed(0)} MB: ${renderMemory(report.memory)}`,
    `longest GC pause ${ms(report.gcLongestMs)} ms, GC ${(100 * report.gcShare).toFixed(1)} % of a thread's time`,
    `CPU a request to the bare handler's: ${report.ratioToBare.toFixed(2)}× (open loop ${report.openRatioToBare.toFixed(2)}×)`,
  ].join('\n')
}
