/**
 * Where requests wait for a worker: three lanes, each emptied before the next one. In a lane they lie in batches, first come, first
 * served; each lane has a limit of its own, because what waits behind others must be told from what is slow itself.
 */
import type { Exchange } from '../http/exchange.ts'
import { BATCH_REQUESTS, BatchWriter, WORK_ROUTES, type WorkRoute } from '../work/messages.ts'
import { GradientLimit } from './limit.ts'

/** What a shopper at the till waits for, what a page waits for, what nobody looks at. */
export const LANES = ['checkout', 'page', 'bulk'] as const
export type LaneName = (typeof LANES)[number]

export const LANE_OF: Record<WorkRoute, LaneName> = {
  quote: 'checkout',
  events: 'checkout',
  decide: 'page',
  recommend: 'page',
  similar: 'page',
  decideBatch: 'bulk',
  recommendBatch: 'bulk',
  campaignCheck: 'bulk',
}

/** Limits without pressure, for each worker: bursts up to these are always taken. */
const REST: Record<LaneName, number> = { checkout: 256, page: 128, bulk: 16 }
/** Limits under the worst pressure, for each worker: one request at work and one behind it. */
const LEAST = 2

/** Most requests of a batch where there are several workers: what comes in a burst is shared, and fewer wait for a whole batch. */
const SHARED_BATCH = 16

/** Weight of the newest run in `runMs`. */
const NEWEST = 0.1

export interface Batch {
  lane: Lane
  writer: BatchWriter
  exchanges: Exchange[]
  routes: number[]
  bytes: number
  /** When its first request came and when a worker took it, by `performance.now`. */
  since: number
  startedAt: number
}

export interface LaneSettings {
  /** Latency that is aimed at: half of it may be spent waiting. */
  objectiveMs: number
  workers: number
  /** Most requests of a lane, whatever its limit says. */
  waitingRequests: number
}

export class Lane {
  readonly name: LaneName
  readonly limit: GradientLimit
  /** Requests waiting or at work. */
  held = 0
  /** Smoothed time from a worker's start to its answers. */
  runMs = 0
  /** Last one: still filled. */
  readonly batches: Batch[] = []

  constructor(name: LaneName, { objectiveMs, workers, waitingRequests }: LaneSettings) {
    this.name = name
    const [least, rest] = [LEAST * workers, REST[name] * workers].map((each) => Math.min(each, waitingRequests))
    this.limit = new GradientLimit({ targetMs: objectiveMs / 2, workers, least, rest, most: waitingRequests })
  }

  get isFull(): boolean {
    return this.held >= this.limit.limit
  }

  /** What comes now will wait about as long as is aimed at, or longer. */
  get isPressed(): boolean {
    return 2 * this.held >= this.limit.limit
  }
}

export class Lanes {
  /** Requests that wait, in all lanes. */
  waiting = 0
  /** Of all bodies that wait or are at work. */
  bytes = 0
  readonly #lanes: Record<LaneName, Lane>
  /** By number of the route. */
  readonly #byRoute: Lane[]
  /** Used again, so that no memory is made for a batch. */
  #spare: BatchWriter[] = []
  readonly #mostInBatch: number

  constructor(settings: LaneSettings) {
    this.#mostInBatch = settings.workers > 1 ? SHARED_BATCH : BATCH_REQUESTS
    this.#lanes = {
      checkout: new Lane('checkout', settings),
      page: new Lane('page', settings),
      bulk: new Lane('bulk', settings),
    }
    this.#byRoute = WORK_ROUTES.map((route) => this.#lanes[LANE_OF[route]])
  }

  ofRoute(route: number): Lane {
    return this.#byRoute[route]
  }

  of(name: LaneName): Lane {
    return this.#lanes[name]
  }

  add(exchange: Exchange, route: number, trusted: boolean, body: Uint8Array, degraded: boolean): void {
    const lane = this.#byRoute[route]
    const batch = this.#openBatch(lane)
    if (batch.exchanges.length === 0) batch.since = exchange.startedAt
    batch.writer.add(route, trusted, body, degraded)
    batch.bytes += body.length
    this.bytes += body.length
    batch.exchanges.push(exchange)
    batch.routes.push(route)
    lane.held++
    this.waiting++
  }

  /** The next batch that a worker should take; undefined: nothing waits. */
  next(): Batch | undefined {
    const { checkout, page, bulk } = this.#lanes
    const batch = checkout.batches.shift() ?? page.batches.shift() ?? bulk.batches.shift()
    if (batch !== undefined) this.waiting -= batch.exchanges.length
    return batch
  }

  /** A worker takes a batch. */
  started({ lane, since }: Batch, now: number): void {
    lane.limit.noteWait(now - since, lane.held, now)
  }

  /** Its requests are answered. Its memory takes another batch where `isWhole`: nothing reads it any more. */
  ended({ lane, writer, exchanges, bytes }: Batch, isWhole: boolean): void {
    lane.held -= exchanges.length
    this.bytes -= bytes
    if (!isWhole) return
    writer.clear()
    this.#spare.push(writer)
  }

  /** A worker has answered a batch. */
  ran({ lane, exchanges, startedAt }: Batch, now: number): void {
    const ms = now - startedAt
    lane.limit.noteRun(exchanges.length, ms)
    lane.runMs += NEWEST * (ms - lane.runMs)
  }

  /** A request that asks much travels alone, so that nobody waits for it within a batch. */
  #openBatch(lane: Lane): Batch {
    const last = lane.batches.at(-1)
    if (last !== undefined && lane.name !== 'bulk' && this.#hasRoom(last)) return last
    const writer = this.#spare.pop() ?? new BatchWriter()
    const batch: Batch = { lane, writer, exchanges: [], routes: [], bytes: 0, since: 0, startedAt: 0 }
    lane.batches.push(batch)
    return batch
  }

  #hasRoom({ exchanges, writer }: Batch): boolean {
    return exchanges.length < this.#mostInBatch && !writer.isFull
  }
}
