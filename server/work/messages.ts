/**
 * What passes between the HTTP thread and a worker. Requests and results lie in shared memory, a slab for each batch
 * that may run at a time, so the messages are a few numbers and no buffer is made or moved. What does not fit into its
 * slab travels in memory of its own.
 *
 * Requests: u32 count, u32 thread that works on it (0: none yet), then for each of up to `BATCH_REQUESTS` its route with its flags and the end of its body.
 * Results: for each request u32 status, start and end of its answer, start, end and number of its log rows; an answer
 * may stand inside its row. Then u32 start and number of what was reserved, f64 each. Then the bytes.
 */
import type { MessagePort } from 'node:worker_threads'
import type { PersonalParts } from '../../core/store/ledger/personal.ts'
import type { CampaignMark, LiveEvent, SubjectHash } from '../../core/store/shoppers.ts'
import type { AnswerTally } from '../generations/vitals.ts'
import type { WorkerSetup } from './context.ts'

/** Most requests that go to a worker at once; past this many bytes no further one joins them. */
export const BATCH_REQUESTS = 64
const BATCH_BYTES = 512 * 1024

export const WORK_ROUTES = [
  'decide',
  'recommend',
  'similar',
  'events',
  'decideBatch',
  'recommendBatch',
  'quote',
  'campaignCheck',
] as const
export type WorkRoute = (typeof WORK_ROUTES)[number]

/**
 * The campaign file as it stands. `slots`: for each campaign the places in the budget memory of its budget, of the
 * redemptions it may still have and of the units set aside for it; -1 without a limit. `returns`: of each the slot of its return account;
 * -1 without a floor.
 */
export interface PublishedCampaigns {
  revision: string
  text: SharedArrayBuffer
  slots: SharedArrayBuffer
  returns: SharedArrayBuffer
  /** Null: no campaign gives personal codes. */
  personal: PersonalParts | null
}

export interface Slab {
  requests: SharedArrayBuffer
  results: SharedArrayBuffer
}

export interface BatchTask {
  slab: number
  /** Requests that the slab has no room for. */
  largeRequests: SharedArrayBuffer | null
  /** The server's clock, milliseconds since 1970. */
  time: number
  /** Revision of the campaigns in force. */
  revision: string
  /** The campaigns themselves, for a worker that said it lacks them. */
  campaigns: PublishedCampaigns | null
}

export interface BatchResult {
  /** Results that the slab has no room for. */
  largeResults: SharedArrayBuffer | null
  effects: Effects | null
  tally: AnswerTally
}

/** In place of a result: the worker has other campaigns than those in force. Nothing was answered. */
export const LACKS_CAMPAIGNS = 'lacks campaigns'

export type BatchAnswer = BatchResult | typeof LACKS_CAMPAIGNS

/** A generation as a worker opens it, and its number among those of the server. */
export interface OpenGeneration {
  generation: number
  setup: WorkerSetup
}

/** A worker's one long task: messages come and answers go through `port`; `bell` i32[1] is rung when a message has come. */
export interface LoopTask {
  port: MessagePort
  bell: Int32Array
  open: OpenGeneration[]
}

/** A batch is answered, the others are not; null: the end. */
export type LoopMessage = { generation: number; task: BatchTask } | { open: OpenGeneration } | { forget: number } | null

/** The first answer of a loop. */
export const LOOP_READY = 'ready'
/** A loop that was asked to open a generation has it open. */
export interface Opened {
  opened: number
}
export const SILENT = 0
export const RUNG = 1

/** Where a worker tells that it began with the slab's batch, in words. */
export const THREAD_WORD = 1
const REQUEST_HEADER_WORDS = 2 + 2 * BATCH_REQUESTS
const REQUEST_HEADER_BYTES = 4 * REQUEST_HEADER_WORDS
export const RESULT_WORDS = 6
/** Where the header tells what was reserved, in words. */
export const RESERVED_WORD = RESULT_WORDS * BATCH_REQUESTS
export const RESULT_HEADER_BYTES = 4 * (RESERVED_WORD + 2)
const SLAB_REQUESTS_BYTES = 128 * 1024
const SLAB_RESULTS_BYTES = 1024 * 1024
const FIRST_CAPACITY = 32 * 1024
const TRUSTED = 0x100
const DEGRADED = 0x200
const SKIPPED = 0x400

export function newSlab(): Slab {
  return {
    requests: new SharedArrayBuffer(SLAB_REQUESTS_BYTES),
    results: new SharedArrayBuffer(SLAB_RESULTS_BYTES),
  }
}

/** A request as it goes to a worker; `route`: its number. */
export interface Sent {
  route: number
  trusted: boolean
  body: Buffer
}

/** Gathers requests; the HTTP thread's side. */
export class BatchWriter {
  #bytes = Buffer.allocUnsafeSlow(FIRST_CAPACITY)
  #words = new Uint32Array(this.#bytes.buffer, 0, REQUEST_HEADER_WORDS)
  #end = REQUEST_HEADER_BYTES
  count = 0

  get isFull(): boolean {
    return this.count === BATCH_REQUESTS || this.#end > BATCH_BYTES
  }

