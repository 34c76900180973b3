/**
 * The basket's offer: a spend threshold (满减) that the cart has not reached yet.
 *
 * A cart of subtotal S reaches a tier T on its own with probability p_0 = e^−(T − S)/μ, μ the shop's mean order value:
 * further spending without memory. The promise of reward R moves the odds as a reduction of share R/T would. What is
 * won is the margin on the missing T − S, what is paid is R. Items that carry the cart over the tier add what they gain by it
 * (`joint.ts`).
 */
import type { BasketOffer, OfferReason } from '../../contract/answers.ts'
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
import { Actions, type Choice, type Choosing, closed } from './actions.ts'
import { type Barred, limitGuard, priceGuard } from './guards.ts'
import { type Moved, movedBy } from './response.ts'
import { weighTiers, writeMoved } from './weighing.ts'

/** A tier above the cart, as an action. */
export interface OpenTier {
  step: BasketStep
  missingMinor: number
}

/** And what of it is the same for all of a segment. */
export interface PlannedTier extends OpenTier {
  unitMarginMinor: number
  /** Of reaching the tier on one's own. */
  probability: number
  moved: Moved
  /** The guard of prices that drops it. */
  droppedBy: OfferReason | null
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
  const gains: number[] = []
  let above = 0
  let all = 0
  for (const campaign of onBasket) {
    all += campaign.steps.length
    const barredBy = barred[campaign.position]
    if (barredBy === undefined) continue
    for (const tier of plannedTiers(choosing, campaign, cart, marginRate)) {
      above++
      addTier(choosing, actions, barredBy, tier, gains, gainOf)
    }
  }
  if (above === 0) return closed('already_reached', actions.considered)
  if (actions.count > 0) weighTiers(choosing, actions.count)
  for (let t = 0; t < gains.length; t++) g.arena.actions.value.view[1 + t] += gains[t]
  return actions.choose(slot, actions.count === all ? loggedOnBasket : -1)
}

/** Those above the cart. Most carts are empty: theirs are kept, for each segment. */
function plannedTiers(
  choosing: Choosing,
  campaign: BasketCampaign,
  cart: CartLine[],
  marginRate: number,
): PlannedTier[] {
  const { g, shopper } = choosing
  const plan = (subtotalMinor: number) =>
    tiersAbove(campaign, subtotalMinor).map((tier) => plannedTier(choosing, tier, marginRate))
  if (cart.length > 0) return plan(qualifyingSubtotal(g, campaign, cart))
  campaign.ofEmptyCart[shopper.segment] ??= plan(0)
  return campaign.ofEmptyCart[shopper.segment]
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

function plannedTier(
  { g, policy, shopper }: Choosing,
  { step, missingMinor }: OpenTier,
  marginRate: number,
): PlannedTier {
  const { on, tier, logPrice } = step
  const { thresholdMinor, rewardMinor } = tier
  const { meanOrderMinor, elasticity, elasticitySe } = g.image.manifest.model.basket
  return {
    step,
    missingMinor,
    unitMarginMinor: missingMinor * marginRate,
    probability: Math.exp(-missingMinor / meanOrderMinor),
    moved: movedBy(g, on.curve, shopper.segment, elasticity, elasticitySe, logPrice),
    droppedBy: priceGuard(policy, on, {
      discountMinor: rewardMinor,
      netMinor: thresholdMinor - rewardMinor,
      costMinor: thresholdMinor * (1 - marginRate),
      priceMinor: 0,
      priorPriceMinor: Number.POSITIVE_INFINITY,
    }),
  }
}

/** `gains`: of the rows opened so far. */
function addTier(
  choosing: Choosing,
  actions: Actions<BasketStep>,
  barred: Barred,
  tier: PlannedTier,
  gains: number[],
  gainOf: TierGain,
): void {
  const { step, unitMarginMinor, probability, moved, droppedBy } = tier
  const { rewardMinor } = step.tier
  const reason = limitGuard(choosing.guards, step.on, barred, rewardMinor) ?? droppedBy
  if (reason !== null) {
    actions.drop(step, rewardMinor, probability, reason)
    return
  }
  const gain = gainOf(tier)
  gains.push(gain)
  const row = actions.open(step, rewardMinor, probability, gain)
  const { unitMargin, oddsNone } = choosing.g.arena.actions
  unitMargin.view[row] = unitMarginMinor
  oddsNone.view[row] = probability / (1 - probability)
  writeMoved(choosing, moved, row)
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
