/** A policy of the closed loop, and the simple ones that shops use. */
import type { ItemStep } from '../../../core/scoring/campaigns/compile.ts'
import type { Market, World } from './market.ts'
import { OpenActions } from './open-actions.ts'
import type { Visit } from './plan.ts'
import { type Given, NOTHING_SHOWN, type Shown } from './shown.ts'

export interface Policy {
  name: string
  startDay?(market: Market): void
  /** Fills `given`, which is empty; `prices` are those of the budgets. A policy that decides what is shown fills `shown` too. */
  choose(visit: Visit, market: Market, prices: Float64Array, shown: Shown, given: Given): void
  /** What the shop sees of the visit: `market.bought` by slot. The market is still as it was before the visit. */
  learn?(visit: Visit, market: Market, shown: Shown, given: Given): void
}

export const NO_OFFERS: Policy = { name: 'none', choose: () => undefined }

/**
 * One step of a ladder for every shown item whose probability of being bought is at least `least`, as far as guards allow
 * it; `least` 0 is the same for everyone.
 */
export function fixedStep(world: World, name: string, step: ItemStep, least: number): Policy {
  return {
    name,
    choose(visit, market, _prices, shown, given) {
      if (visit.heldOut) return
      const actions = new OpenActions(world, market, visit)
      for (let slot = 0; slot < shown.slots; slot++) {
        const at = visit.index * shown.slots + slot
        if (shown.item[at] === NOTHING_SHOWN || shown.probability[at] < least) continue
        actions.forEach(shown.item[at], shown.priceMinor[at], (open, discountMinor) => {
          if (open !== step) return
          given.set(slot, step.on.position, discountMinor)
          actions.take(step, discountMinor)
        })
      }
    },
  }
}

/** The probability that half of what was shown is above: whom "offers to those most likely to buy" means. */
export function medianProbability(shown: Shown): number {
  const known = shown.probability.filter((_, at) => shown.item[at] !== NOTHING_SHOWN).sort()
  return known[known.length >> 1] ?? 0
}
