/**
 * The basket's offer: a spend threshold (满减) that the cart has not reached yet.
 *
 * A cart of subtotal S reaches a tier T on its own with probability p_0 = e^−(T − S)/μ, μ the shop's mean order value:
 * further spending without memory. The promise of reward R moves the odds as a reduction of share R/T would. What is
 * won is the margin on the missing T − S, what is paid is R.
 */
import type { BasketOffer } from '../contract/answers.ts'
import type { CartLine } from '../contract/requests.ts'
import { type BasketCampaign, type BasketStep, targetsItem } from './campaigns.ts'
import { Actions, type Choice, type Choosing, closed, type Drawn } from './choice.ts'
import type { Generation } from './generation.ts'
import { guard, type Running } from './guards.ts'
import { itemIndexOf } from './keys.ts'

export function offerForBasket(
  choosing: Choosing,
  drawn: Drawn<BasketStep>,
  running: Running<BasketCampaign>[],
  slot: number,
  cart: CartLine[],
): Choice<BasketStep> {
  if (running.length === 0) return closed(drawn, 'no_campaign')
  const { marginRate } = choosing.g.image.manifest.model.basket
  if (marginRate === null) return closed(drawn, 'cost_unknown')
  if (!running.some(({ campaign }) => isBelow(choosing.g, campaign, cart))) return closed(drawn, 'already_reached')
  const actions = new Actions(choosing, drawn)
  for (const each of running) {
    const subtotalMinor = qualifyingSubtotal(choosing.g, each.campaign, cart)
    for (const step of each.campaign.steps) {
      if (step.tier.thresholdMinor <= subtotalMinor) continue
      addTier(choosing, actions, each, step, subtotalMinor, marginRate)
    }
  }
  return actions.choose(slot)
}

/** Whether the cart has not reached a campaign's highest tier. */
function isBelow(g: Generation, campaign: BasketCampaign, cart: CartLine[]): boolean {
  const subtotalMinor = qualifyingSubtotal(g, campaign, cart)
  return campaign.steps.some(({ tier }) => tier.thresholdMinor > subtotalMinor)
}

function addTier(
  { g, guards }: Choosing,
  actions: Actions<BasketStep>,
  running: Running<BasketCampaign>,
  step: BasketStep,
  subtotalMinor: number,
  marginRate: number,
): void {
  const { thresholdMinor, rewardMinor } = step.tier
  const { meanOrderMinor, elasticity, elasticitySe } = g.image.manifest.model.basket
  const missingMinor = thresholdMinor - subtotalMinor
  const marginMinor = thresholdMinor * marginRate - rewardMinor
  const response = {
    unitMarginMinor: missingMinor * marginRate,
    probability: Math.exp(-missingMinor / meanOrderMinor),
    elasticity,
    elasticitySe,
  }
  const reason = guard(guards, running, rewardMinor, thresholdMinor - rewardMinor, marginMinor)
  if (reason !== null) actions.drop(step, rewardMinor, response, reason)
  else actions.open(step, rewardMinor, rewardMinor / thresholdMinor, response)
}

/** Sum over the cart's lines that the campaign targets, in minor units; unknown items count when nothing is targeted. */
function qualifyingSubtotal(g: Generation, campaign: BasketCampaign, cart: CartLine[]): number {
  const everything = campaign.items === null && campaign.categories === null && campaign.brands === null
  return cart.reduce((sum, line) => {
    const item = itemIndexOf(g, line.item)
    if (!(everything || (item >= 0 && targetsItem(g, campaign, item)))) return sum
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
