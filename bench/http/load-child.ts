/** The load generator, in a process of its own: an open loop where a rate is asked for, else a closed one. */
import { answerParent } from './child.ts'
import { closedLoop } from './closed-loop.ts'
import type { Quantiles } from './latency.ts'
import { openLoop } from './open-loop.ts'
import { RequestCycle, Stamps } from './request-cycle.ts'

export interface LoadShape {
  port: number
  connections: number
  seconds: number
  /** Arrivals; absent: a closed loop. */
  perSecond?: number
  /** Of the arrivals. */
  seed?: number
  /** Every how many requests the answer is compared; 0: none. */
  compareEvery: number
}

export interface LoadRequests {
  path: string
  bodies: string[]
  /** What each body must be answered, one text of these; absent: only the status is looked at. */
  expected?: string[][]
  /** One of these after every so many of the others; `STAMP` in a body is replaced by a number of its own. */
  beside?: { path: string; bodies: string[]; every: number }
}

/** Requests may be left out: then they are those of the question before. */
export type LoadQuestion = LoadShape & (LoadRequests | { bodies?: undefined })

export interface BesideAnswer {
  requests: number
  failed: number
  p50Ms: number
  p99Ms: number
}

export interface LoadAnswer extends Quantiles {
  /** Answered, without those beside. */
  requests: number
  requestsPerSecond: number
  /** Arrivals of an open loop; what is sent when the last is answered is as much as is answered. */
  scheduled: number
  offeredPerSecond: number
  /** Share of the arrivals that were sent before the last second was over. */
  sentInTimeShare: number
  /** How long after its intended arrival a request was sent; part of its latency. */
  sentLateP50Ms: number
  sentLateP99Ms: number
  /** From the sending, not from the intended arrival. */
  answerP50Ms: number
  /** Refused, broken off or timed out. */
  failed: number
  compared: number
  wrong: number
  /** Null: there were none. */
  beside: BesideAnswer | null
  generatorCpuMicros: number
  /** All latencies, encoded. */
  histogram: string
}

class Generator {
  #requests: LoadRequests = { path: '', bodies: [] }
  #cycle: RequestCycle | null = null
  readonly #stamps = new Stamps()

  async run(asked: LoadQuestion): Promise<LoadAnswer> {
    if (asked.bodies !== undefined) {
      this.#requests = asked
      this.#cycle = null
    }
    const { perSecond } = asked
    globalThis.gc?.()
    if (perSecond === undefined) return closedLoop(asked, this.#requests, this.#stamps)
    this.#cycle ??= new RequestCycle(this.#requests, this.#stamps)
    this.#cycle.begin(asked.compareEvery)
    return openLoop({ ...asked, perSecond }, this.#cycle)
  }
}

const generator = new Generator()
answerParent<LoadQuestion, LoadAnswer>((asked) => generator.run(asked))
