import { benchEvents } from '../../../bench/events/events.ts'
import { type Fault, repetitions } from './fault.ts'

const MOST = 1.5

/** Paired rounds of decisions alone and beside durable events, in one run; the machine should do nothing else. */
export const eventLoad: Fault = {
  name: 'event-load',
  about: `5,000 durable events a second: the p99 of decisions beside them stays within ${MOST} times`,
  never: ['failedRequests', 'wrongAnswers', 'overLimit'],
  run: async (run) => {
    const sizes = { items: 20_000, shoppers: 50_000, campaigns: 4, restartEvents: 500_000 }
    const rates = { eventsPerSecond: 5000, decisionsPerSecond: 1000, seconds: 5, rounds: repetitions(9, run) }
    const report = await benchEvents({ ...sizes, ...rates, seed: run.seed }, run.say)
    return {
      eventsPerSecond: Math.trunc(report.eventsPerSecond),
      decisionsPerSecond: Math.trunc(report.decisionsPerSecond),
      p99Ratio: report.p99RatioToWithout,
      p99Ms: report.p99Ms,
      p99WithoutMs: report.p99WithoutMs,
      logToBareRatio: report.log.ratio,
      secondsPerMillionEvents: report.restart.secondsPerMillionEvents,
      failedRequests: report.failed,
      wrongAnswers: report.wrong,
      overLimit: report.p99RatioToWithout > MOST ? 1 : 0,
    }
  },
}
