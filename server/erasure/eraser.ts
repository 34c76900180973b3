/**
 * DELETE /v1/shoppers/{key}. When it is answered the erasure is on the disk and nothing live tells of the shopper; the rows leave
 * logs and ledger in the background, on a thread of their own, and an erasure that a stop cut short is taken up at the next start.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { hashOf, subjectOf } from '../../core/scoring/keys.ts'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import type { Rewritten } from '../../core/store/erasure/rewrite.ts'
import type { ServingGeneration } from '../generations/generation.ts'
import type { Warming } from '../generations/warming.ts'
import { LOGS, type ShopLogs } from '../live/logs.ts'
import type { LiveState } from '../live/state.ts'
import { maskAllErased, maskShopper } from './mask.ts'
import type { RewriteTask } from './rewrite-worker.ts'

const WORKER = new URL('./rewrite-worker.js', import.meta.url)

type Served = Pick<ServingGeneration, 'image' | 'room'>

export class Eraser {
  erasures = 0
  /** Rows taken out of logs. */
  rows = 0
  /** Erasures whose rows are not all out of the logs. */
  pending = 0
  readonly #folder: string
  readonly #ledger: string
  readonly #state: LiveState
  readonly #logs: ShopLogs
  readonly #warming: Warming
  readonly #logger: Logger
  readonly #list: Erasures
  #rewriting: Promise<void> = Promise.resolve()

  /** `log`: folder of the logs. Throws `invalid_data` for a list of erasures that is damaged. */
  constructor(
    { log, ledger }: { log: string; ledger: string },
    state: LiveState,
    logs: ShopLogs,
    warming: Warming,
    logger: Logger,
  ) {
    this.#folder = log
    this.#ledger = ledger
    this.#state = state
    this.#logs = logs
    this.#warming = warming
    this.#logger = logger
    this.#list = Erasures.read(log)
  }

  /** `now`: milliseconds since 1970. What the shopper does later is a new beginning. */
  erase(key: string, generation: Served, now: number): { erasedAt: number; logs: 'being rewritten' } {
    this.#list.add(key, now)
    this.erasures++
    maskShopper(generation, key)
    this.#forget(key, generation)
    this.#rewrite(() => this.#forget(key, generation))
    return { erasedAt: now, logs: 'being rewritten' }
  }

  /** Takes up what a stop of the server cut short. */
  resume(): void {
    if (!this.#list.isEmpty) this.#rewrite(() => undefined)
  }

  /** Hides those whom a snapshot learned of before they were erased. */
  maskErased(generation: Served): void {
    maskAllErased(generation, this.#list)
  }

  async close(): Promise<void> {
    await this.#rewriting
  }

  #forget(key: string, { room }: Served): void {
    const named = subjectOf({ shopper: key })
    if (named === null) return
    const subject = hashOf(room, named)
    this.#warming.forget()
    const { shoppers, keptOffers } = this.#state
    shoppers.forget(subject)
    keptOffers.lock(subject)
    keptOffers.forget(subject)
    keptOffers.unlock(subject)
  }

  /** One at a time. `first`: for what was still on its way through a worker when the shopper was erased. */
  #rewrite(first: () => void): void {
    this.pending++
    this.#rewriting = this.#rewriting
      .then(async () => {
        const files = (await Promise.all(LOGS.map((name) => this.#logs.logs[name].seal()))).flat()
        first()
        const { segments, erased } = await this.#inWorker({ folder: this.#folder, files, ledger: this.#ledger })
        this.rows += erased
        if (erased > 0) this.#logger.info({ segments, rows: erased }, 'erased shoppers taken out of logs and ledger')
        this.pending--
      })
      .catch((error) => this.#logger.error({ reason: String(error) }, 'erased shoppers are still in the logs'))
  }

  async #inWorker(task: RewriteTask): Promise<Rewritten> {
    const [done] = await once(new Worker(WORKER, { workerData: task }), 'message')
    return done as Rewritten
  }
}
