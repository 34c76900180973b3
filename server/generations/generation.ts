/** One snapshot at work: its memory, its live catalogue and the workers that decide on it, opened and retired as one. */

import { setTimeout } from 'node:timers/promises'
import type { SnapshotId } from '../../core/contract/ids.ts'
import { instantiateKernel } from '../../core/native/kernel.ts'
import { PATIENCE_MS } from '../../core/native/threads.ts'
import type { LiveCatalogue } from '../../core/scoring/catalogue.ts'
import { arenaOf, liveCatalogueOf } from '../../core/scoring/generation.ts'
import type { KeyRoom } from '../../core/scoring/keys.ts'
import type { SnapshotImage } from '../../core/snapshot/open.ts'
import type { SignaturePolicy } from '../../core/snapshot/signature.ts'
import { snapshotFolder } from '../../core/snapshot/store.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import type { WorkerSetup } from '../work/context.ts'
import { ListenerThread } from '../work/listener-thread.ts'
import {
  type BatchAnswer,
  type BatchResult,
  type BatchTask,
  type BatchWriter,
  type Effects,
  LACKS_CAMPAIGNS,
  newSlab,
  type PublishedCampaigns,
  ResultReader,
  type Slab,
} from '../work/messages.ts'
import type { BatchLoops } from './batch-loops.ts'
import { GenerationWorkers } from './generation-workers.ts'
import { type OpeningThread, openImage } from './opening.ts'
import type { AnswerTally } from './vitals.ts'
import type { Warming } from './warming.ts'
import { Watchdog } from './watchdog.ts'

export interface GenerationOptions extends SignaturePolicy {
  store: string
  /** 0: the thread that listens decides. */
  workers: number
  shoppers: SharedArrayBuffer
  budgets: SharedArrayBuffer
  keptOffers: SharedArrayBuffer
  dualPrices: Float64Array
  ledger: string
  /** A batch that takes longer never comes. */
  hangMs: number
  /** The server's workers; null: there are none. */
  loops: BatchLoops | null
}

/** The thread that takes a dead one's place may begin before the dead one's arena is given back. */
const SPARE_ARENAS = 1
const TRIES = 3

export class ServingGeneration {
  readonly image: SnapshotImage
  readonly live: LiveCatalogue
  /** For looking up keys in the HTTP thread. */
  readonly room: KeyRoom
  readonly #slabs: Slab[]
  readonly #readers: ResultReader[]
  /** Slabs that no batch is in: as many as workers without one. */
  readonly #free: number[]
  readonly #watchdog: Watchdog
  readonly #workers: GenerationWorkers | ListenerThread
  #drained: () => void = () => undefined

  private constructor(image: SnapshotImage, options: GenerationOptions) {
    const arenas = arenasOf(options)
    this.image = image
    this.live = liveCatalogueOf(image)
    this.room = { tables: tablesOf(image), kernel: instantiateKernel(image.memory), arena: arenaOf(image, arenas) }
    this.#slabs = Array.from({ length: Math.max(1, options.workers) }, newSlab)
    this.#readers = this.#slabs.map(({ results }) => new ResultReader(results))
    this.#free = [...this.#slabs.keys()]
    const setup: WorkerSetup = {
      image,
      arenas: new Int32Array(new SharedArrayBuffer(4 * arenas)),
      slabs: this.#slabs,
      shoppers: options.shoppers,
      budgets: options.budgets,
      keptOffers: options.keptOffers,
      dualPrices: options.dualPrices,
      ledger: options.ledger,
    }
    this.#workers = options.loops === null ? new ListenerThread(setup) : new GenerationWorkers(options.loops, setup)
    this.#watchdog = new Watchdog(this.#slabs, this.#workers, options.hangMs)
  }

  /** Verifies and loads a snapshot, in a thread `beside` while another one serves, and starts its workers. Throws what `openSnapshot` throws. */
  static async open(
    id: SnapshotId,
    options: GenerationOptions,
    beside: OpeningThread | null,
  ): Promise<ServingGeneration> {
    const { store, publicKeys, requireSignature } = options
    const task = { folder: snapshotFolder(store, id), id, arenas: arenasOf(options) + 1, publicKeys, requireSignature }
    const generation = new ServingGeneration(await (beside?.open(task) ?? openImage(task)), options)
    await generation.#workers.isOpen
    return generation
  }

  get id(): SnapshotId {
    return this.image.id
  }

  get isFree(): boolean {
    return this.#free.length > 0 && this.#workers.threads > 0
  }

  /** Ends workers that hang; the answer is why the generation cannot go on, null where it can. `now`: by `performance.now`. */
  look(now: number): string | null {
    return this.#watchdog.look(now)
  }

  /** Has a free worker answer a batch. `take` gets the results, whose bytes are there during the call alone. */
  async run(
    batch: BatchWriter,
    time: number,
    campaigns: PublishedCampaigns,
    take: (results: ResultReader, effects: Effects | null, tally: AnswerTally) => void,
  ): Promise<void> {
    const slab = this.#free.pop()
    if (slab === undefined) throw new Error('a batch was sent while no worker was free')
    try {
      const largeRequests = batch.copyTo(this.#slabs[slab].requests)
      this.#watchdog.began(slab, performance.now())
      const { largeResults, effects, tally } = await this.#answer({ slab, largeRequests, time, campaigns })
      take(largeResults === null ? this.#readers[slab] : new ResultReader(largeResults), effects, tally)
    } finally {
      this.#watchdog.ended(slab)
      this.#free.push(slab)
      if (this.#free.length === this.#slabs.length) this.#drained()
    }
  }

  /** Campaigns travel to a worker only when it lacks them: once after each change. */
  async #answer(task: Omit<BatchTask, 'revision'> & { campaigns: PublishedCampaigns }): Promise<BatchResult> {
    const { revision } = task.campaigns
    const result = await this.#ask({ ...task, revision, campaigns: null })
    if (result !== LACKS_CAMPAIGNS) return result
    const answered = await this.#ask({ ...task, revision })
    if (answered === LACKS_CAMPAIGNS) throw new Error(`a worker did not take over campaigns ${revision}`)
    return answered
  }

  /** A batch that a worker died of fails; one that came to a worker that was dead already is another's. */
  async #ask(task: BatchTask): Promise<BatchAnswer> {
    for (let left = TRIES - 1; ; left--) {
      try {
        return await this.#workers.run(task)
      } catch (reason) {
        if (left === 0 || this.#watchdog.hasBegun(task.slab)) throw reason
      }
    }
  }

  /** A few decisions in every worker, so that the first real one finds code compiled and tables in memory. */
  async warm(warming: Warming, campaigns: PublishedCampaigns, now: number): Promise<void> {
    for (const batch of warming.batches())
      await Promise.all(this.#slabs.map(() => this.run(batch, now, campaigns, () => undefined)))
  }

  /** Batches under way are finished first, those too that are asked a second time; but for what hangs. */
  async close(): Promise<void> {
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve
      if (this.#free.length === this.#slabs.length) resolve()
    })
    await Promise.race([drained, setTimeout(PATIENCE_MS, undefined, { ref: false })])
    await this.#workers.close()
  }

  /** Batches under way reject. */
  abandon(): Promise<void> {
    return this.#workers.destroy()
  }
}

/** Of threads that decide; one more is the listening thread's own. */
function arenasOf({ workers }: Pick<GenerationOptions, 'workers'>): number {
  return Math.max(1, workers) + SPARE_ARENAS
}
