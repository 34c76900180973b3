/** The actions that the guards of `decide` leave a policy for one slot: same order, same reasons to drop. */

import { LIVE_OFFERS } from '../../../core/contract/live.ts'
import { percentDiscount } from '../../../core/contract/money.ts'
import type { ItemStep } from '../../../core/scoring/campaigns/compile.ts'
import { targetsItem } from '../../../core/scoring/campaigns/targets.ts'
import { subjectOf } from '../../../core/scoring/keys.ts'
import { type Barred, barredAt, type GuardState, guard, take } from '../../../core/scoring/offers/guards.ts'
import { shopperKey } from '../truth.ts'
import type { Market, World } from './market.ts'
import type { Visit } from './plan.ts'

/** What the guards know of one visit; `take` lowers what is left for later slots, as a decision does. */
export class OpenActions {
  private readonly world: World
  private readonly stock: Int32Array
  private readonly state: GuardState
  /** By position in the campaign file. */
  private readonly barred: (Barred | undefined)[]

  constructor(world: World, market: Market, visit: Visit) {
    this.world = world
    this.stock = market.stock
    this.state = {
      time: visit.time,
      subject: subjectOf({ shopper: shopperKey(visit.shopper) }),
      shopper: -1,
      toldTraits: undefined,
      channel: undefined,
      givesCodes: false,
      live: market.liveOf(visit.shopper),
      policy: world.shop.campaigns.policy,
      remainingMinor: market.remainingMinor.slice(),
      remainingUses: new Float64Array(market.remainingMinor.length).fill(Number.POSITIVE_INFINITY),
      offerRoom: LIVE_OFFERS,
      spent: { budgets: [], uses: [] },
    }
    const { onItems, all } = world.shop.campaigns
    this.barred = barredAt(world.shop.g, this.state, onItems, all.length)
  }

  forEach(item: number, priceMinor: number, act: (step: ItemStep, discountMinor: number) => void): void {
    const { g, campaigns } = this.world.shop
    const priorPriceMinor = g.live.priorPriceMinor[item]
    const costMinor = g.tables.catalogue.costMinor.view[item]
    if (costMinor < 0 || this.stock[item] === 0) return
    for (const campaign of campaigns.onItems) {
      const barred = this.barred[campaign.position]
      if (barred === undefined || !targetsItem(campaign, item)) continue
      for (const step of campaign.steps) {
        if (!('percentBps' in step.depth)) continue
        const discountMinor = percentDiscount(priceMinor, step.depth.percentBps)
        const netMinor = priceMinor - discountMinor
        const action = { discountMinor, netMinor, costMinor, priceMinor, priorPriceMinor }
        if (guard(this.state, campaign, barred, action) === null) act(step, discountMinor)
      }
    }
  }

  take(step: ItemStep, discountMinor: number): void {
    take(this.state, step.on, discountMinor)
  }
}
