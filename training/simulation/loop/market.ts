/**
 * One policy's own world: what its offers and its sales have left in shoppers, stocks and budgets.
 *
 * A visit is sold in two ways at once. The margin is accounted as it is EXPECTED under the truth, given what was looked
 * at and what the policy's own past left behind: Σ p (P − δ − c), so that luck in single purchases adds no noise to the
 * comparison. Purchases are also DRAWN, with luck that all policies share: they spend budgets, empty stocks, stock
 * shoppers up and are what a shop sees. The expectation given the past is an unbiased estimate of the margin drawn.
 */
import { emptyLiveShopper, LIVE_CONTACTS, type LiveShopperColumns } from '../../../core/contract/live.ts'
import { catalogueItem } from '../catalogue.ts'
import type { Random } from '../random.ts'
import { ShopperState } from '../shopper-state.ts'
import { categoryOf, purchaseProbability, type Truth } from '../truth.ts'
import type { Account } from './account.ts'
import { drawLuck, type Shoppers, type Visit } from './plan.ts'
import type { OpenShop } from './shop.ts'
import { type Given, NOTHING_SHOWN, type Shown } from './shown.ts'

/** Days between deliveries, which fill every stock up again. */
export const DELIVERY_DAYS = 7

/** What all policies of a period share. */
export interface World {
  truth: Truth
  random: Random
  shoppers: Shoppers
  shop: OpenShop
  /** Item of the truth, by item of the snapshot. */
  truthItem: Int32Array
}

export class Market {
  readonly state: ShopperState
  /** By item of the snapshot; -1: not counted. */
  readonly stock: Int32Array
  /** By position in the campaign file. */
  readonly remainingMinor: Float64Array
  readonly account: Account
  /** Of the last visit, by slot. */
  readonly bought: Uint8Array
  readonly looks: Uint8Array
  private readonly world: World
  private readonly delivered: Int32Array
  /** Of the campaigns, by position. */
  private readonly hashes: number[] = []
  private readonly contacts: LiveShopperColumns[] = []
  private readonly luck: Float64Array

  constructor(world: World, slots: number, budgetMinor: Float64Array, account: Account) {
    this.world = world
    this.account = account
    this.state = new ShopperState(world.truth.parameters)
    this.remainingMinor = budgetMinor.slice()
    this.delivered = Int32Array.from(world.truthItem, (item) => catalogueItem(world.truth, item).stock)
    this.stock = this.delivered.slice()
    for (const { position, hash } of world.shop.campaigns.onItems) this.hashes[position] = hash
    this.bought = new Uint8Array(slots)
    this.looks = new Uint8Array(slots)
    this.luck = new Float64Array(slots)
  }

  deliver(): void {
    this.stock.set(this.delivered)
  }

  /** The showings of campaigns that guards count. */
  liveOf(shopper: number): LiveShopperColumns {
    this.contacts[shopper] ??= emptyLiveShopper()
    return this.contacts[shopper]
  }

  /** Accounts for a visit and fills `bought`; nothing of it is left behind before `settle`. */
  sell(visit: Visit, shown: Shown, given: Given): void {
    const { truth, random, shoppers, truthItem } = this.world
    const { slots } = shown
    drawLuck(random, visit, slots, this.looks, this.luck)
    this.bought.fill(0)
    this.account.startVisit(visit, shoppers.at(visit.shopper))
    const offersSeen = this.state.offersSeen(visit.shopper, visit.day)
    for (let slot = 0; slot < slots; slot++) {
      const index = shown.item[visit.index * slots + slot]
      if (index === NOTHING_SHOWN) continue
      const priceMinor = shown.priceMinor[visit.index * slots + slot]
      const discountMinor = given.discountMinor[slot]
      this.account.show(priceMinor, discountMinor)
      if (this.looks[slot] === 0 || this.stock[index] === 0) continue
      const item = truthItem[index]
      const p = purchaseProbability(truth, shoppers.at(visit.shopper), item, priceMinor, discountMinor, {
        day: visit.day,
        due: false,
        offersSeen,
        stockedUp: this.state.stockedUp(visit.shopper, categoryOf(truth, item), visit.day),
        rivals: this.rivalsOf(visit, shown, given, slot),
      })
      this.account.expect(p, p * (priceMinor - discountMinor - truth.costMinor[item]))
      if (this.luck[slot] < p) this.bought[slot] = 1
    }
  }

  /** Shares taken off the other items of the slot's category that are looked at in this visit. */
  private rivalsOf({ index }: Visit, { item, priceMinor, slots }: Shown, given: Given, slot: number): number {
    const { truth, truthItem } = this.world
    const from = index * slots
    const category = categoryOf(truth, truthItem[item[from + slot]])
    let rivals = 0
    for (let other = 0; other < slots; other++) {
      if (other === slot || given.discountMinor[other] === 0 || this.looks[other] === 0) continue
      if (categoryOf(truth, truthItem[item[from + other]]) === category)
        rivals += given.discountMinor[other] / priceMinor[from + other]
    }
    return rivals
  }

  /** What the visit that was sold leaves behind. */
  settle(visit: Visit, { item, priceMinor, slots }: Shown, given: Given): void {
    const { truth, truthItem } = this.world
    let sawOffer = false
    for (let slot = 0; slot < slots; slot++) {
      const at = visit.index * slots + slot
      const discountMinor = given.discountMinor[slot]
      if (discountMinor > 0 && this.looks[slot] === 1) sawOffer = true
      if (given.campaign[slot] >= 0) this.remember(visit, this.hashes[given.campaign[slot]])
      if (this.bought[slot] === 0) continue
      if (this.stock[item[at]] > 0) this.stock[item[at]]--
      const category = categoryOf(truth, truthItem[item[at]])
      this.state.bought(visit.shopper, category, visit.day, discountMinor / priceMinor[at])
      this.account.sell(priceMinor[at], discountMinor, given.campaign[slot])
      if (given.campaign[slot] >= 0) this.remainingMinor[given.campaign[slot]] -= discountMinor
    }
    if (sawOffer) this.state.sawOffer(visit.shopper, visit.day)
  }

  /** Every offer of an answer counts as shown once, newest first, as the server counts it. */
  private remember({ shopper, time }: Visit, hash: number): void {
    const live = this.liveOf(shopper)
    live.contactHashes.copyWithin(1, 0, LIVE_CONTACTS - 1)
    live.contactTimes.copyWithin(1, 0, LIVE_CONTACTS - 1)
    live.contactHashes[0] = hash
    live.contactTimes[0] = time
    live.nContacts = Math.min(LIVE_CONTACTS, live.nContacts + 1)
  }
}
