/**
 * The basket's offer: a spend threshold (满减) that the cart has not reached yet.
 *
 * A cart of subtotal S reaches a tier T on its own with probability p_0 = e^−(T − S)/μ, μ the shop's mean order value:
 * further spending without memory. The promise of reward R moves the odds as a reduction of share R/T would. What is
 * won is the margin on the missing T − S, what is paid is R.
 */
import type { BasketOffer } from '../contract/answers.ts'
import type { CartLine } from '../contract/requests.ts'
import { type BasketCampaign, type CompiledCampaigns, isRunning, targetsItem } from './campaigns.ts'
import { type Action, type Choice, choose, closed } from './choice.ts'
import type { Generation } from './generation.ts'
import { type GuardState, guard } from './guards.ts'
import type { Identity } from './identity.ts'
import { itemIndexOf } from './keys.ts'

export interface BasketAction extends Action {
  on: BasketCampaign
  thresholdMinor: number
  missingMinor: number
}

export function offerForBasket(
  g: Generation,
  campaigns: CompiledCampaigns,
  state: GuardState,
  dualPrices: Float64Array,
  identity: Identity,
  slot: number,
  cart: CartLine[],
  explain: boolean,
): Choice<BasketAction> {
  const running = campaigns.onBasket.filter((campaign) => isRunning(campaign, state.time))
  if (running.length === 0) return closed('no_campaign')
  const { marginRate } = g.image.manifest.model.basket
  if (marginRate === null) return closed('cost_unknown')
  const actions = running.flatMap((campaign) => {
    const subtotalMinor = qualifyingSubtotal(g, campaign, cart)
    return campaign.ladder.flatMap(({ thresholdMinor }, step) =>
      thresholdMinor > subtotalMinor ? [tierAction(g, state, campaign, step, subtotalMinor, marginRate)] : [],
    )
  })
  if (actions.length === 0) return closed('already_reached')
  return choose(g, campaigns.policy, dualPrices, identity, slot, actions, explain)
}

function tierAction(
  g: Generation,
  state: GuardState,
  on: BasketCampaign,
  step: number,
  subtotalMinor: number,
  marginRate: number,
): BasketAction {
  const { thresholdMinor, rewardMinor } = on.ladder[step]
  const { meanOrderMinor, elasticity, elasticitySe } = g.image.manifest.model.basket
  const missingMinor = thresholdMinor - subtotalMinor
  const marginMinor = thresholdMinor * marginRate - rewardMinor
  return {
    on,
    label: on.labels[step],
    campaign: on.id,
    position: on.position,
    discountMinor: rewardMinor,
    share: rewardMinor / thresholdMinor,
    droppedBy: guard(state, on, rewardMinor, thresholdMinor - rewardMinor, marginMinor),
    unitMarginMinor: missingMinor * marginRate,
    probability: Math.exp(-missingMinor / meanOrderMinor),
    elasticity,
    elasticitySe,
    thresholdMinor,
    missingMinor,
  }
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
export function basketOffer(action: BasketAction, time: number): BasketOffer {
  return {
    campaign: action.on.id,
    mechanism: action.on.mechanism,
    thresholdMinor: action.thresholdMinor,
    rewardMinor: action.discountMinor,
    missingMinor: action.missingMinor,
    validUntil: Math.min(action.on.endsAt, time + action.on.validMs),
  }
}
