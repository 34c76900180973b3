/**
 * Requests to workers, by natural batching: while a worker is free what waits goes to it at once, up to a batch; while
 * none is, requests gather. A batch goes to one generation, so an answer never mixes two snapshots.
 */
import type { Logger } from 'pino'
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { ServingGeneration } from '../generations/generation.ts'
import type { Generations } from '../generations/generations.ts'
import type { LiveCampaigns } from '../live/campaigns.ts'
import type { LiveState } from '../live/state.ts'
import type { ServerMetrics } from '../metrics.ts'
import { BatchWriter, ResultReader, WORK_ROUTES, type WorkRoute } from '../work/messages.ts'
import type { Exchange } from './exchange.ts'

const EVENTS = WORK_ROUTES.indexOf('events')

export interface DispatchParts {
  generations: Generations
  campaigns: () => LiveCampaigns
  state: LiveState
  metrics: ServerMetrics
  logger: Logger
  waitingRequests: number
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
    const { generations, state, waitingRequests } = this.#parts
    if (generations.current === null) return notReady()
    if (this.#waiting >= waitingRequests) return overloaded(`${this.#waiting} requests wait already`)
    if (route === 'events' && state.logs.events.isFull) return overloaded('the disk does not take the event log')
    return null
  }

  #enqueue(exchange: Exchange, route: number, trusted: boolean, body: Uint8Array): void {
    let batch = this.#batches.at(-1)
    if (batch === undefined || batch.writer.isFull) {
      batch = { writer: new BatchWriter(), exchanges: [], routes: [] }
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
    const { metrics, generations } = this.#parts
    metrics.observeBatch(batch.exchanges.length)
    try {
      const task = { requests: batch.writer.finish(), time: Date.now(), campaigns: this.#parts.campaigns().published }
      const result = await generation.run(task)
      await this.#finish(batch, result)
    } catch (error) {
      // The worker died or the log closed: only these requests fail.
      this.#parts.logger.error({ reason: (error as Error).message, requests: batch.exchanges.length }, 'batch failed')
      for (const exchange of batch.exchanges)
        exchange.refuse(new OfferwrightError('internal', 'the request could not be answered; the server logged why'))
      void generations.replace(generation, error as Error)
    }
  }

  /** Live state first, then answers: a shopper's next request meets what this one changed. */
  async #finish(batch: Batch, result: Awaited<ReturnType<ServingGeneration['run']>>): Promise<void> {
    const { state, logger } = this.#parts
    const reader = new ResultReader(result)
    if (result.effects !== null) {
      state.applyEffects(result.effects, this.#parts.campaigns())
      for (const failure of result.effects.failures) logger.error({ failure }, 'request failed')
    }
    if (result.nDecisions > 0) state.logDecisions(reader.decisionRows, result.nDecisions)
    const logged = result.nEvents > 0 ? state.logEvents(reader.eventRows, result.nEvents) : null
    answerEach(batch, reader, (route) => route !== EVENTS)
    if (logged === null) answerEach(batch, reader, (route) => route === EVENTS)
    else void this.#answerLogged(batch, reader, logged)
  }

  async #answerLogged(batch: Batch, reader: ResultReader, logged: Promise<void>): Promise<void> {
    try {
      await logged
      answerEach(batch, reader, (route) => route === EVENTS)
    } catch (error) {
      this.#parts.logger.error({ reason: (error as Error).message }, 'events not logged')
      for (const exchange of batch.exchanges) exchange.refuse(overloaded('the disk does not take the event log'))
    }
  }

  #refuseAll(): void {
    for (const { exchanges } of this.#batches) for (const exchange of exchanges) exchange.refuse(notReady())
    this.#batches = []
    this.#waiting = 0
  }
}

function answerEach(batch: Batch, reader: ResultReader, isMeant: (route: number) => boolean): void {
  for (let i = 0; i < batch.exchanges.length; i++)
    if (isMeant(batch.routes[i])) batch.exchanges[i].answer(reader.status(i), reader.answer(i))
}

export function notReady(): OfferwrightError {
  return new OfferwrightError('not_ready', 'no snapshot serves yet')
}

function overloaded(reason: string): OfferwrightError {
  return new OfferwrightError('overloaded', `overloaded: ${reason}; come again later`)
}
