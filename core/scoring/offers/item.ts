/** The offer for one item: every running coupon and time-limited discount that targets it, at every depth. */
import type { ItemOffer } from '../../contract/answers.ts'
import type { CodeOf } from '../../contract/codes.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { honestBps } from '../../contract/money.ts'
import type { ItemCampaign, ItemStep } from '../campaigns/compile.ts'
import type { Generation } from '../generation.ts'
import { purchaseProbability } from '../score.ts'
import { Actions, type Choice, type Choosing, closed, weigh } from './actions.ts'
import { type Barred, isLimited, limitGuard } from './guards.ts'
import { type Dropped, type ItemPlan, type ItemPlans, PLANNED, PLANNED_NUMBERS, type Target } from './plans.ts'

/** `barred`: of every campaign that runs; `rivalMinor`: see `rivals.ts`; `stackedBps`: share of the price that the basket's offer may still take off the item. */
export function offerForItem(
  choosing: Choosing,
  plans: ItemPlans,
  barred: (Barred | undefined)[],
  slot: number,
  item: ItemIndex,
  probability: number,
  rivalMinor: number,
  stackedBps: number,
): Choice<ItemStep> {
  const plan = plans.of(choosing.g, item, choosing.shopper.segment)
  const dropped = plans.dropped(plan, stackedBps)
  const { set } = plan
  const actions = new Actions<ItemStep>(choosing)
  // Mostly nothing is dropped, and then there is nothing to be asked of each step.
  const isWhole = dropped === null && mayGiveAll(choosing, barred, plan)
  if (isWhole) addAll(choosing, actions, plans, plan)
  else
    for (const target of set.targets) {
      const barredBy = barred[target.campaign.position]
      if (barredBy === undefined) continue
      if (plan.costMinor < 0) return closed('cost_unknown')
      addSteps(choosing, actions, plans, plan, dropped, target, barredBy, probability)
    }
  const unitMarginMinor = plan.priceMinor - plan.costMinor
  if (actions.count > 0) weigh(choosing, { unitMarginMinor, probability, rivalMinor }, 1, actions.count)
  return actions.choose(slot, isWhole ? set.logged : -1)
}

/** Whether no guard of what is left drops any step, which a guard lets pass that lets the largest discount pass. */
function mayGiveAll({ guards, explain }: Choosing, barred: (Barred | undefined)[], plan: ItemPlan): boolean {
  const { targets } = plan.set
  if (explain || plan.costMinor < 0) return false
  for (let t = 0; t < targets.length; t++) {
    const { campaign } = targets[t]
    const barredBy = barred[campaign.position]
    if (barredBy === undefined || isLimited(guards, campaign, barredBy, plan.largestDiscountMinor)) return false
  }
  return true
}

function addAll(
  { g }: Choosing,
  actions: Actions<ItemStep>,
  { numbers }: ItemPlans,
  { set: { steps, positions, moveOf }, at }: ItemPlan,
): void {
  const { discount, oddsFactor, factorSe, borrowed, displaced } = g.arena.actions
  actions.openAll(steps, positions)
  for (let s = 0; s < steps.length; s++) {
    const from = at + PLANNED_NUMBERS * moveOf[s]
    discount.view[1 + s] = numbers[from + PLANNED.discountMinor]
    oddsFactor.view[1 + s] = numbers[from + PLANNED.oddsFactor]
    factorSe.view[1 + s] = numbers[from + PLANNED.factorSe]
    borrowed.view[1 + s] = numbers[from + PLANNED.borrowed]
    displaced.view[1 + s] = numbers[from + PLANNED.displaced]
  }
}

/** Those that pass the guards are opened; their columns are the plan's. */
function addSteps(
  { g, guards }: Choosing,
  actions: Actions<ItemStep>,
  { numbers }: ItemPlans,
  { set, at }: ItemPlan,
  dropped: Dropped,
  { campaign, first, after }: Target,
  barred: Barred,
  probability: number,
): void {
  const { oddsFactor, factorSe, borrowed, displaced } = g.arena.actions
  for (let s = first; s < after; s++) {
    const move = set.moveOf[s]
    const from = at + PLANNED_NUMBERS * move
    const discount = numbers[from + PLANNED.discountMinor]
    const reason = limitGuard(guards, campaign, barred, discount) ?? (dropped === null ? null : dropped[move])
    if (reason !== null) {
      actions.drop(set.steps[s], discount, probability, reason)
      continue
    }
    const row = actions.open(set.steps[s], discount, probability)
    oddsFactor.view[row] = numbers[from + PLANNED.oddsFactor]
    factorSe.view[row] = numbers[from + PLANNED.factorSe]
    borrowed.view[row] = numbers[from + PLANNED.borrowed]
    displaced.view[row] = numbers[from + PLANNED.displaced]
  }
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
