/** The offer for one item: every running coupon and time-limited discount that targets it, at every depth. */
import type { ItemOffer } from '../../contract/answers.ts'
import type { Depth } from '../../contract/campaigns.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { honestBps, percentDiscount } from '../../contract/money.ts'
import { type ItemCampaign, type ItemStep, targetsItem } from '../campaigns.ts'
import type { Generation } from '../generation.ts'
import { purchaseProbability } from '../score.ts'
import { Actions, type Choice, type Choosing, closed, type Drawn, type Response } from './actions.ts'
import { type Guarded, guard, type Running } from './guards.ts'

/** `stackedBps`: share of the price that the basket's offer may still take off the item. */
export function offerForItem(
  choosing: Choosing,
  drawn: Drawn<ItemStep>,
  running: Running<ItemCampaign>[],
  slot: number,
  item: ItemIndex,
  probability: number,
  stackedBps: number,
): Choice<ItemStep> {
  const { g } = choosing
  const targeting = running.filter(({ campaign }) => targetsItem(g, campaign, item))
  if (targeting.length === 0) return closed(drawn, 'no_campaign')
  const costMinor = g.tables.catalogue.costMinor.view[item]
  if (costMinor < 0) return closed(drawn, 'cost_unknown')
  const priceMinor = g.live.priceMinor[item]
  const action: Guarded = {
    discountMinor: 0,
    netMinor: priceMinor,
    costMinor,
    priceMinor,
    priorPriceMinor: g.live.priorPriceMinor[item],
  }
  const response: Response = {
    unitMarginMinor: priceMinor - costMinor,
    probability,
    elasticity: g.tables.prices.elasticity.view[item],
    elasticitySe: g.tables.prices.elasticitySe.view[item],
  }
  const actions = new Actions(choosing, drawn)
  for (const each of targeting) addSteps(choosing, actions, each, action, stackedBps, response)
  return actions.choose(slot)
}

function addSteps(
  { guards }: Choosing,
  actions: Actions<ItemStep>,
  running: Running<ItemCampaign>,
  action: Guarded,
  stackedBps: number,
  response: Response,
): void {
  const { priceMinor } = action
  for (const step of running.campaign.steps) {
    action.discountMinor = discountOf(step.depth, priceMinor)
    const netMinor = priceMinor - action.discountMinor
    action.netMinor = stackedBps === 0 ? netMinor : netMinor - percentDiscount(netMinor, stackedBps)
    const reason = guard(guards, running, action)
    if (reason !== null) actions.drop(step, action.discountMinor, response, reason)
    else actions.open(step, action.discountMinor, priceMinor === 0 ? 0 : action.discountMinor / priceMinor, response)
  }
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}

/** Probability that anybody buys the item: what prices that are the same for all are weighed with. */
export function publicProbability(g: Generation, item: ItemIndex): number {
  return purchaseProbability(g.image.manifest.model.calibration.popular, g.tables.popularity.score.view[item])
}

/** What the shopper is shown. The percentage is of the lowest price of the last 30 days, never of a price raised before. */
export function itemOffer(
  g: Generation,
  { id, mechanism, code }: Pick<ItemCampaign, 'id' | 'mechanism' | 'code'>,
  item: ItemIndex,
  discountMinor: number,
  validUntil: number,
): ItemOffer {
  const priceMinor = g.live.priceMinor[item] - discountMinor
  const priorMinor = g.live.priorPriceMinor[item]
  const percentBps = honestBps(priorMinor, Math.max(0, priorMinor - priceMinor))
  const offer: ItemOffer = { campaign: id, mechanism, percentBps, discountMinor, priceMinor, validUntil }
  if (code !== undefined) offer.code = code
  return offer
}
