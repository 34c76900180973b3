/** All state that changes while serving, owned by the HTTP thread: shoppers, budgets, offers held and catalogue changes. */
import { BUDGET_SLOTS, budgetMemory, CAMPAIGN_SLOTS, limitKey, machineTime } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { KeptOffers, keptOffersMemory } from '../../core/store/kept-offers.ts'
import type { Spent } from '../../core/store/ledger/spending.ts'
import { RecentIds } from '../../core/store/recent-ids.ts'
import { RETURN_SLOTS } from '../../core/store/returns.ts'
import { ShopperWriter, shopperMemory } from '../../core/store/shoppers.ts'
import type { LiveChange, Spending } from '../work/messages.ts'
import type { LiveCampaigns } from './campaigns.ts'
import { CatalogueChanges } from './catalogue.ts'
import { steadyTime } from './steady.ts'

/** Names the HTTP thread among those that keep offers; a worker goes by its thread's number, which is less. */
const OWNER = 2 ** 31 - 1

export class LiveState {
  readonly shopperMemory: SharedArrayBuffer
  readonly shoppers: ShopperWriter
  readonly budgets = new BudgetLedger(budgetMemory(), steadyTime(Date.now, machineTime))
  /** By slot of a budget, a stock of offers or a return account: what one unit of it is worth. */
  readonly dualPrices = new Float64Array(new SharedArrayBuffer(8 * (BUDGET_SLOTS + RETURN_SLOTS)))
  readonly keptOffersMemory: SharedArrayBuffer
  readonly keptOffers: KeptOffers
  readonly catalogue = new CatalogueChanges()
  /** Of the newest events. */
  readonly eventIds: RecentIds

  constructor(liveShoppers: number, eventIds: number) {
    this.shopperMemory = shopperMemory(liveShoppers)
    this.shoppers = new ShopperWriter(this.shopperMemory)
    this.keptOffersMemory = keptOffersMemory(liveShoppers)
    this.keptOffers = new KeptOffers(this.keptOffersMemory, OWNER)
    this.eventIds = new RecentIds(eventIds)
  }

  /** What workers took from the budgets and gave of campaigns that owe a return, as `ResultReader.reserved` tells it. */
  noteReserved(reserved: Float64Array): void {
    const { budgets } = this
    for (let r = 0; r < reserved.length; r += 4)
      if (budgets.returns.has(reserved[r])) budgets.returns.noteGiven(reserved[r], reserved[r + 1], reserved[r + 3])
      else budgets.noteReserved(reserved[r], reserved[r + 1], reserved[r + 2], reserved[r + 3])
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
}
