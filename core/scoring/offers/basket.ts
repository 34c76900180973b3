/**
 * The basket's offer: a spend threshold (满减) that the cart has not reached yet.
 *
 * A cart of subtotal S reaches a tier T on its own with probability p_0 = e^−(T − S)/μ, μ the shop's mean order value:
 * further spending without memory. The promise of reward R moves the odds as a reduction of share R/T would. What is
 * won is the margin on the missing T − S, what is paid is R. Items that carry the cart over the tier add what they gain by it
 * (`joint.ts`).
 */
import type { BasketOffer } from '../../contract/answers.ts'
import type { CartLine } from '../../contract/requests.ts'
import {
  type BasketCampaign,
  type BasketStep,
  basketStep,
  type CompiledCampaigns,
  type Live,
} from '../campaigns/compile.ts'
import { targetsItem } from '../campaigns/targets.ts'
import type { Generation } from '../generation.ts'
import { itemIndexOf } from '../keys.ts'
import { Actions, type Choice, type Choosing, closed, weigh, writeMoved } from './actions.ts'
import { type Barred, guard } from './guards.ts'
import { type Moved, movedBy } from './response.ts'

/** A tier above the cart, as an action. */
export interface OpenTier {
  step: BasketStep
  missingMinor: number
}

/** What items in the answer add to the value of a tier, in minor units. */
export type TierGain = (tier: OpenTier) => number

/** `barred`: of every campaign that runs. */
export function offerForBasket(
  choosing: Choosing,
  { onBasket, loggedOnBasket }: Pick<CompiledCampaigns, 'onBasket' | 'loggedOnBasket'>,
  barred: (Barred | undefined)[],
  slot: number,
  cart: CartLine[],
  gainOf: TierGain,
): Choice<BasketStep> {
  const { g } = choosing
  if (!onBasket.some(({ position }) => barred[position] !== undefined)) return closed('no_campaign')
  const { marginRate } = g.image.manifest.model.basket
  if (marginRate === null) return closed('cost_unknown')
  const actions = new Actions<BasketStep>(choosing)
  let above = 0
  let all = 0
  for (const campaign of onBasket) {
    all += campaign.steps.length
    const barredBy = barred[campaign.position]
    if (barredBy === undefined) continue
    for (const tier of tiersAbove(campaign, qualifyingSubtotal(g, campaign, cart))) {
      above++
      addTier(choosing, actions, barredBy, tier, marginRate, gainOf)
    }
  }
  return above === 0
    ? closed('already_reached', actions.considered)
    : actions.choose(slot, actions.count === all ? loggedOnBasket : -1)
}

/** The tiers that a cart of this subtotal has not reached; of one that counts again and again, the next time. */
export function tiersAbove({ steps, maxTimes }: BasketCampaign, subtotalMinor: number): OpenTier[] {
  if (maxTimes > 1) return nextTime(steps[0], maxTimes, subtotalMinor)
  const open: OpenTier[] = []
  for (const step of steps) {
    const missingMinor = step.tier.thresholdMinor - subtotalMinor
    if (missingMinor > 0) open.push({ step, missingMinor })
  }
  return open
}

function nextTime(step: BasketStep, maxTimes: number, subtotalMinor: number): OpenTier[] {
  const { thresholdMinor, rewardMinor } = step.tier
  const times = Math.floor(subtotalMinor / thresholdMinor) + 1
  if (times > maxTimes) return []
  const tier = { thresholdMinor: times * thresholdMinor, rewardMinor: times * rewardMinor }
  const { on, number } = step
  return [{ step: basketStep(on, number, tier), missingMinor: tier.thresholdMinor - subtotalMinor }]
}

function addTier(
  choosing: Choosing,
  actions: Actions<BasketStep>,
  barred: Barred,
  tier: OpenTier,
  marginRate: number,
  gainOf: TierGain,
): void {
  const { g, guards } = choosing
  const { on } = tier.step
  const { thresholdMinor, rewardMinor } = tier.step.tier
  const probability = reachOf(g, tier)
  const reason = guard(guards, on, barred, {
    discountMinor: rewardMinor,
    netMinor: thresholdMinor - rewardMinor,
    costMinor: thresholdMinor * (1 - marginRate),
    priceMinor: 0,
    priorPriceMinor: Number.POSITIVE_INFINITY,
  })
  if (reason !== null) {
    actions.drop(tier.step, rewardMinor, probability, reason)
    return
  }
  const gain = gainOf(tier)
  const row = actions.open(tier.step, rewardMinor, probability, gain)
  writeMoved(choosing, movedByTier(choosing, tier.step), row)
  weigh(choosing, { unitMarginMinor: tier.missingMinor * marginRate, probability, rivalMinor: 0 }, row, 1)
  g.arena.actions.value.view[row] += gain
}

function reachOf(g: Generation, { step: { reach }, missingMinor }: OpenTier): number {
  if (reach.missingMinor !== missingMinor) {
    reach.missingMinor = missingMinor
    reach.probability = Math.exp(-missingMinor / g.image.manifest.model.basket.meanOrderMinor)
  }
  return reach.probability
}

/** The same for all of a segment: worked out when it is first asked for. */
function movedByTier({ g, shopper: { segment } }: Choosing, { on, moved, logPrice }: BasketStep): Moved {
  const { elasticity, elasticitySe } = g.image.manifest.model.basket
  moved[segment] ??= movedBy(g, on.curve, segment, elasticity, elasticitySe, logPrice)
  return moved[segment]
}

/** Sum over the cart's lines that the campaign targets, in minor units; unknown items count when nothing is targeted. */
export function qualifyingSubtotal(g: Generation, campaign: Live, cart: CartLine[]): number {
  const everything = campaign.targets === null
  return cart.reduce((sum, line) => {
    const item = itemIndexOf(g, line.item)
    if (!(everything || (item >= 0 && targetsItem(campaign, item)))) return sum
    const priceMinor = line.priceMinor ?? (item >= 0 ? g.live.priceMinor[item] : 0)
    return sum + priceMinor * (line.quantity ?? 1)
  }, 0)
}

/** What the shopper is shown. */
export function basketOffer(g: Generation, { on, tier }: BasketStep, cart: CartLine[], time: number): BasketOffer {
  return {
    campaign: on.id,
    mechanism: on.mechanism,
    thresholdMinor: tier.thresholdMinor,
    rewardMinor: tier.rewardMinor,
    missingMinor: tier.thresholdMinor - qualifyingSubtotal(g, on, cart),
    validUntil: Math.min(on.endsAt, time + on.validMs),
  }
}
