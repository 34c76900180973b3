/**
 * One of several threads that listen: what its sockets hold in one turn of its loop is a batch, which it decides, logs and answers
 * itself. It has a decision log of its own, as durable as the server's is unless told, so that nobody is waited for.
 */
import { mkdir } from 'node:fs/promises'
import { type MessagePort, parentPort, threadId, workerData } from 'node:worker_threads'
import { pino } from 'pino'
import { type HttpResponse, loadUws } from '../../core/native/uws.ts'
import { type Batch, Lanes } from '../../server/admission/lanes.ts'
import { logSettings, serverConfig } from '../../server/config.ts'
import { Callers } from '../../server/http/callers.ts'
import { Exchange } from '../../server/http/exchange.ts'
import { ShopLogs } from '../../server/live/logs.ts'
import { ServerMetrics } from '../../server/metrics.ts'
import { answerBatch } from '../../server/work/answering.ts'
import { WorkContext } from '../../server/work/context.ts'
import { LACKS_CAMPAIGNS, newSlab, ResultReader, WORK_ROUTES, type WorkRoute } from '../../server/work/messages.ts'
import type { ListenerSetup } from './listeners.ts'

const PATHS: [path: string, route: WorkRoute][] = [
  ['/v1/decide', 'decide'],
  ['/v1/decide/batch', 'decideBatch'],
]
/** What was reserved is told at most this often. */
const TELL_MS = 5

class ListeningThread {
  readonly #setup: ListenerSetup
  readonly #parent: MessagePort
  readonly #logs: ShopLogs
  readonly #metrics: ServerMetrics
  readonly #lanes: Lanes
  readonly #slab = newSlab()
  readonly #reader = new ResultReader(this.#slab.results)
  readonly #context: WorkContext
  #isScheduled = false
  #reserved: number[] = []

  constructor(setup: ListenerSetup, parent: MessagePort, logs: ShopLogs, metrics: ServerMetrics, lanes: Lanes) {
    this.#setup = setup
    this.#parent = parent
    this.#logs = logs
    this.#metrics = metrics
    this.#lanes = lanes
    this.#context = new WorkContext({ ...setup.work, slabs: [this.#slab] }, threadId)
  }

  take(exchange: Exchange, route: number, body: Uint8Array): void {
    this.#lanes.add(exchange, route, true, body, false)
    this.#schedule()
  }

  /** After all sockets that are readable now, and between two batches. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      const batch = this.#lanes.next()
      if (batch === undefined) return
      this.#answer(batch)
      if (this.#lanes.waiting > 0) this.#schedule()
    })
  }

  #answer(batch: Batch): void {
    const { campaigns, answered, place } = this.#setup
    const { exchanges, writer } = batch
    batch.startedAt = performance.now()
    this.#lanes.started(batch, batch.startedAt)
    this.#metrics.observeBatch(exchanges.length)
    const largeRequests = writer.copyTo(this.#slab.requests)
    const { revision } = campaigns
    const result = answerBatch(this.#context, { slab: 0, largeRequests, time: Date.now(), revision, campaigns })
    if (result === LACKS_CAMPAIGNS) throw new Error(`campaigns ${revision} were not taken over`)
    // Before anybody has an answer, who might ask.
    answered[place] += exchanges.length
    this.#finish(batch, result.largeResults === null ? this.#reader : new ResultReader(result.largeResults))
    this.#lanes.ran(batch, performance.now())
    this.#lanes.ended(batch, true)
  }

  /** As the server's: while the disk is slow a decision is answered when its row is durable. A disk that fails ends the measurement. */
  #finish({ exchanges }: Batch, results: ResultReader): void {
    this.#noteReserved(results.reserved())
    const { waitsForDecisions, logs } = this.#logs
    for (const [i, exchange] of exchanges.entries()) {
      const status = results.status(i)
      if (results.nRows(i) > 0) this.#logs.logDecisions(results.rows(i), results.nRows(i))
      if (!waitsForDecisions) exchange.answer(status, results.answer(i))
      else {
        const answer = Buffer.from(results.answer(i))
        void logs.decisions.flush().then(() => exchange.answer(status, answer))
      }
    }
  }

  /** The words in shared memory are taken from already; the owner of budgets learns when that comes free. */
  #noteReserved(reserved: Float64Array): void {
    if (reserved.length === 0) return
    if (this.#reserved.length === 0)
      setTimeout(() => {
        this.#parent.postMessage(Float64Array.from(this.#reserved))
        this.#reserved = []
      }, TELL_MS)
    for (const word of reserved) this.#reserved.push(word)
  }

  async close(): Promise<void> {
    this.#context.codes.close()
    await this.#logs.close()
  }
}

async function listen(setup: ListenerSetup, parent: MessagePort): Promise<void> {
  const config = serverConfig({ home: setup.home })
  await mkdir(setup.log, { recursive: true })
  const logger = pino({ level: 'warn' }, pino.destination(2))
  const logs = await ShopLogs.open(setup.log, logSettings(config), logger)
  const metrics = new ServerMetrics(config.shop)
  const callers = new Callers(config)
  const thread = new ListeningThread(setup, parent, logs, metrics, new Lanes({ ...config, workers: 1 }))
  const { App } = await loadUws()
  const app = App()
  for (const [path, route] of PATHS) {
    const number = WORK_ROUTES.indexOf(route)
    app.post(path, (res: HttpResponse, req) => {
      const exchange = new Exchange(res, path, metrics, callers)
      exchange.readBody(req, config.bodyBytes, (body) => thread.take(exchange, number, body))
    })
  }
  parent.once('message', async () => {
    app.close()
    await thread.close()
    parent.close()
  })
  parent.postMessage(app.getDescriptor())
}

await listen(workerData as ListenerSetup, parentPort as MessagePort)
