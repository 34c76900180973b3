/** The offer for one item: every running coupon and time-limited discount that targets it, at every depth. */
import type { ItemOffer } from '../contract/answers.ts'
import type { Depth } from '../contract/campaigns.ts'
import type { ItemIndex } from '../contract/ids.ts'
import { honestBps, percentDiscount } from '../contract/money.ts'
import { type CompiledCampaigns, type ItemCampaign, isRunning, targetsItem } from './campaigns.ts'
import { type Action, type Choice, choose, closed } from './choice.ts'
import type { Generation } from './generation.ts'
import { type GuardState, guard } from './guards.ts'
import type { Identity } from './identity.ts'

export interface ItemAction extends Action {
  on: ItemCampaign
}

export function offerForItem(
  g: Generation,
  campaigns: CompiledCampaigns,
  state: GuardState,
  dualPrices: Float64Array,
  identity: Identity,
  slot: number,
  item: ItemIndex,
  probability: number,
  explain: boolean,
): Choice<ItemAction> {
  const targeting = campaigns.onItems.filter(
    (campaign) => isRunning(campaign, state.time) && targetsItem(g, campaign, item),
  )
  if (targeting.length === 0) return closed('no_campaign')
  if (g.tables.catalogue.costMinor.view[item] < 0) return closed('cost_unknown')
  const actions = targeting.flatMap((campaign) =>
    campaign.ladder.map((_, step) => itemAction(g, state, campaign, step, item, probability)),
  )
  return choose(g, campaigns.policy, dualPrices, identity, slot, actions, explain)
}

function itemAction(
  g: Generation,
  state: GuardState,
  campaign: ItemCampaign,
  step: number,
  item: ItemIndex,
  probability: number,
): ItemAction {
  const priceMinor = g.live.priceMinor[item]
  const costMinor = g.tables.catalogue.costMinor.view[item]
  const discountMinor = discountOf(campaign.ladder[step], priceMinor)
  const netMinor = priceMinor - discountMinor
  return {
    on: campaign,
    label: campaign.labels[step],
    campaign: campaign.id,
    position: campaign.position,
    discountMinor,
    share: priceMinor === 0 ? 0 : discountMinor / priceMinor,
    droppedBy: guard(state, campaign, discountMinor, netMinor, netMinor - costMinor),
    unitMarginMinor: priceMinor - costMinor,
    probability,
    elasticity: g.tables.prices.elasticity.view[item],
    elasticitySe: g.tables.prices.elasticitySe.view[item],
  }
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}

/** What the shopper is shown. */
export function itemOffer({ on, discountMinor }: ItemAction, priceMinor: number, time: number): ItemOffer {
  const offer: ItemOffer = {
    campaign: on.id,
    mechanism: on.mechanism,
    percentBps: honestBps(priceMinor, discountMinor),
    discountMinor,
    priceMinor: priceMinor - discountMinor,
    validUntil: Math.min(on.endsAt, time + on.validMs),
  }
  if (on.code !== undefined) offer.code = on.code
  return offer
}
