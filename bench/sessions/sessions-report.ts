/** What `bench -- sessions` tells of its rounds. */
import type { SessionsResult } from '../../training/evaluation/sessions.ts'
import type { HttpRound } from '../http/http.ts'
import type { Round } from '../http/measure.ts'
import { median } from '../statistics.ts'
import type { ServedQuality } from './questions.ts'
import type { SessionsBench } from './sessions.ts'

export interface SessionsReport extends ServedQuality {
  bench: 'sessions'
  /** What was trained. */
  model: string
  k: number
  items: number
  trainSessions: number
  questions: number
  badLines: number
  workers: number
  connections: number
  /** CPU time of a request to that of one to the bare handler. Medians over rounds, as the figures below. */
  ratioToBare: number
  cpuMicrosPerRequest: number
  bareCpuMicrosPerRequest: number
  requestsPerSecond: number
  bareRequestsPerSecond: number
  p50Ms: number
  p99Ms: number
  requests: number
  failed: number
  compared: number
  wrong: number
  /** Of the evaluation, which calls the scorer itself: equal, or there is no report. */
  evaluatedMrr: number
  evaluatedHitRate: number
}

/** Throws where an answer was wrong. */
export function reportOf(
  { workers, connections, k }: SessionsBench,
  evaluated: SessionsResult,
  quality: ServedQuality,
  rounds: HttpRound['closed'][],
): SessionsReport {
  const middle = (figure: (round: HttpRound['closed']) => number) => median(rounds.map(figure))
  const sum = (figure: (round: Round) => number) => rounds.reduce((total, { server }) => total + figure(server), 0)
  const wrong = sum((round) => round.wrong)
  if (wrong > 0) throw new Error(`${wrong} of ${sum((round) => round.compared)} compared answers are wrong: no figures`)
  return {
    bench: 'sessions',
    model: evaluated.chosen,
    k,
    items: evaluated.items,
    trainSessions: evaluated.sessions,
    questions: evaluated.users,
    badLines: evaluated.badLines,
    workers,
    connections,
    ...quality,
    evaluatedMrr: evaluated.mrr,
    evaluatedHitRate: evaluated.hitRate,
    ratioToBare: middle(({ server, bare }) => server.cpuMicrosPerRequest / bare.cpuMicrosPerRequest),
    cpuMicrosPerRequest: middle(({ server }) => server.cpuMicrosPerRequest),
    bareCpuMicrosPerRequest: middle(({ bare }) => bare.cpuMicrosPerRequest),
    requestsPerSecond: middle(({ server }) => server.requestsPerSecond),
    bareRequestsPerSecond: middle(({ bare }) => bare.requestsPerSecond),
    p50Ms: middle(({ server }) => server.p50Ms),
    p99Ms: middle(({ server }) => server.p99Ms),
    requests: sum((round) => round.requests),
    failed: sum((round) => round.failed),
    compared: sum((round) => round.compared),
    wrong,
  }
}

export function renderSessions(report: SessionsReport): string {
  const line = (name: string, cpu: number, perSecond: number) =>
    `${name.padEnd(14)} ${cpu.toFixed(1).padStart(9)} ${perSecond.toFixed(0).padStart(12)}`
  const { k } = report
  return [
    `sessions, ${report.model}: ${report.trainSessions} train sessions, ${report.items} items, ${report.questions} questions, ${report.workers} worker(s)` +
      (report.badLines > 0 ? `, ${report.badLines} lines could not be read` : ''),
    `served:    MRR@${k} ${report.mrr.toFixed(4)}, hit rate@${k} ${report.hitRate.toFixed(4)}`,
    `evaluated: MRR@${k} ${report.evaluatedMrr.toFixed(4)}, hit rate@${k} ${report.evaluatedHitRate.toFixed(4)}`,
    `${report.requests} requests, ${report.failed} failed; ${report.compared} answers compared, ${report.wrong} wrong`,
    `closed loop of ${report.connections} connections${'CPU µs/request requests/s'.padStart(26)}`,
    line('offerwright', report.cpuMicrosPerRequest, report.requestsPerSecond),
    line('bare handler', report.bareCpuMicrosPerRequest, report.bareRequestsPerSecond),
    `p50 ${report.p50Ms.toFixed(2)}, p99 ${report.p99Ms.toFixed(2)} ms`,
    `CPU a request to the bare handler's: ${report.ratioToBare.toFixed(2)}×`,
  ].join('\n')
}
