/**
 * What passes between the HTTP thread and a worker: one buffer of requests, one buffer of answers and what follows
 * from them. Bodies are copied once into the buffer that goes to the worker; nothing is an object per request.
 *
 * Requests: u32 count, u32 unused, then for each of up to `BATCH_REQUESTS` its route and trust and the end of its body.
 */
import type { LiveContact, LiveEvent, SubjectHash } from '../../core/store/shoppers.ts'

/** Most requests that go to a worker at once. */
export const BATCH_REQUESTS = 64

export const WORK_ROUTES = ['decide', 'recommend', 'similar', 'events'] as const
export type WorkRoute = (typeof WORK_ROUTES)[number]

/** The campaign file as it stands; `slots` holds each campaign's place in the budget memory, -1 without a limit. */
export interface PublishedCampaigns {
  revision: string
  text: SharedArrayBuffer
  slots: SharedArrayBuffer
}

export interface BatchTask {
  requests: ArrayBuffer
  /** The server's clock, milliseconds since 1970. */
  time: number
  campaigns: PublishedCampaigns
}

const HEADER_WORDS = 2 + 2 * BATCH_REQUESTS
const HEADER_BYTES = 4 * HEADER_WORDS
const FIRST_CAPACITY = 32 * 1024
const TRUSTED = 0x100

/** Gathers requests; the HTTP thread's side. */
export class BatchWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  #words = new Uint32Array(this.#bytes.buffer, 0, HEADER_WORDS)
  #end = HEADER_BYTES
  count = 0

  get isFull(): boolean {
    return this.count === BATCH_REQUESTS
  }

  add(route: number, trusted: boolean, body: Uint8Array): void {
    const end = this.#end + body.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.set(body, this.#end)
    this.#end = end
    this.#words[2 + 2 * this.count] = route | (trusted ? TRUSTED : 0)
    this.#words[3 + 2 * this.count] = end
    this.count++
  }

  finish(): ArrayBuffer {
    this.#words[0] = this.count
    return this.#bytes.buffer
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.#bytes.length))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#words = new Uint32Array(larger.buffer, 0, HEADER_WORDS)
  }
}

/** The worker's side. */
export class BatchReader {
  readonly count: number
  readonly #bytes: Buffer
  readonly #words: Uint32Array

  constructor(requests: ArrayBuffer) {
    this.#bytes = Buffer.from(requests)
    this.#words = new Uint32Array(requests, 0, HEADER_WORDS)
    this.count = this.#words[0]
  }

  route(i: number): WorkRoute {
    return WORK_ROUTES[this.#words[2 + 2 * i] & 0xff]
  }

  isTrusted(i: number): boolean {
    return (this.#words[2 + 2 * i] & TRUSTED) !== 0
  }

  body(i: number): Buffer {
    return this.#bytes.subarray(i === 0 ? HEADER_BYTES : this.#words[1 + 2 * i], this.#words[3 + 2 * i])
  }
}

/** A purchase that used an offer. */
export interface Spending {
  campaign: string
  amountMinor: number
  /** When the offer was issued. */
  decidedAt: number
}

export interface LiveChange {
  subject: SubjectHash
  event: LiveEvent | null
  contact: LiveContact | null
}

/** What the HTTP thread, which owns all live state, has to do before it answers. */
export interface Effects {
  /** Budget slot, minor units, valid until: triples of offers that were issued. */
  reserved: number[]
  changes: LiveChange[]
  spendings: Spending[]
  /** Faults of ours, for the log; the requests were answered 500. */
  failures: string[]
}

/** One buffer: for each request status and end of its answer, then answers, decision rows and event rows. */
export interface BatchResult {
  bytes: ArrayBuffer
  count: number
  /** Where the rows begin, and how many they are. */
  decisionRows: number
  nDecisions: number
  eventRows: number
  nEvents: number
  effects: Effects | null
}

/** The HTTP thread's view of a result. */
export class ResultReader {
  readonly #bytes: Buffer
  readonly #words: Uint32Array
  readonly #result: BatchResult

  constructor(result: BatchResult) {
    this.#result = result
    this.#bytes = Buffer.from(result.bytes)
    this.#words = new Uint32Array(result.bytes, 0, 2 * result.count)
  }

  status(i: number): number {
    return this.#words[2 * i]
  }

  answer(i: number): Uint8Array {
    const start = i === 0 ? 8 * this.#result.count : this.#words[2 * i - 1]
    return this.#bytes.subarray(start, this.#words[2 * i + 1])
  }

  get decisionRows(): Uint8Array {
    return this.#bytes.subarray(this.#result.decisionRows, this.#result.eventRows)
  }

  get eventRows(): Uint8Array {
    return this.#bytes.subarray(this.#result.eventRows)
  }
}