  /** `degraded`: to be answered the cheap way. */
  add(route: number, trusted: boolean, body: Uint8Array, degraded = false): void {
    const end = this.#end + body.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.set(body, this.#end)
    this.#end = end
    this.#words[2 + 2 * this.count] = route | (trusted ? TRUSTED : 0) | (degraded ? DEGRADED : 0)
    this.#words[3 + 2 * this.count] = end
    this.count++
  }

  /** A copy of one of them. */
  sent(i: number): Sent {
    const reader = new BatchReader(this.#bytes.buffer)
    const route = WORK_ROUTES.indexOf(reader.route(i))
    return { route, trusted: reader.isTrusted(i), body: Buffer.from(reader.body(i)) }
  }

  /** Nobody waits for this one any more: a worker passes it over. */
  skip(i: number): void {
    this.#words[2 + 2 * i] |= SKIPPED
  }

  /** Copies the batch into a slab's memory; returns memory of its own instead where that is too small. */
  copyTo(slab: SharedArrayBuffer): SharedArrayBuffer | null {
    const isLarge = this.#end > slab.byteLength
    const memory = isLarge ? new SharedArrayBuffer(this.#end) : slab
    this.#words[0] = this.count
    new Uint8Array(memory).set(this.#bytes.subarray(0, this.#end))
    return isLarge ? memory : null
  }

  clear(): void {
    this.#end = REQUEST_HEADER_BYTES
    this.count = 0
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.#bytes.length))
    larger.set(this.#bytes)
    this.#bytes = larger
    this.#words = new Uint32Array(larger.buffer, 0, REQUEST_HEADER_WORDS)
  }
}

/** The worker's side. */
export class BatchReader {
  readonly #bytes: Buffer
  readonly #words: Uint32Array

  constructor(memory: SharedArrayBuffer | ArrayBuffer) {
    this.#bytes = Buffer.from(memory)
    this.#words = new Uint32Array(memory, 0, REQUEST_HEADER_WORDS)
  }

  get count(): number {
    return this.#words[0]
  }

  route(i: number): WorkRoute {
    return WORK_ROUTES[this.#words[2 + 2 * i] & 0xff]
  }

  isTrusted(i: number): boolean {
    return (this.#words[2 + 2 * i] & TRUSTED) !== 0
  }

  isDegraded(i: number): boolean {
    return (this.#words[2 + 2 * i] & DEGRADED) !== 0
  }

  isSkipped(i: number): boolean {
    return (this.#words[2 + 2 * i] & SKIPPED) !== 0
  }

  body(i: number): Buffer {
    return this.#bytes.subarray(i === 0 ? REQUEST_HEADER_BYTES : this.#words[1 + 2 * i], this.#words[3 + 2 * i])
  }
}

/** A purchase that used an offer. */
export interface Spending {
  campaign: string
  amountMinor: number
  units: number
  /** Whose offer it was, and for which item; null where nobody is told. */
  holder: { subject: SubjectHash; item: SubjectHash; campaignHash: number } | null
  /** When the offer was issued. */
  decidedAt: number
}

export interface LiveChange {
  subject: SubjectHash
  event: LiveEvent | null
  contact: CampaignMark | null
  use: CampaignMark | null
}

/** An event of a request, and what it changes when its row is in the log. */
export interface TakenEvent {
  /** The request's place in its batch. */
  request: number
  id: string | null
  /** Where its row stands in the results. */
  start: number
  end: number
  /** Of an item that the snapshot does not know. */
  isUnknown: boolean
  change: LiveChange | null
  spending: Spending | null
}

/** What the HTTP thread, which owns all live state, has to do before it answers. */
export interface Effects {
  events: TakenEvent[]
  /** Faults of ours, for the log; the requests were answered 500. */
  failures: string[]
}

/** The HTTP thread's side; its bytes are there until the slab takes the next batch. */
export class ResultReader {
  readonly #bytes: Buffer
  readonly #words: Uint32Array

  constructor(memory: SharedArrayBuffer) {
    this.#bytes = Buffer.from(memory)
    this.#words = new Uint32Array(memory, 0, RESULT_HEADER_BYTES / 4)
  }

  status(i: number): number {
    return this.#words[RESULT_WORDS * i]
  }

  answer(i: number): Buffer {
    return this.#bytes.subarray(this.#words[RESULT_WORDS * i + 1], this.#words[RESULT_WORDS * i + 2])
  }

  /** What the log gets; empty where that is nothing. */
  rows(i: number): Buffer {
    return this.#bytes.subarray(this.#words[RESULT_WORDS * i + 3], this.#words[RESULT_WORDS * i + 4])
  }

  row({ start, end }: { start: number; end: number }): Buffer {
    return this.#bytes.subarray(start, end)
  }

  nRows(i: number): number {
    return this.#words[RESULT_WORDS * i + 5]
  }

  /**
   * Of each limit that an offer takes from, four: budget slot, amount, valid until, expected use. Where its campaign owes a return, four
   * more: slot of the return's account, expected cost, valid until, expected margin.
   */
  reserved(): Float64Array {
    const start = this.#words[RESERVED_WORD]
    return new Float64Array(this.#bytes.buffer, start, this.#words[RESERVED_WORD + 1])
  }
}
