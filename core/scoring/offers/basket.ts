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
import type { BasketCampaign, BasketStep, Live } from '../campaigns/compile.ts'
import { targetsItem } from '../campaigns/targets.ts'
import type { Generation } from '../generation.ts'
import { itemIndexOf } from '../keys.ts'
import { Actions, type Choice, type Choosing, closed, type Drawn, type Response } from './actions.ts'
import { guard, type Running } from './guards.ts'
import { logPriceOf } from './response.ts'

/** A tier above the cart, as an action. */
export interface OpenTier {
  step: BasketStep
  missingMinor: number
}

/** What items in the answer add to the value of a tier, in minor units. */
export type TierGain = (tier: OpenTier) => number

export function offerForBasket(
  choosing: Choosing,
  drawn: Drawn<BasketStep>,
  running: Running<BasketCampaign>[],
  slot: number,
  cart: CartLine[],
  gainOf: TierGain,
): Choice<BasketStep> {
  const { g } = choosing
  if (running.length === 0) return closed(drawn, 'no_campaign')
  const { marginRate } = g.image.manifest.model.basket
  if (marginRate === null) return closed(drawn, 'cost_unknown')
  const actions = new Actions(choosing, drawn)
  let above = 0
  for (const each of running)
    for (const tier of tiersAbove(each.campaign, qualifyingSubtotal(g, each.campaign, cart))) {
      above++
      addTier(choosing, actions, each, tier, marginRate, gainOf)
    }
  return above === 0 ? actions.none('already_reached') : actions.choose(slot)
}

/** The tiers that a cart of this subtotal has not reached; of one that counts again and again, the next time. */
export function tiersAbove({ steps, maxTimes }: BasketCampaign, subtotalMinor: number): OpenTier[] {
  if (maxTimes > 1) return nextTime(steps[0], maxTimes, subtotalMinor)
  return steps
    .filter(({ tier }) => tier.thresholdMinor > subtotalMinor)
    .map((step) => ({ step, missingMinor: step.tier.thresholdMinor - subtotalMinor }))
}

function nextTime(step: BasketStep, maxTimes: number, subtotalMinor: number): OpenTier[] {
  const { thresholdMinor, rewardMinor } = step.tier
  const times = Math.floor(subtotalMinor / thresholdMinor) + 1
  if (times > maxTimes) return []
  const tier = { thresholdMinor: times * thresholdMinor, rewardMinor: times * rewardMinor }
  return [{ step: { ...step, tier }, missingMinor: tier.thresholdMinor - subtotalMinor }]
}

function addTier(
  { g, guards }: Choosing,
  actions: Actions<BasketStep>,
  running: Running<BasketCampaign>,
  tier: OpenTier,
  marginRate: number,
  gainOf: TierGain,
): void {
  const { thresholdMinor, rewardMinor } = tier.step.tier
  const { meanOrderMinor, elasticity, elasticitySe } = g.image.manifest.model.basket
  const response: Response = {
    unitMarginMinor: tier.missingMinor * marginRate,
    probability: Math.exp(-tier.missingMinor / meanOrderMinor),
    elasticity,
    elasticitySe,
  }
  const reason = guard(guards, running, {
    discountMinor: rewardMinor,
    netMinor: thresholdMinor - rewardMinor,
    costMinor: thresholdMinor * (1 - marginRate),
    priceMinor: 0,
    priorPriceMinor: Number.POSITIVE_INFINITY,
  })
  if (reason !== null) actions.drop(tier.step, rewardMinor, response, reason)
  else actions.open(tier.step, rewardMinor, logPriceOf(rewardMinor / thresholdMinor), response, gainOf(tier))
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
