/** The offer for one item: every running coupon and time-limited discount that targets it, at every depth. */
import type { ItemOffer } from '../contract/answers.ts'
import type { Depth } from '../contract/campaigns.ts'
import type { ItemIndex } from '../contract/ids.ts'
import { honestBps, percentDiscount } from '../contract/money.ts'
import { type ItemCampaign, type ItemStep, targetsItem } from './campaigns.ts'
import { Actions, type Choice, type Choosing, closed, type Drawn, type Response } from './choice.ts'
import type { Generation } from './generation.ts'
import { guard, type Running } from './guards.ts'

export function offerForItem(
  choosing: Choosing,
  drawn: Drawn<ItemStep>,
  running: Running<ItemCampaign>[],
  slot: number,
  item: ItemIndex,
  probability: number,
): Choice<ItemStep> {
  const { g } = choosing
  if (!isTargeted(g, running, item)) return closed(drawn, 'no_campaign')
  const costMinor = g.tables.catalogue.costMinor.view[item]
  if (costMinor < 0) return closed(drawn, 'cost_unknown')
  const actions = new Actions(choosing, drawn)
  const priceMinor = g.live.priceMinor[item]
  const response: Response = {
    unitMarginMinor: priceMinor - costMinor,
    probability,
    elasticity: g.tables.prices.elasticity.view[item],
    elasticitySe: g.tables.prices.elasticitySe.view[item],
  }
  for (const each of running)
    if (targetsItem(g, each.campaign, item)) addSteps(choosing, actions, each, priceMinor, costMinor, response)
  return actions.choose(slot)
}

function isTargeted(g: Generation, running: Running<ItemCampaign>[], item: ItemIndex): boolean {
  for (const { campaign } of running) if (targetsItem(g, campaign, item)) return true
  return false
}

function addSteps(
  { guards }: Choosing,
  actions: Actions<ItemStep>,
  running: Running<ItemCampaign>,
  priceMinor: number,
  costMinor: number,
  response: Response,
): void {
  for (const step of running.campaign.steps) {
    const discountMinor = discountOf(step.depth, priceMinor)
    const netMinor = priceMinor - discountMinor
    const reason = guard(guards, running, discountMinor, netMinor, netMinor - costMinor)
    if (reason !== null) actions.drop(step, discountMinor, response, reason)
    else actions.open(step, discountMinor, priceMinor === 0 ? 0 : discountMinor / priceMinor, response)
  }
}

function discountOf(depth: Depth, priceMinor: number): number {
  return 'percentBps' in depth ? percentDiscount(priceMinor, depth.percentBps) : Math.min(priceMinor, depth.amountMinor)
}

/** What the shopper is shown. */
export function itemOffer({ on }: ItemStep, discountMinor: number, priceMinor: number, time: number): ItemOffer {
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
