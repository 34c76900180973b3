/**
 * Requests to workers, by natural batching: while a worker is free what waits goes to it at once, up to a batch; while
 * none is, requests gather. A batch goes to one generation, so an answer never mixes two snapshots.
 */
import type { Logger } from 'pino'
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { ServingGeneration } from '../generations/generation.ts'
import type { Generations } from '../generations/generations.ts'
import { noAnswers } from '../generations/vitals.ts'
import type { Watch } from '../generations/watch.ts'
import type { LiveCampaigns } from '../live/campaigns.ts'
import type { EventIntake } from '../live/intake.ts'
import type { ShopLogs } from '../live/logs.ts'
import type { LiveState } from '../live/state.ts'
import type { ServerMetrics } from '../metrics.ts'
import { BatchWriter, type Effects, type ResultReader, WORK_ROUTES, type WorkRoute } from '../work/messages.ts'
import type { Exchange } from './exchange.ts'

const EVENTS = WORK_ROUTES.indexOf('events')
const DECIDING: ReadonlySet<WorkRoute> = new Set<WorkRoute>(['decide', 'decideBatch'])

export interface DispatchParts {
  generations: Generations
  campaigns: () => LiveCampaigns
  state: LiveState
  logs: ShopLogs
  intake: EventIntake
  metrics: ServerMetrics
  logger: Logger
  waitingRequests: number
  watch: Watch
}

/** An answer that waits for the log. */
interface Later {
  exchange: Exchange
  status: number
  answer: Buffer
}

interface Batch {
  writer: BatchWriter
  exchanges: Exchange[]
  routes: number[]
}

export class Dispatch {
  readonly #parts: DispatchParts
  /** The last one is still filled. */
  #batches: Batch[] = []
  /** Used again, so that no memory is made for a batch. */
  #spare: BatchWriter[] = []
  #waiting = 0
  #isScheduled = false

  constructor(parts: DispatchParts) {
    this.#parts = parts
    parts.metrics.waiting = () => this.#waiting
  }

  submit(exchange: Exchange, route: WorkRoute, trusted: boolean, body: Uint8Array): void {
    const refusal = this.#refusal(route)
    if (refusal !== null) exchange.refuse(refusal)
    else this.#enqueue(exchange, WORK_ROUTES.indexOf(route), trusted, body)
  }

  #refusal(route: WorkRoute): OfferwrightError | null {
    const { generations, logs, waitingRequests } = this.#parts
    if (generations.current === null) return notReady()
    if (this.#waiting >= waitingRequests) return overloaded(`${this.#waiting} requests wait already`)
    if (route === 'events') return logs.refusal('events')
    if (logs.needsDecisions && DECIDING.has(route)) return logs.refusal('decisions')
    return null
  }

  #enqueue(exchange: Exchange, route: number, trusted: boolean, body: Uint8Array): void {
    let batch = this.#batches.at(-1)
    if (batch === undefined || batch.writer.isFull) {
      batch = { writer: this.#spare.pop() ?? new BatchWriter(), exchanges: [], routes: [] }
      this.#batches.push(batch)
    }
    batch.writer.add(route, trusted, body)
    batch.exchanges.push(exchange)
    batch.routes.push(route)
    this.#waiting++
    this.#schedule()
  }

