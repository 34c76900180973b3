/**
 * What actions are worth: their rows of the arena's columns, and the kernel that weighs them (`assembly/offers.ts` has the formula that
 * `actions.ts` begins with).
 */
import { MAX_ACTIONS } from '../arena.ts'
import type { BasketStep, ItemStep } from '../campaigns/compile.ts'
import type { Choosing } from './actions.ts'
import { type Moved, movedBy } from './response.ts'

/** Margin over cost of what the shopper might buy, before the discount, and the probability of buying without it. */
export interface Weighed {
  unitMarginMinor: number
  probability: number
  /** Margin that the other items of its category in the answer lose per unit of log-odds: see `rivals.ts`. */
  rivalMinor: number
}

/** How a probability of buying answers a reduction. */
export interface Response extends Weighed {
  elasticity: number
  elasticitySe: number
}

/** The value of one action by itself, in minor units. Works in the arena's last row, which no choice reaches. */
export function actionValue(
  choosing: Choosing,
  { on }: ItemStep | BasketStep,
  discountMinor: number,
  logPrice: number,
  response: Response,
): number {
  const { g, shopper } = choosing
  const { discount, value } = g.arena.actions
  const { elasticity, elasticitySe } = response
  discount.view[MAX_ACTIONS] = discountMinor
  writePrices(choosing, on.position, MAX_ACTIONS)
  const moved = movedBy(g, on.curve, shopper.segment, elasticity, elasticitySe, logPrice)
  writeMoved(choosing, moved, MAX_ACTIONS)
  weigh(choosing, response, MAX_ACTIONS, 1, choosing.isFree)
  return value.view[MAX_ACTIONS]
}

/** What an action of the campaign at a position of the file is charged, into a row of the arena's columns. */
export function writePrices({ g, perMinor, dualPrices, isFree }: Choosing, position: number, row: number): void {
  if (isFree) return
  const { dual, stockDual, returnDual } = g.arena.actions
  dual.view[row] = perMinor[position]
  stockDual.view[row] = dualPrices.stock[position]
  returnDual.view[row] = dualPrices.return[position]
}

/** How an action moves the odds, into a row of the arena's columns. */
export function writeMoved({ g }: Choosing, { oddsFactor, factorSe, borrowed, displaced }: Moved, row: number): void {
  const { actions } = g.arena
  actions.oddsFactor.view[row] = oddsFactor
  actions.factorSe.view[row] = factorSe
  actions.borrowed.view[row] = borrowed
  actions.displaced.view[row] = displaced
}

/** Weighs `n` rows from `first` on, which share a response. `isFree`: whatever their campaigns are charged. */
export function weigh(
  { g, policy }: Choosing,
  { unitMarginMinor, probability: p0, rivalMinor }: Weighed,
  first: number,
  n: number,
  isFree: boolean,
): void {
  const { discount, oddsFactor, factorSe, borrowed, displaced, dual, stockDual, returnDual } = g.arena.actions
  const { free, probability, margin, se, price, value } = g.arena.actions
  const at = 8 * first
  g.kernel.offerValues(
    n,
    unitMarginMinor,
    p0 / (1 - p0),
    discount.pointer + at,
    oddsFactor.pointer + at,
    factorSe.pointer + at,
    borrowed.pointer + at,
    displaced.pointer + at,
    rivalMinor,
    policy.uncertaintyZ,
    (isFree ? free : dual).pointer + at,
    (isFree ? free : stockDual).pointer + at,
    (isFree ? free : returnDual).pointer + at,
    probability.pointer + at,
    margin.pointer + at,
    se.pointer + at,
    price.pointer + at,
    value.pointer + at,
  )
}

/** Weighs `n` rows from row 1 on, whose unit margins and odds stand beside them. */
export function weighTiers({ g, policy, isFree }: Choosing, n: number): void {
  const { unitMargin, oddsNone, discount, oddsFactor, factorSe, borrowed, displaced, dual, stockDual, returnDual } =
    g.arena.actions
  const { free, probability, margin, se, price, value } = g.arena.actions
  const at = 8
  g.kernel.tierValues(
    n,
    unitMargin.pointer + at,
    oddsNone.pointer + at,
    discount.pointer + at,
    oddsFactor.pointer + at,
    factorSe.pointer + at,
    borrowed.pointer + at,
    displaced.pointer + at,
    policy.uncertaintyZ,
    (isFree ? free : dual).pointer + at,
    (isFree ? free : stockDual).pointer + at,
    (isFree ? free : returnDual).pointer + at,
    probability.pointer + at,
    margin.pointer + at,
    se.pointer + at,
    price.pointer + at,
    value.pointer + at,
  )
}
