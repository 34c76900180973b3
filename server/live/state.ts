/** All state that changes while serving, owned by the HTTP thread: shoppers, budgets, catalogue changes and the logs. */
import { mkdir } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { ItemChange } from '../../core/contract/requests.ts'
import { BUDGET_SLOTS, budgetMemory, CAMPAIGN_SLOTS, limitKey, machineTime } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { KeptOffers, keptOffersMemory } from '../../core/store/kept-offers.ts'
import type { Spent } from '../../core/store/ledger/spending.ts'
import { AppendLog } from '../../core/store/log.ts'
import { ShopperWriter, shopperMemory } from '../../core/store/shoppers.ts'
import type { ServingGeneration } from '../generations/generation.ts'
import type { Effects, LiveChange, Spending } from '../work/messages.ts'
import type { LiveCampaigns } from './campaigns.ts'
import { CatalogueChanges, type ItemRow } from './catalogue.ts'
import { steadyTime } from './steady.ts'

export const LOGS = ['events', 'decisions', 'items'] as const
export type LogName = (typeof LOGS)[number]

/** Names the HTTP thread among those that keep offers; a worker goes by its thread's number, which is less. */
const OWNER = 2 ** 31 - 1
/** A decision is answered without waiting for its row. */
const GATHER_DECISIONS_MS = 10

export class LiveState {
  readonly shopperMemory: SharedArrayBuffer
  readonly shoppers: ShopperWriter
  readonly budgets = new BudgetLedger(budgetMemory(), steadyTime(Date.now, machineTime))
  /** By budget slot: price of one minor unit. */
  readonly dualPrices = new Float64Array(new SharedArrayBuffer(8 * BUDGET_SLOTS))
  readonly keptOffersMemory: SharedArrayBuffer
  readonly keptOffers: KeptOffers
  readonly catalogue = new CatalogueChanges()
  readonly logs: Record<LogName, AppendLog>
  readonly rows: Record<LogName, number> = { events: 0, decisions: 0, items: 0 }
  /** Bytes of decision rows that were not logged because the disk did not take them. */
  droppedBytes = 0

  private constructor(liveShoppers: number, logs: Record<LogName, AppendLog>) {
    this.shopperMemory = shopperMemory(liveShoppers)
    this.shoppers = new ShopperWriter(this.shopperMemory)
    this.keptOffersMemory = keptOffersMemory(liveShoppers)
    this.keptOffers = new KeptOffers(this.keptOffersMemory, OWNER)
    this.logs = logs
  }

  static async open(folder: string, liveShoppers: number, logger: Logger): Promise<LiveState> {
    await mkdir(folder, { recursive: true })
    const open = (name: LogName) =>
      AppendLog.open({
        folder,
        name,
        gatherMs: name === 'decisions' ? GATHER_DECISIONS_MS : 0,
        onError: (error) => logger.error({ log: name, reason: error.message }, 'log not written, tried again'),
      })
    const [events, decisions, items] = await Promise.all(LOGS.map(open))
    return new LiveState(liveShoppers, { events, decisions, items })
  }

  /** What workers took from the budgets, as `ResultReader.reserved` tells it. */
  noteReserved(reserved: Float64Array): void {
    for (let r = 0; r < reserved.length; r += 4)
      this.budgets.noteReserved(reserved[r], reserved[r + 1], reserved[r + 2], reserved[r + 3])
  }

  applyEffects({ changes, spendings }: Effects, campaigns: LiveCampaigns): void {
    for (const change of changes) this.applyChange(change)
    for (const spending of spendings) this.applySpending(spending, campaigns)
  }

  applyChange({ subject, event, contact, use }: LiveChange): void {
    if (event !== null) this.shoppers.append(subject, event)
    if (contact !== null) this.shoppers.appendContact(subject, contact)
    if (use !== null) this.shoppers.appendUse(subject, use)
  }

  /** What a purchase names that is no campaign with limits changes none; its row tells of it. A code's redemption is booked by the ledger. */
  applySpending({ campaign, amountMinor, units, holder, decidedAt }: Spending, campaigns: LiveCampaigns): void {
    if (campaigns.isRedeemed(campaign)) return
    const spent = { minor: amountMinor, uses: 1, stock: units }
    for (const slot of CAMPAIGN_SLOTS) {
      const key = limitKey(campaign, slot)
      if (this.budgets.knows(key)) this.budgets.spend(key, spent[slot], campaigns.validUntil(campaign, decidedAt))
    }
    if (holder !== null) this.keptOffers.use(holder.subject, holder.item, holder.campaignHash)
  }

  /** What the ledger says that a campaign's codes have used takes the place of what was known of it. */
  settleSpent({ campaign, minor, uses }: Spent, campaigns: LiveCampaigns): void {
    if (!campaigns.isRedeemed(campaign)) return
    for (const [slot, used] of [
      ['minor', minor],
      ['uses', uses],
    ] as const) {
      const key = limitKey(campaign, slot)
      if (this.budgets.knows(key)) this.budgets.settle(key, used)
    }
  }

  /** An answer already given matters more than its row: with a disk that fails, rows are dropped and counted. */
  logDecision(row: Uint8Array): void {
    if (this.logs.decisions.isFull) {
      this.droppedBytes += row.length
      return
    }
    this.logs.decisions.append(row)
    this.rows.decisions++
  }

  /** To be flushed before the events are acknowledged. */
  logEvents(rows: Uint8Array, count: number): void {
    this.logs.events.append(rows)
    this.rows.events += count
  }

  /** Applies and logs changes of items; resolves with how many are of items that the snapshot does not know. */
  async changeItems(generation: ServingGeneration, changes: ItemChange[], time: number): Promise<number> {
    const { shop } = generation.image.manifest
    const unknown = this.catalogue.apply(generation, changes, time)
    const rows = changes.map((change): ItemRow => ({ v: 1, shop, ...change, time }))
    this.logs.items.append(Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')))
    this.rows.items += rows.length
    await this.logs.items.flush()
    return unknown
  }

  async close(): Promise<void> {
    await Promise.all(LOGS.map((name) => this.logs[name].close()))
  }
}
