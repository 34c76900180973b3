/** The offer for one item: every running coupon and time-limited discount that targets it, at every depth. */
import type { ItemOffer } from '../../contract/answers.ts'
import type { CodeOf } from '../../contract/codes.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { honestBps } from '../../contract/money.ts'
import type { ItemCampaign, ItemStep } from '../campaigns/compile.ts'
import type { Generation } from '../generation.ts'
import { purchaseProbability } from '../score.ts'
import { Actions, type Choice, type Choosing, closed } from './actions.ts'
import { type Barred, isLimited, limitGuard } from './guards.ts'
import {
  type Dropped,
  type ItemPlans,
  PLAN,
  PLANNED,
  PLANNED_NUMBERS,
  type Plan,
  type Target,
  type TargetSet,
} from './plans.ts'
import { weigh } from './weighing.ts'

/** `barred`: of every campaign that runs; `rivalMinor`: see `rivals.ts`; `stackedBps`: share of the price that the basket's offer may still take off. */
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
  const set = plans.setOf(plan)
  const costMinor = plans.numbers[plan + PLAN.costMinor]
  const unitMarginMinor = plans.numbers[plan + PLAN.priceMinor] - costMinor
  const weighed = { unitMarginMinor, probability, rivalMinor }
  const dropped = plans.dropped(plan, stackedBps)
  const actions = new Actions<ItemStep>(choosing)
  // Mostly nothing is dropped, and then there is nothing to be asked of each step, and as much to weigh as there are moves.
  const largestMinor = plans.numbers[plan + PLAN.largestDiscountMinor]
  if (dropped === null && costMinor >= 0 && mayGiveAll(choosing, barred, set, largestMinor)) {
    writeMoves(choosing, plans, plan, set)
    if (set.moves.length > 0) actions.openMoves(set, weighed)
    return actions.choose(slot, set.logged)
  }
  for (const target of set.targets) {
    const barredBy = barred[target.campaign.position]
    if (barredBy === undefined) continue
    if (costMinor < 0) return closed('cost_unknown')
    addSteps(choosing, actions, plans, plan, dropped, target, barredBy, probability)
  }
  if (actions.count > 0) weigh(choosing, weighed, 1, actions.count, choosing.isFree)
  return actions.choose(slot, -1)
}

/** Whether no guard of what is left drops any step, which a guard lets pass that lets the largest discount pass. */
function mayGiveAll(
  { guards, explain }: Choosing,
  barred: (Barred | undefined)[],
  { targets }: TargetSet,
  largestDiscountMinor: number,
): boolean {
  if (explain) return false
  for (let t = 0; t < targets.length; t++) {
    const { campaign } = targets[t]
    const barredBy = barred[campaign.position]
    if (barredBy === undefined || isLimited(guards, campaign, barredBy, largestDiscountMinor)) return false
  }
  return true
}

/** The columns of a plan's moves, from row 1 on. */
function writeMoves({ g }: Choosing, plans: ItemPlans, plan: Plan, { moves }: TargetSet): void {
  const { discount } = g.arena.actions
  for (let m = 0, from = plans.movesOf(plan); m < moves.length; m++, from += PLANNED_NUMBERS) {
    discount.view[1 + m] = plans.numbers[from + PLANNED.discountMinor]
    writeMove(g, plans, from, 1 + m)
  }
}

/** How the move whose numbers begin at `from` moves the odds, into a row of the arena's columns. */
function writeMove({ arena }: Generation, { numbers }: ItemPlans, from: number, row: number): void {
  const { oddsFactor, factorSe, borrowed, displaced } = arena.actions
  oddsFactor.view[row] = numbers[from + PLANNED.oddsFactor]
  factorSe.view[row] = numbers[from + PLANNED.factorSe]
  borrowed.view[row] = numbers[from + PLANNED.borrowed]
  displaced.view[row] = numbers[from + PLANNED.displaced]
}

/** Those that pass the guards are opened; their columns are the plan's. */
function addSteps(
  { g, guards }: Choosing,
  actions: Actions<ItemStep>,
  plans: ItemPlans,
  plan: Plan,
  dropped: Dropped,
  { campaign, first, after }: Target,
  barred: Barred,
  probability: number,
): void {
  const { steps, moveOf } = plans.setOf(plan)
  for (let s = first; s < after; s++) {
    const from = plans.movesOf(plan) + PLANNED_NUMBERS * moveOf[s]
    const discount = plans.numbers[from + PLANNED.discountMinor]
    const reason = limitGuard(guards, campaign, barred, discount) ?? (dropped === null ? null : dropped[moveOf[s]])
    if (reason !== null) actions.drop(steps[s], discount, probability, reason)
    else writeMove(g, plans, from, actions.open(steps[s], discount, probability))
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
