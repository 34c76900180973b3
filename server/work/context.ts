/** What a worker keeps between batches: its view of the generation, of live state, and the compiled campaigns. */
import { isSingleUse } from '../../core/contract/campaigns.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../../core/contract/live.ts'
import { AnnIndex } from '../../core/native/ann.ts'
import type { KernelExports } from '../../core/native/kernel.ts'
import { type CompiledCampaigns, compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { type DualPrices, noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration, openIndex } from '../../core/scoring/generation.ts'
import type { SnapshotImage } from '../../core/snapshot/open.ts'
import { BudgetView, CAMPAIGN_SLOTS } from '../../core/store/budget-words.ts'
import { KeptOffers } from '../../core/store/kept-offers.ts'
import { CodeReader } from '../../core/store/ledger/codes.ts'
import { PersonalCodes } from '../../core/store/ledger/personal.ts'
import { ShopperReader } from '../../core/store/shoppers.ts'
import { type AskedBy, readLive } from '../live/read.ts'
import { BatchReader, type BatchTask, type PublishedCampaigns, type Slab, THREAD_WORD } from './messages.ts'
import { Results } from './results.ts'

const [MINOR, USES, STOCK] = (['minor', 'uses', 'stock'] as const).map((slot) => CAMPAIGN_SLOTS.indexOf(slot))

/** What the owner of the pool gives every worker. */
export interface WorkerSetup {
  image: SnapshotImage
  /** The thread that claimed each scratch arena; 0: free. */
  arenas: Int32Array
  /** One for each batch that may run at a time. */
  slabs: Slab[]
  shoppers: SharedArrayBuffer
  budgets: SharedArrayBuffer
  keptOffers: SharedArrayBuffer
  /** By slot of a budget, a stock of offers or a return account. */
  dualPrices: Float64Array
  /** File of the shop's ledger. */
  ledger: string
}

export class WorkContext {
  readonly generation: Generation
  readonly budgets: BudgetView
  readonly kept: KeptOffers
  readonly results: Results
  readonly codes: CodeReader
  /** The shopper of the request at hand. */
  readonly live = emptyLiveShopper()
  /** They take turns, batch by batch. */
  readonly #kernels: KernelExports[]
  #batches = 0
  readonly #thread: number
  readonly #slabs: Slab[]
  readonly #marks: Int32Array[]
  readonly #readers: BatchReader[]
  readonly #shoppers: ShopperReader
  #revision = ''
  #campaigns!: CompiledCampaigns
  #personal: PersonalCodes | null = null
  #redeemed: ReadonlySet<string> = new Set()
  #slots: Int32Array = new Int32Array(0)
  #remainingMinor = new Float64Array(0)
  #remainingUses = new Float64Array(0)
  #returnSlots: Int32Array = new Int32Array(0)
  #dualPrices = noPrices(0)
  readonly #priceBySlot: Float64Array

  /** Reads the index while the thread goes on with batches of other generations. */
  static async open(setup: WorkerSetup, thread: number): Promise<WorkContext> {
    return new WorkContext(setup, thread, await openIndex(setup.image, AnnIndex.openBeside))
  }

  /** `thread`: a number above 0 that no other thread has. */
  constructor(setup: WorkerSetup, thread: number, ann = openIndex(setup.image, AnnIndex.open)) {
    const { image, arenas, slabs, shoppers, budgets, keptOffers, dualPrices, ledger } = setup
    this.#thread = thread
    const arena = claimArena(arenas, thread)
    // Twice: code that only ever met one kernel, and objects that were made once, is compiled for these alone. It was given up at the first
    // swap, all of it, and what came meanwhile was answered four times slower. The second time takes 3 to 5 ms at a million items.
    const twins = [0, 1].map(() => openGeneration(image, arena, 'release', ann))
    this.generation = twins[1]
    this.#kernels = twins.map(({ kernel }) => kernel)
    this.results = new Results(this.generation)
    this.#slabs = slabs
    this.#marks = slabs.map(({ requests }) => new Int32Array(requests, 0, THREAD_WORD + 1))
    this.#readers = slabs.map(({ requests }) => new BatchReader(requests))
    this.#shoppers = new ShopperReader(shoppers)
    this.budgets = new BudgetView(budgets)
    this.kept = new KeptOffers(keptOffers, thread)
    this.#priceBySlot = dualPrices
    this.codes = new CodeReader(ledger)
  }

  get campaigns(): CompiledCampaigns {
    return this.#campaigns
  }

  get personalCodes(): PersonalCodes | null {
    return this.#personal
  }

  /** Whether what a campaign has used is told by redemptions of its codes, and not by purchases. */
  isRedeemed(campaign: string | undefined): boolean {
    return campaign !== undefined && this.#redeemed.has(campaign)
  }

  /** By position in the campaign file, as they stand now; the array is used again. */
  get dualPrices(): DualPrices {
    const { budget, stock, return: returns } = this.#dualPrices
    for (let p = 0; p < budget.length; p++) {
      budget[p] = this.#priceAt(this.slot(p, MINOR))
      stock[p] = this.#priceAt(this.slot(p, USES)) + this.#priceAt(this.slot(p, STOCK))
      returns[p] = this.#priceAt(this.returnSlot(p))
    }
    return this.#dualPrices
  }

  #priceAt(slot: number): number {
    return slot < 0 ? 0 : this.#priceBySlot[slot]
  }

  /** Slot of the return account of the campaign at a position of the file; -1 where it owes none. */
  returnSlot(position: number): number {
    return this.#returnSlots[position]
  }

  /** Budget slot of a limit of the campaign at a position of the file; -1 where it has no such limit. */
  slot(position: number, limit: number): number {
    return this.#slots[CAMPAIGN_SLOTS.length * position + limit]
  }

  /** Whether it can answer under the campaigns of a task, once it has taken them over. */
  hasCampaigns({ revision, campaigns }: BatchTask): boolean {
    if (revision !== this.#revision && campaigns !== null) this.#useCampaigns(campaigns)
    return revision === this.#revision
  }

  begin({ slab, largeRequests }: BatchTask): BatchReader {
    Atomics.store(this.#marks[slab], THREAD_WORD, this.#thread)
    this.generation.kernel = this.#kernels[this.#batches++ % this.#kernels.length]
    this.results.begin(this.#slabs[slab].results)
    return largeRequests === null ? this.#readers[slab] : new BatchReader(largeRequests)
  }

  /** The owner has checked the file. */
  #useCampaigns({ revision, text, slots, returns, personal }: PublishedCampaigns): void {
    const file = parseCampaignFile(Buffer.from(text).toString(), this.generation.image.manifest.currency)
    this.#campaigns = compileCampaigns(this.generation, file, revision)
    this.#redeemed = new Set(file.campaigns.filter(isSingleUse).map(({ id }) => id))
    this.#personal = personal === null ? null : new PersonalCodes(personal)
    this.#slots = new Int32Array(slots)
    this.#returnSlots = new Int32Array(returns)
    this.#remainingMinor = new Float64Array(file.campaigns.length)
    this.#remainingUses = new Float64Array(file.campaigns.length)
    this.#dualPrices = noPrices(file.campaigns.length)
    this.#revision = revision
  }

  /** What is left now of every budget, and of the offers that every campaign may give; the arrays are used again. */
  remaining(): { remainingMinor: Float64Array; remainingUses: Float64Array } {
    for (let p = 0; p < this.#remainingMinor.length; p++) {
      this.#remainingMinor[p] = this.#left(this.slot(p, MINOR))
      this.#remainingUses[p] = Math.min(this.#left(this.slot(p, USES)), this.#left(this.slot(p, STOCK)))
    }
    return { remainingMinor: this.#remainingMinor, remainingUses: this.#remainingUses }
  }

  #left(slot: number): number {
    return slot < 0 ? Number.POSITIVE_INFINITY : this.budgets.remaining(slot)
  }

  /** What is live about whoever asks, without the offers they hold. */
  readLive(asked: AskedBy): LiveShopperColumns {
    return readLive(this.generation, this.#shoppers, asked, this.live)
  }
}

/** The first free arena. The pool's owner gives back what a thread had that is gone. */
function claimArena(arenas: Int32Array, thread: number): number {
  for (let arena = 0; arena < arenas.length; arena++)
    if (Atomics.compareExchange(arenas, arena, 0, thread) === 0) return arena
  throw new Error(`no free arena of ${arenas.length}: workers died faster than the generation was replaced`)
}
