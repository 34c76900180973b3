/**
 * The best policy for who knows the truth, as far as a shop can observe it (`informed`) or of every shopper (`clairvoyant`).
 *
 * The informed one knows every parameter, but of a shopper's nature only the tier and what was bought and not bought: it
 * believes w_n in natures n (type × own sensitivity, three nodes of a Gauss–Hermite rule) and learns by Bayes' rule from each
 * item shown, seen with probability look_s:
 *   w_n ∝ P(type | tier) · node weight · Π (look_s p_n where bought, 1 − look_s p_n where not)
 * Nobody sees tastes: what an item is to a shopper it reads from the scorer that all policies share, at the line through the
 * truth that is nearest to it (`reading.ts`). Only its beliefs are told the true tastes, which makes them sharper than any
 * shop's; the policy that reads true tastes too is played beside it, and the clairvoyant knows tastes and natures.
 * An action that takes share d off is worth, given that the item is looked at,
 *   v = Σ w_n [ (p_n,a − p_n,0)(P − c) − p_n,a δ ]  −  d k Σ_j look_j p_j (1 − p_j)(P_j − c_j)  −  θ d Σ w_n p_n,a (P − c)
 * less λ Σ w_n p_n,a δ: the second term is what rivals j of the category lose, the third what is borrowed from later
 * sales; θ is searched over the learning period. Guards, caps and budgets are those of `decide`.
 */
import type { ItemStep } from '../../../core/scoring/campaigns/compile.ts'
import { categoryOf, itemLogOdds, type Lever, leverOf, type Nature, natureLogOdds, probabilityOf } from '../truth.ts'
import type { Beliefs } from './beliefs.ts'
import type { Market, World } from './market.ts'
import { OpenActions } from './open-actions.ts'
import type { WeighedActions } from './pace.ts'
import { lookChance, type Visit } from './plan.ts'
import type { Policy } from './policy.ts'
import { type Reading, readLogOdds } from './reading.ts'
import { type Given, NOTHING_SHOWN, type Shown } from './shown.ts'

export interface Knowledge {
  natures(shopper: number): Nature[]
  /** Adds up to 1. */
  weights(shopper: number): ArrayLike<number>
}

export interface KnowingOptions {
  name: string
  /** θ. */
  borrowed: number
  /** Whether the hold-out is kept. */
  holdout: boolean
  /** What is learned from sales; null: everything is known. */
  beliefs: Beliefs | null
  /** Of the scorer; null: tastes are known. */
  reading: Reading | null
  /** Gets what every action of some visits is worth. */
  weighed?: { into: WeighedActions; every: number }
}

/** One shown item, as the policy sees it. */
interface Item {
  slot: number
  index: number
  item: number
  category: number
  priceMinor: number
  marginMinor: number
  logOdds: number
  /** Mean probability of buying without an offer. */
  mean: number
}

export function knowingPolicy(world: World, knowledge: Knowledge, options: KnowingOptions): Policy {
  const { beliefs, weighed } = options
  return {
    name: options.name,
    choose(visit, market, prices, shown, given) {
      if (visit.heldOut && options.holdout) return
      const natures = knowledge.natures(visit.shopper)
      const weights = knowledge.weights(visit.shopper)
      const offersSeen = market.state.offersSeen(visit.shopper, visit.day)
      const items = itemsOf(world, market, visit, shown, natures, weights, offersSeen, options.reading)
      const actions = new OpenActions(world, market, visit)
      for (const item of items) {
        let best: { step: ItemStep; discountMinor: number } | null = null
        let bestWorth = 0
        const loss = lossOfRivals(world, items, item)
        actions.forEach(item.index, item.priceMinor, (step, discountMinor) => {
          const lever = leverOf(world.truth, item.item, item.priceMinor, discountMinor, offersSeen)
          const p = meanProbability(natures, weights, item.logOdds, lever)
          const share = discountMinor / item.priceMinor
          const value = (p - item.mean) * item.marginMinor - p * discountMinor - share * loss
          const borrowed = share * p * item.marginMinor
          if (weighed && visit.index % weighed.every === 0) {
            const look = lookChance(item.slot)
            weighed.into.add(step.on.position, look * value, look * p * discountMinor, look * borrowed)
          }
          const worth = value - options.borrowed * borrowed - prices[step.on.position] * p * discountMinor
          if (worth <= bestWorth) return
          bestWorth = worth
          best = { step, discountMinor }
        })
        weighed?.into.endChoice()
        if (best !== null) give(actions, given, item.slot, best)
      }
    },
    learn(visit, market, shown, given) {
      if (beliefs === null) return
      const offersSeen = market.state.offersSeen(visit.shopper, visit.day)
      beliefs.update(world, visit, market, shown, given, offersSeen)
    },
  }
}

function give(
  actions: OpenActions,
  given: Given,
  slot: number,
  { step, discountMinor }: { step: ItemStep; discountMinor: number },
): void {
  given.set(slot, step.on.position, discountMinor)
  actions.take(step, discountMinor)
}

function itemsOf(
  { truth, truthItem, shoppers }: World,
  market: Market,
  visit: Visit,
  shown: Shown,
  natures: Nature[],
  weights: ArrayLike<number>,
  offersSeen: number,
  reading: Reading | null,
): Item[] {
  const items: Item[] = []
  for (let slot = 0; slot < shown.slots; slot++) {
    const index = shown.item[visit.index * shown.slots + slot]
    if (index === NOTHING_SHOWN) continue
    const item = truthItem[index]
    const priceMinor = shown.priceMinor[visit.index * shown.slots + slot]
    const category = categoryOf(truth, item)
    const stockedUp = market.state.stockedUp(visit.shopper, category, visit.day)
    const moment = { day: visit.day, due: false, stockedUp, rivals: 0 }
    const logOdds =
      reading === null
        ? itemLogOdds(truth, shoppers.at(visit.shopper), item, moment)
        : readLogOdds(truth, reading, shown.logOdds[visit.index * shown.slots + slot], stockedUp)
    const lever = leverOf(truth, item, priceMinor, 0, offersSeen)
    const mean = meanProbability(natures, weights, logOdds, lever)
    const marginMinor = priceMinor - truth.costMinor[item]
    items.push({ slot, index, item, category, priceMinor, marginMinor, logOdds, mean })
  }
  return items
}

function meanProbability(natures: Nature[], weights: ArrayLike<number>, logOdds: number, lever: Lever): number {
  let mean = 0
  for (let n = 0; n < natures.length; n++)
    mean += weights[n] * probabilityOf(logOdds + natureLogOdds(natures[n], lever))
  return mean
}

/** Margin that other items of the category lose where the item is looked at, for each share of 1 taken off it. */
function lossOfRivals({ truth }: World, items: Item[], of: Item): number {
  let loss = 0
  for (const { slot, category, mean, marginMinor } of items)
    if (slot !== of.slot && category === of.category) loss += lookChance(slot) * mean * (1 - mean) * marginMinor
  return truth.parameters.cannibalisationLogOdds * loss
}
