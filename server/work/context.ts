/** What a worker keeps between batches: its view of the generation, of live state, and the compiled campaigns. */
import { threadId } from 'node:worker_threads'
import { emptyLiveShopper, type LiveShopperColumns } from '../../core/contract/live.ts'
import { type CompiledCampaigns, compileCampaigns, parseCampaignFile } from '../../core/scoring/campaigns.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import type { SnapshotImage } from '../../core/snapshot/open.ts'
import { BudgetView } from '../../core/store/budgets.ts'
import { ShopperReader } from '../../core/store/shoppers.ts'
import { type AskedBy, readLive } from '../live/read.ts'
import { BatchReader, type BatchTask, type PublishedCampaigns, type Slab } from './messages.ts'
import { Results } from './results.ts'

/** What the owner of the pool gives every worker. */
export interface WorkerSetup {
  image: SnapshotImage
  /** The thread that claimed each scratch arena; 0: free. */
  arenas: Int32Array
  /** One for each batch that may run at a time. */
  slabs: Slab[]
  shoppers: SharedArrayBuffer
  budgets: SharedArrayBuffer
}

export class WorkContext {
  readonly generation: Generation
  readonly budgets: BudgetView
  readonly results: Results
  /** The shopper of the request at hand. */
  readonly live = emptyLiveShopper()
  readonly #slabs: Slab[]
  readonly #readers: BatchReader[]
  readonly #shoppers: ShopperReader
  #revision = ''
  #campaigns!: CompiledCampaigns
  #slots: Int32Array = new Int32Array(0)
  #remaining = new Float64Array(0)
  #dualPrices = new Float64Array(0)

  constructor({ image, arenas, slabs, shoppers, budgets }: WorkerSetup) {
    this.generation = openGeneration(image, claimArena(arenas))
    this.results = new Results(this.generation)
    this.#slabs = slabs
    this.#readers = slabs.map(({ requests }) => new BatchReader(requests))
    this.#shoppers = new ShopperReader(shoppers)
    this.budgets = new BudgetView(budgets)
  }

  get campaigns(): CompiledCampaigns {
    return this.#campaigns
  }

  get dualPrices(): Float64Array {
    return this.#dualPrices
  }

  /** Budget slot of the campaign at a position of the file; -1 without a limit. */
  slot(position: number): number {
    return this.#slots[position]
  }

  /** Whether it can answer under the campaigns of a task, once it has taken them over. */
  hasCampaigns({ revision, campaigns }: BatchTask): boolean {
    if (revision !== this.#revision && campaigns !== null) this.#useCampaigns(campaigns)
    return revision === this.#revision
  }

  begin({ slab, largeRequests }: BatchTask): BatchReader {
    this.results.begin(this.#slabs[slab].results)
    return largeRequests === null ? this.#readers[slab] : new BatchReader(largeRequests)
  }

  /** The owner has checked the file. */
  #useCampaigns({ revision, text, slots }: PublishedCampaigns): void {
    const file = parseCampaignFile(Buffer.from(text).toString(), this.generation.image.manifest.currency)
    this.#campaigns = compileCampaigns(this.generation, file, revision)
    this.#slots = new Int32Array(slots)
    this.#remaining = new Float64Array(file.campaigns.length)
    this.#dualPrices = new Float64Array(file.campaigns.length)
    this.#revision = revision
  }

  /** What is left of every budget now; the array is used again. */
  remainingMinor(): Float64Array {
    for (let p = 0; p < this.#slots.length; p++)
      this.#remaining[p] = this.#slots[p] < 0 ? Number.POSITIVE_INFINITY : this.budgets.remaining(this.#slots[p])
    return this.#remaining
  }

  readLive(asked: AskedBy): LiveShopperColumns {
    return readLive(this.generation, this.#shoppers, asked, this.live)
  }
}

/** The first free arena. A thread that died keeps its own; the owner opens a fresh generation then. */
function claimArena(arenas: Int32Array): number {
  for (let arena = 0; arena < arenas.length; arena++)
    if (Atomics.compareExchange(arenas, arena, 0, threadId) === 0) return arena
  throw new Error(`no free arena of ${arenas.length}: workers died faster than the generation was replaced`)
}
