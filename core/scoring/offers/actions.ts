/**
 * The choice among actions, for one item or for the basket. Action 0 gives nothing and is worth 0.
 *
 * For an action with discount δ on unit margin P − c, probabilities p_0 without and p_a with it, b the share of the units sold
 * that is borrowed from later sales, and k R the margin that rivals in the answer lose:
 *   Δm    = p_a ((1 − b)(P − c) − δ) − p_0 (P − c) − k R
 *   value = Δm  −  z · se  −  what it is charged for scarce resources (`dual-prices.ts`)
 * The response moves the odds (`response.ts`), which for small probabilities is the log-log demand curve and never leaves
 * [0, 1]. Values are minor units an impression.
 */
import type { ConsideredAction, OfferReason } from '../../contract/answers.ts'
import { OFFER_REASONS } from '../../contract/answers.ts'
import type { PromotionPolicy } from '../../contract/campaigns.ts'
import type { BasketStep, ItemStep } from '../campaigns/compile.ts'
import { bindingResource, type DualPrices } from '../dual-prices.ts'
import type { Generation } from '../generation.ts'
import { draw, type Identity } from '../identity.ts'
import { PIECES, type Piece } from '../json-pieces.ts'
import type { GuardState } from './guards.ts'
import type { ShopperResponse } from './response.ts'
import { type Weighed, weigh, writePrices } from './weighing.ts'

/** Everything that all choices of one decision share. */
export interface Choosing {
  g: Generation
  policy: PromotionPolicy
  dualPrices: DualPrices
  /** All of them are 0: mostly so, and then no action's are written or read. */
  isFree: boolean
  /** By position in the campaign file: what a minor unit that is expected off costs, see `dual-prices.ts`. */
  perMinor: Float64Array
  guards: GuardState
  identity: Identity
  /** Whose responses are looked up. */
  shopper: ShopperResponse
  /** Asks for every action with its value. */
  explain: boolean
}

/** An action is one step of a campaign's ladder, for one item or one basket. */
type Step = ItemStep | BasketStep

export interface Choice<S extends Step> {
  /** Null: nothing is given. */
  step: S | null
  discountMinor: number
  /** Probability of buying with what was chosen; 0 where nothing was weighed. */
  useProbability: number
  /** Δm of what was chosen. */
  marginMinor: number
  reason: OfferReason
  propensity: number
  /** What it drew from besides giving nothing: the actions left after the guards. */
  open: S[]
  /** Of giving nothing, then of each of them. */
  probabilities: number[]
  /** All of `open` as a row lists it, where that is known already; else -1. */
  logged: Piece
  /** Empty unless asked for. */
  considered: ConsideredAction[]
}

/** Nothing is ever added to these. */
const NOT_ASKED: ConsideredAction[] = []
const NO_STEPS: never[] = []
const CERTAIN = [1]

/** A choice that was never open. */
export function closed(reason: OfferReason, considered = NOT_ASKED): Choice<never> {
  return {
    step: null,
    discountMinor: 0,
    useProbability: 0,
    marginMinor: 0,
    reason,
    propensity: 1,
    open: NO_STEPS,
    probabilities: CERTAIN,
    logged: PIECES.nothing,
    considered,
  }
}

/** Steps of which many are the same move: see `plans.ts`. */
export interface StepSet<S extends Step> {
  steps: S[]
  /** By step, the position of its campaign. */
  positions: Int32Array
  /** By step, its move. */
  moveOf: Int32Array
  /** The first step of each move. */
  moves: S[]
}

/** Gathers the actions of one choice: those that pass the guards stand in the arena's columns from row 1 on. */
export class Actions<S extends Step> {
  readonly #choosing: Choosing
  /** Empty unless asked for. */
  readonly considered: ConsideredAction[]
  #open: S[] = []
  /** By action that is open, its move, where rows hold moves; null: a row each. */
  #moveOf: Int32Array | null = null
  /** Position in `OFFER_REASONS` of the first of the guards that dropped an action. */
  #firstDrop: number = OFFER_REASONS.length

  constructor(choosing: Choosing) {
    this.#choosing = choosing
    this.considered = choosing.explain ? [] : NOT_ASKED
  }