  /** After all sockets that are readable now: their requests go together. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.#send()
    })
  }

  #send(): void {
    const generation = this.#parts.generations.current
    if (generation === null) this.#refuseAll()
    while (generation?.isFree) {
      const batch = this.#batches.shift()
      if (batch === undefined) return
      this.#waiting -= batch.exchanges.length
      void this.#run(generation, batch).finally(() => this.#send())
    }
  }

  async #run(generation: ServingGeneration, batch: Batch): Promise<void> {
    const { metrics, generations, campaigns, watch } = this.#parts
    metrics.observeBatch(batch.exchanges.length)
    try {
      const { published } = campaigns()
      await generation.run(batch.writer, Date.now(), published, (results, effects, tally) => {
        const errors = batch.exchanges.map((_, i) => isError(results.status(i)))
        const latencyMs = batch.exchanges.map(({ ageMs }) => ageMs)
        watch.count(generation.id, { errors, latencyMs, tally }, published.revision, Date.now())
        this.#finish(batch, results, effects)
      })
      this.#recycle(batch)
    } catch (error) {
      // The worker died or the log closed: only these requests fail.
      this.#parts.logger.error({ reason: (error as Error).message, requests: batch.exchanges.length }, 'batch failed')
      for (const exchange of batch.exchanges)
        exchange.refuse(new OfferwrightError('internal', 'the request could not be answered; the server logged why'))
      const errors = batch.exchanges.map(() => true)
      const latencyMs = batch.exchanges.map(({ ageMs }) => ageMs)
      watch.count(generation.id, { errors, latencyMs, tally: noAnswers() }, campaigns().published.revision, Date.now())
      void generations.replace(generation, error as Error)
    }
  }

  #recycle(batch: Batch): void {
    batch.writer.clear()
    this.#spare.push(batch.writer)
  }

  /** An event is answered when it counts; a decision at once, or when its row is durable, by configuration and while the disk is slow. */
  #finish(batch: Batch, results: ResultReader, effects: Effects | null): void {
    const { state, logs, logger } = this.#parts
    state.noteReserved(results.reserved())
    for (const failure of effects?.failures ?? []) logger.error({ failure }, 'request failed')
    const waits = logs.waitsForDecisions
    const later: Later[] = []
    for (let i = 0; i < batch.exchanges.length; i++) {
      const exchange = batch.exchanges[i]
      if (batch.routes[i] === EVENTS && results.nRows(i) > 0) this.#takeEvents(exchange, i, results, effects)
      else {
        if (results.nRows(i) > 0) logs.logDecisions(results.rows(i), results.nRows(i))
        if (results.nRows(i) === 0 || !waits) exchange.answer(results.status(i), results.answer(i))
        else later.push({ exchange, status: results.status(i), answer: Buffer.from(results.answer(i)) })
      }
    }
    if (later.length > 0) void this.#answerLogged(later)
  }

  #takeEvents(exchange: Exchange, request: number, results: ResultReader, effects: Effects | null): void {
    const events = (effects?.events ?? []).filter((event) => event.request === request)
    void this.#parts.intake
      .take(events, (event) => results.row(event))
      .then(
        (answer) => exchange.answer(200, JSON.stringify(answer)),
        (error) => exchange.refuse(error instanceof OfferwrightError ? error : this.#hidden(error)),
      )
  }

  #hidden(error: Error): OfferwrightError {
    this.#parts.logger.error({ failure: error.stack }, 'request failed')
    return new OfferwrightError('internal', 'the request could not be answered; the server logged why')
  }

  async #answerLogged(later: Later[]): Promise<void> {
    const { logs } = this.#parts
    try {
      await logs.logs.decisions.flush()
    } catch (refusal) {
      if (logs.needsDecisions) {
        for (const { exchange } of later) exchange.refuse(refusal as OfferwrightError)
        return
      }
    }
    for (const { exchange, status, answer } of later) exchange.answer(status, answer)
  }

  #refuseAll(): void {
    for (const { exchanges } of this.#batches) for (const exchange of exchanges) exchange.refuse(notReady())
    this.#batches = []
    this.#waiting = 0
  }
}

/** What a caller cannot help. An item that is not known any more may be the snapshot's doing. */
function isError(status: number): boolean {
  return status >= 500 || status === 404
}

export function notReady(): OfferwrightError {
  return new OfferwrightError('not_ready', 'no snapshot serves yet')
}

function overloaded(reason: string): OfferwrightError {
  return new OfferwrightError('overloaded', `overloaded: ${reason}; come again later`)
}
