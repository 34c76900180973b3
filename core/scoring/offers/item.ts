/** The offer for one item: every running coupon and time-limited discount that targets it, at every depth. */
import type { ItemOffer } from '../../contract/answers.ts'
import type { Depth } from '../../contract/campaigns.ts'
import type { CodeOf } from '../../contract/codes.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { honestBps, percentDiscount } from '../../contract/money.ts'
import type { ItemCampaign, ItemStep } from '../campaigns/compile.ts'
import { targetsItem } from '../campaigns/targets.ts'
import type { Generation } from '../generation.ts'
import { purchaseProbability } from '../score.ts'
import { Actions, type Choice, type Choosing, closed, type Drawn, type Response } from './actions.ts'
import { type Guarded, guard, type Running } from './guards.ts'
import { logPriceOf } from './response.ts'

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
  const costMinor = g.tables.catalogue.costMinor.view[item]
  let actions: Actions<ItemStep> | null = null
  let open: OpenItem | null = null
  for (let r = 0; r < running.length; r++) {
    const each = running[r]
    if (!targetsItem(each.campaign, item)) continue
    if (costMinor < 0) return closed(drawn, 'cost_unknown')
    actions ??= new Actions(choosing, drawn)
    open ??= openItem(g, item, costMinor, probability)
    addSteps(choosing, actions, each, open, stackedBps)
  }
  return actions === null ? closed(drawn, 'no_campaign') : actions.choose(slot)
}

interface OpenItem {
  action: Guarded
  response: Response
}

function openItem(g: Generation, item: ItemIndex, costMinor: number, probability: number): OpenItem {
  const priceMinor = g.live.priceMinor[item]
  const { elasticity, elasticitySe } = g.tables.prices
  return {
    action: {
      discountMinor: 0,
      netMinor: priceMinor,
      costMinor,
      priceMinor,
      priorPriceMinor: g.live.priorPriceMinor[item],
    },
    response: {
      unitMarginMinor: priceMinor - costMinor,
      probability,
      elasticity: elasticity.view[item],
      elasticitySe: elasticitySe.view[item],
    },
  }
}

function addSteps(
  { guards }: Choosing,
  actions: Actions<ItemStep>,
  running: Running<ItemCampaign>,
  { action, response }: OpenItem,
  stackedBps: number,
): void {
  const { priceMinor } = action
  const { steps } = running.campaign
  for (let s = 0; s < steps.length; s++) {
    const step = steps[s]
    const discountMinor = discountOf(step.depth, priceMinor)
    const netMinor = priceMinor - discountMinor
    action.discountMinor = discountMinor
    action.netMinor = stackedBps === 0 ? netMinor : netMinor - percentDiscount(netMinor, stackedBps)
    const reason = guard(guards, running, action)
    if (reason !== null) actions.drop(step, discountMinor, response, reason)
    else actions.open(step, discountMinor, step.logPrice ?? logPriceOf(discountMinor / priceMinor), response)
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
  { id, mechanism, code: shared, isPersonal }: Pick<ItemCampaign, 'id' | 'mechanism' | 'code' | 'isPersonal'>,
  item: ItemIndex,
  discountMinor: number,
  validUntil: number,
  codeOf?: CodeOf,
): ItemOffer {
  const priceMinor = g.live.priceMinor[item] - discountMinor
  const priorMinor = g.live.priorPriceMinor[item]
  const percentBps = honestBps(priorMinor, Math.max(0, priorMinor - priceMinor))
  const offer: ItemOffer = { campaign: id, mechanism, percentBps, discountMinor, priceMinor, validUntil }
  const code = isPersonal ? codeOf?.(id) : shared
  if (code !== undefined) offer.code = code
  return offer
}
