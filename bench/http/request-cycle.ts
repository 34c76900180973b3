/**
 * What an open loop sends, in turn: the requests, each as bytes that are made once, and after every so many of them one of those
 * beside. It goes on where the stretch of load before ended, so that no stretch begins with what the server has just answered.
 */
import { requestBytes } from './connection.ts'
import { Latency, type Quantiles } from './latency.ts'
import type { BesideAnswer, LoadRequests } from './load-child.ts'

interface Prepared {
  bytes: Buffer
  expected: Buffer[] | null
  /** Where its own number goes; -1: it has none. */
  stampAt: number
  isBeside: boolean
}

export type CycleTally = Quantiles & {
  requests: number
  failed: number
  compared: number
  wrong: number
  beside: BesideAnswer | null
  histogram: string
}

/** Stands in a body where each sending has a number of its own. */
export const STAMP = '##########'

/** Numbers that no two sendings of one generator share. */
export class Stamps {
  #last = 0

  next(): string {
    return String(++this.#last).padStart(STAMP.length, '0')
  }
}

export class RequestCycle {
  readonly #requests: Prepared[]
  readonly #beside: Prepared[]
  readonly #every: number
  readonly #stamps: Stamps
  #at = 0
  #sent = 0
  #compareEvery = 1
  #latency = new Latency()
  #besideLatency = new Latency()
  #counts = { failed: 0, besideFailed: 0, compared: 0, wrong: 0 }

  constructor({ path, bodies, expected, beside }: LoadRequests, stamps: Stamps) {
    this.#stamps = stamps
    const prepared = (to: string, body: string, texts: string[] | undefined, isBeside: boolean): Prepared => {
      const bytes = requestBytes(to, body)
      return {
        bytes,
        expected: texts?.map((text) => Buffer.from(text)) ?? null,
        stampAt: bytes.indexOf(STAMP),
        isBeside,
      }
    }
    this.#requests = bodies.map((body, i) => prepared(path, body, expected?.[i], false))
    this.#beside = (beside?.bodies ?? []).map((body) => prepared(beside?.path ?? '', body, undefined, true))
    this.#every = beside === undefined ? Number.POSITIVE_INFINITY : beside.every + 1
  }

  /** Begins a stretch of load; answers of every so many requests are compared, of none when 0. */
  begin(compareEvery: number): void {
    this.#compareEvery = compareEvery
    this.#latency = new Latency()
    this.#besideLatency = new Latency()
    this.#counts = { failed: 0, besideFailed: 0, compared: 0, wrong: 0 }
  }

  next(): Prepared {
    const turn = ++this.#sent
    const isBeside = turn % this.#every === 0
    const request = isBeside
      ? this.#beside[Math.floor(turn / this.#every) % this.#beside.length]
      : this.#requests[this.#at++ % this.#requests.length]
    if (request.stampAt < 0) return request
    const bytes = Buffer.from(request.bytes)
    bytes.write(this.#stamps.next(), request.stampAt, 'latin1')
    return { ...request, bytes }
  }

  took({ expected, isBeside }: Prepared, status: number, body: Buffer, ms: number): void {
    const counts = this.#counts
    if (status !== 200) {
      if (isBeside) counts.besideFailed++
      else counts.failed++
      return
    }
    const latency = isBeside ? this.#besideLatency : this.#latency
    latency.record(ms)
    if (isBeside || expected === null || this.#compareEvery === 0 || this.#latency.count % this.#compareEvery !== 0)
      return
    counts.compared++
    if (!expected.some((text) => text.equals(body))) counts.wrong++
  }

  /** Of the stretch; `unanswered` requests count as failed. */
  tally(unanswered: number): CycleTally {
    const { failed, besideFailed, compared, wrong } = this.#counts
    const { p50Ms, p99Ms } = this.#besideLatency.quantiles()
    return {
      ...this.#latency.quantiles(),
      requests: this.#latency.count,
      failed: failed + unanswered,
      compared,
      wrong,
      histogram: this.#latency.encoded(),
      beside:
        this.#beside.length === 0 ? null : { requests: this.#besideLatency.count, failed: besideFailed, p50Ms, p99Ms },
    }
  }
}