  drop(step: S, discountMinor: number, probability: number, reason: OfferReason): void {
    this.#firstDrop = Math.min(this.#firstDrop, OFFER_REASONS.indexOf(reason))
    if (this.#choosing.explain) this.considered.push(unweighed(step, discountMinor, probability, reason))
  }

  /** Takes an action over into the next row, which it tells; whoever calls fills that row's columns. */
  open(step: S, discountMinor: number, probability: number, jointMinor = 0): number {
    const row = this.#open.push(step)
    this.#choosing.g.arena.actions.discount.view[row] = discountMinor
    writePrices(this.#choosing, step.on.position, row)
    if (this.#choosing.explain) this.considered.push(unweighed(step, discountMinor, probability, null, jointMinor))
    return row
  }

  /** Takes over all steps of a set at once, which stay as they are; rows from 1 on hold its moves, which are weighed here. */
  openMoves({ steps, positions, moves, moveOf }: StepSet<S>, weighed: Weighed): void {
    this.#open = steps
    this.#moveOf = moveOf
    const { g, isFree } = this.#choosing
    const { actions, moveOf: movesOfSteps } = g.arena
    weigh(this.#choosing, weighed, 1, moves.length, true)
    if (!isFree) for (let s = 0; s < steps.length; s++) writePrices(this.#choosing, positions[s], 1 + s)
    movesOfSteps.view.set(moveOf)
    const { discount, probability, margin, value, free, dual, stockDual, returnDual, stepValue } = actions
    const at = 8
    g.kernel.stepValues(
      steps.length,
      movesOfSteps.pointer,
      discount.pointer + at,
      probability.pointer + at,
      margin.pointer + at,
      value.pointer + at,
      (isFree ? free : dual).pointer + at,
      (isFree ? free : stockDual).pointer + at,
      (isFree ? free : returnDual).pointer + at,
      stepValue.pointer + at,
    )
  }

  /** Actions that were opened. */
  get count(): number {
    return this.#open.length
  }

  /** Draws one action, or none, of rows that are weighed. `slot` numbers the draw; `logged`: what was opened, as a row lists it. */
  choose(slot: number, logged: Piece): Choice<S> {
    const open = this.#open
    const n = 1 + open.length
    if (n === 1) return closed(OFFER_REASONS[this.#firstDrop] ?? 'no_campaign', this.considered)
    const { g, policy, identity } = this.#choosing
    const { propensity, discount, probability, margin } = g.arena.actions
    const value = this.#moveOf === null ? g.arena.actions.value : g.arena.actions.stepValue
    value.view[0] = 0
    const isPersonal = policy.prices === 'personal'
    const chosen = g.kernel.chooseOffer(
      n,
      value.pointer,
      isPersonal ? policy.temperatureMinor : 0,
      isPersonal ? policy.explorationFloor : 0,
      isPersonal ? draw(g, identity, slot) : 0,
      propensity.pointer,
    )
    if (this.#choosing.explain) this.#explain()
    const probabilities = new Array<number>(n)
    for (let a = 0; a < n; a++) probabilities[a] = propensity.view[a]
    const row = chosen === 0 || this.#moveOf === null ? chosen : 1 + this.#moveOf[chosen - 1]
    return {
      step: chosen === 0 ? null : open[chosen - 1],
      discountMinor: chosen === 0 ? 0 : discount.view[row],
      useProbability: chosen === 0 ? 0 : probability.view[row],
      marginMinor: chosen === 0 ? 0 : margin.view[row],
      reason: reasonOf(chosen, value.view, n),
      propensity: propensity.view[chosen],
      open,
      probabilities,
      logged,
      considered: this.considered,
    }
  }

  /** Fills in what weighing found of the actions that were not dropped. */
  #explain(): void {
    const { g, dualPrices } = this.#choosing
    const { probability, margin, se, price, value, propensity } = g.arena.actions
    let row = 0
    for (const action of this.considered) {
      if (action.droppedBy !== null) continue
      row++
      action.purchaseProbability = probability.view[row]
      action.incrementalMarginMinor = margin.view[row]
      action.uncertaintyMinor = se.view[row]
      action.resourcePriceMinor = price.view[row]
      const { on } = this.#open[row - 1]
      action.budgetDualPrice = dualPrices.budget[on.position]
      action.stockDualPrice = dualPrices.stock[on.position]
      action.returnDualPrice = dualPrices.return[on.position]
      action.bindingResource = bindingResource(on, dualPrices, {
        expectedMinor: probability.view[row] * action.discountMinor,
        useProbability: probability.view[row],
        marginMinor: margin.view[row],
      })
      action.valueMinor = value.view[row]
      action.propensity = propensity.view[row]
    }
  }
}

function reasonOf(chosen: number, values: Float64Array, n: number): OfferReason {
  let best = 0
  for (let a = 1; a < n; a++) if (values[a] > values[best]) best = a
  if (chosen !== best) return 'explored'
  return chosen === 0 ? 'no_incremental_value' : 'incremental_value'
}

function unweighed(
  { on }: Step,
  discountMinor: number,
  purchaseProbability: number,
  droppedBy: OfferReason | null,
  jointMinor = 0,
): ConsideredAction {
  return {
    campaign: on.id,
    discountMinor,
    purchaseProbability,
    incrementalMarginMinor: 0,
    uncertaintyMinor: 0,
    resourcePriceMinor: 0,
    budgetDualPrice: 0,
    stockDualPrice: 0,
    returnDualPrice: 0,
    bindingResource: null,
    jointMinor,
    valueMinor: 0,
    propensity: 0,
    droppedBy,
  }
}
