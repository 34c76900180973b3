/**
 * Requests to workers, by natural batching: while a worker is free what waits goes to it at once, up to a batch; while
 * none is, requests gather in lanes, as many as a lane's limit lets in. A batch goes to one generation, so an answer never
 * mixes two snapshots.
 */
import type { Logger } from 'pino'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type Batch, type LaneSettings, Lanes } from '../admission/lanes.ts'
import type { ServingGeneration } from '../generations/generation.ts'
import type { Generations } from '../generations/generations.ts'
import { noAnswers } from '../generations/vitals.ts'
import type { Warming } from '../generations/warming.ts'
import type { Watch } from '../generations/watch.ts'
import type { LiveCampaigns } from '../live/campaigns.ts'
import type { EventIntake } from '../live/intake.ts'
import type { ShopLogs } from '../live/logs.ts'
import type { LiveState } from '../live/state.ts'
import type { ServerMetrics } from '../metrics.ts'
import { type Effects, type ResultReader, WORK_ROUTES, type WorkRoute } from '../work/messages.ts'
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
  watch: Watch
  warming: Warming
  lanes: LaneSettings
  /** Whether pages get popular items rather than wait long. */
  degrade: boolean
  /** Bytes of requests that wait or are at work. */
  waitingBytes: number
}

/** Of so many batches one request is kept to warm the next snapshot with. */
const BATCHES_A_SAMPLE = 8

/** An answer that waits for the log. */
interface Later {
  exchange: Exchange
  status: number
  answer: Buffer
}

export class Dispatch {
  readonly #parts: DispatchParts
  readonly #lanes: Lanes
  #isScheduled = false
  #batches = 0
  /** Refused because a lane was full, not started because nobody waited any more, and answered the cheap way. */
  refused = 0
  expired = 0
  degraded = 0

  constructor(parts: DispatchParts) {
    this.#parts = parts
    this.#lanes = new Lanes(parts.lanes)
    parts.metrics.watchAdmission(this, this.#lanes)
  }

  /** False: the request is refused. Asked before its body is read, which costs more than the refusal. */
  admits(exchange: Exchange, name: WorkRoute): boolean {
    const refusal = this.#refusal(name, WORK_ROUTES.indexOf(name))
    if (refusal === LANE_FULL) exchange.answer(LANE_FULL.status, LANE_FULL_TEXT)
    else if (refusal !== null) exchange.refuse(refusal)
    return refusal === null
  }

  submit(exchange: Exchange, name: WorkRoute, trusted: boolean, body: Uint8Array): void {
    // The lane may have become full while the body came.
    if (this.admits(exchange, name)) this.#enqueue(exchange, WORK_ROUTES.indexOf(name), trusted, body)
  }

  /** There are workers again. */
  resume(): void {
    this.#schedule()
  }

  #refusal(name: WorkRoute, route: number): OfferwrightError | null {
    const { generations, logs, waitingBytes } = this.#parts
    if (generations.current === null) return notReady()
    const lane = this.#lanes.ofRoute(route)
    if (lane.isFull || this.#lanes.bytes >= waitingBytes) {
      this.refused++
      lane.limit.noteRefusal()
      return LANE_FULL
    }
    if (name === 'events') return logs.refusal('events')
    if (logs.needsDecisions && DECIDING.has(name)) return logs.refusal('decisions')
    return null
  }

  #enqueue(exchange: Exchange, route: number, trusted: boolean, body: Uint8Array): void {
    const lane = this.#lanes.ofRoute(route)
    const isDegraded = this.#parts.degrade && lane.name === 'page' && lane.isPressed
    if (isDegraded) this.degraded++
    this.#lanes.add(exchange, route, trusted, body, isDegraded)
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
      const batch = this.#lanes.next()
      if (batch === undefined) return
      if (this.#start(batch)) void this.#run(generation, batch).finally(() => this.#send())
    }
  }

  /** What nobody waits for, or what would come too late, is not begun; false: that is the whole batch. */
  #start(batch: Batch): boolean {
    const now = performance.now()
    const { lane, exchanges, writer } = batch
    batch.startedAt = now
    this.#lanes.started(batch, now)
    let left = exchanges.length
    for (let i = 0; i < exchanges.length; i++) {
      const exchange = exchanges[i]
      const isLate = now + lane.runMs > exchange.startedAt + exchange.deadlineMs
      if (!isLate && !exchange.isOver) continue
      writer.skip(i)
      left--
      this.expired++
      exchange.refuse(deadlineExceeded(exchange.deadlineMs))
    }
    if (left === 0) this.#lanes.ended(batch, true)
    return left > 0
  }

  async #run(generation: ServingGeneration, batch: Batch): Promise<void> {
    const { metrics, campaigns, watch } = this.#parts
    metrics.observeBatch(batch.exchanges.length)
    try {
      const { published } = campaigns()
      await generation.run(batch.writer, Date.now(), published, (results, effects, tally) => {
        const errors = batch.exchanges.map((_, i) => isError(results.status(i)))
        this.#lanes.ran(batch, performance.now())
        const latencyMs = batch.exchanges.map(({ ageMs }) => ageMs)
        watch.count(generation.id, { errors, latencyMs, tally }, published.revision, Date.now())
        this.#finish(batch, results, effects)
      })
      this.#lanes.ended(batch, true)
    } catch (error) {
      // The worker died or the log closed: only these requests fail. What the worker reads may still be read.
      this.#lanes.ended(batch, false)
      this.#parts.logger.error({ reason: (error as Error).message, requests: batch.exchanges.length }, 'batch failed')
      for (const exchange of batch.exchanges)
        exchange.refuse(new OfferwrightError('internal', 'the request could not be answered; the server logged why'))
      const errors = batch.exchanges.map(() => true)
      const latencyMs = batch.exchanges.map(({ ageMs }) => ageMs)
      watch.count(generation.id, { errors, latencyMs, tally: noAnswers() }, campaigns().published.revision, Date.now())
    }
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
    this.#sample(batch, results)
  }

  #sample({ lane, writer }: Batch, results: ResultReader): void {
    if (lane.name === 'page' && this.#batches++ % BATCHES_A_SAMPLE === 0 && results.status(0) === 200)
      this.#parts.warming.note(writer.sent(0))
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
    for (let batch = this.#lanes.next(); batch !== undefined; batch = this.#lanes.next()) {
      for (const exchange of batch.exchanges) exchange.refuse(notReady())
      this.#lanes.ended(batch, true)
    }
  }
}

/** What a caller cannot help. An item that is not known any more may be the snapshot's doing. */
function isError(status: number): boolean {
  return status >= 500 || status === 404
}

export function notReady(): OfferwrightError {
  return new OfferwrightError('not_ready', 'no snapshot serves yet')
}

/** Made once: an error takes longer to make than the refusal that it is. */
const LANE_FULL = new OfferwrightError(
  'overloaded',
  'overloaded: as many requests wait as can be answered in time; come again later',
)
const LANE_FULL_TEXT = JSON.stringify(LANE_FULL)

function deadlineExceeded(deadlineMs: number): OfferwrightError {
  return new OfferwrightError('deadline_exceeded', `no answer could come within ${deadlineMs} ms; not begun`, {
    field: 'x-deadline-ms',
    value: deadlineMs,
  })
}
