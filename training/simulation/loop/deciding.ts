/** Ours: the decision that serves, asked once for each visit. What it shows is what every other policy shows. */
import { changeCatalogue } from '../../../core/scoring/catalogue.ts'
import { type Decision, decide } from '../../../core/scoring/decide.ts'
import { noPrices } from '../../../core/scoring/dual-prices.ts'
import type { Generation } from '../../../core/scoring/generation.ts'
import { shopperKey } from '../truth.ts'
import type { Market, World } from './market.ts'
import type { WeighedActions } from './pace.ts'
import type { Visit } from './plan.ts'
import type { Policy } from './policy.ts'
import type { Given, Shown } from './shown.ts'

export type OnDecision = (visit: Visit, decision: Decision, market: Market, shown: Shown, given: Given) => void

/** `onDecision` is told of each decision with what was bought of it. */
export function decidingPolicy(world: World, name: string, slots: number, onDecision?: OnDecision): Policy {
  const { g } = world.shop
  let decision: Decision
  let sold: number[] = []
  return {
    name,
    startDay(market) {
      const items = Array.from(market.stock.keys())
      restock(
        g,
        market,
        items.filter((item) => g.live.stock[item] !== market.stock[item]),
      )
    },
    choose(visit, market, prices, shown, given) {
      restock(g, market, sold)
      decision = decideVisit(world, visit, market, prices, slots, false)
      fill(visit, decision, shown, given)
    },
    learn(visit, market, shown, given) {
      onDecision?.(visit, decision, market, shown, given)
      sold = decision.slots.filter((_, slot) => market.bought[slot] === 1).map(({ item }) => item)
    },
  }
}

function restock(g: Generation, { stock }: Market, items: number[]): void {
  const changes = items.map((item) => ({ item, change: { stock: stock[item] < 0 ? null : stock[item] } }))
  changeCatalogue(g.live, changes)
}

function decideVisit(
  { shop }: World,
  visit: Visit,
  market: Market,
  budgetPrices: Float64Array,
  slots: number,
  explain: boolean,
): Decision {
  return decide(shop.g, {
    request: { shopper: shopperKey(visit.shopper), item: visit.pageItem, slots, explain },
    time: visit.time,
    live: market.liveOf(visit.shopper),
    campaigns: { ...shop.campaigns, onBasket: [] },
    remainingMinor: market.remainingMinor,
    remainingUses: market.remainingMinor.map(() => Number.POSITIVE_INFINITY),
    dualPrices: { ...noPrices(budgetPrices.length), budget: budgetPrices },
  })
}

function fill({ index }: Visit, { slots, base }: Decision, shown: Shown, given: Given): void {
  slots.forEach(({ item, priceMinor, purchaseProbability, choice }, slot) => {
    const at = index * shown.slots + slot
    shown.item[at] = item
    shown.priceMinor[at] = priceMinor
    shown.probability[at] = purchaseProbability
    shown.logOdds[at] = Math.log(purchaseProbability / (1 - purchaseProbability)) - base
    if (choice.step !== null) given.set(slot, choice.step.on.position, choice.discountMinor)
  })
}

/** Every action of a visit as the decision weighs it, without the budgets' prices, for planning them. */
export function weighVisit(world: World, visit: Visit, market: Market, slots: number, into: WeighedActions): void {
  const free = new Float64Array(market.remainingMinor.length)
  const position = new Map(world.shop.campaigns.onItems.map((campaign) => [campaign.id, campaign.position]))
  decideVisit(world, visit, market, free, slots, true).slots.forEach(({ choice }) => {
    for (const action of choice.considered) {
      if (action.droppedBy !== null) continue
      const expectedMinor = action.purchaseProbability * action.discountMinor
      into.add(position.get(action.campaign) ?? 0, action.valueMinor, expectedMinor)
    }
    into.endChoice()
  })
}
