/**
 * The choice among actions, for one item or for the basket. Action 0 gives nothing and is worth 0.
 *
 * For an action with discount δ on unit margin P − c, probabilities p_0 without and p_a with it, τ = p_a − p_0, b the share of
 * the extra units that is borrowed from later sales:
 *   value = τ (1 − b)(P − c) − p_a δ  −  z · se  −  λ p_a δ
 * The response moves the odds (`response.ts`), which for small probabilities is the log-log demand curve and never leaves
 * [0, 1]. Values are minor units an impression.
 */
import type { ConsideredAction, OfferReason } from '../../contract/answers.ts'
import { OFFER_REASONS } from '../../contract/answers.ts'
import type { PromotionPolicy } from '../../contract/campaigns.ts'
import { MAX_ACTIONS } from '../arena.ts'
import type { BasketStep, ItemStep } from '../campaigns/compile.ts'
import type { Generation } from '../generation.ts'
import { draw, type Identity } from '../identity.ts'
import type { GuardState } from './guards.ts'
import { type ShopperResponse, writeResponse } from './response.ts'

/** Everything that all choices of one decision share. */
export interface Choosing {
  g: Generation
  policy: PromotionPolicy
  /** By position in the campaign file. */
  dualPrices: Float64Array
  guards: GuardState
  identity: Identity
  /** Whose responses are looked up. */
  shopper: ShopperResponse
  /** Asks for every action with its value. */
  explain: boolean
}

/** What the choices of a decision drew from, one after the other: actions left after the guards, with their probabilities. */
export interface Drawn<S extends Step> {
  /** Null gives nothing: each choice begins with it. */
  steps: (S | null)[]
  probabilities: number[]
}

/** An action is one step of a campaign's ladder, for one item or one basket. */
type Step = ItemStep | BasketStep

export interface Choice<S extends Step> {
  /** Null: nothing is given. */
  step: S | null
  discountMinor: number
  /** Probability of buying with what was chosen; 0 where nothing was weighed. */
  useProbability: number
  reason: OfferReason
  propensity: number
  /** Empty unless asked for. */
  considered: ConsideredAction[]
}

/** Nothing is ever added to it. */
const NOT_ASKED: ConsideredAction[] = []

/** A choice that was never open. */
export function closed(drawn: Drawn<Step>, reason: OfferReason): Choice<never> {
  drawn.steps.push(null)
  drawn.probabilities.push(1)
  return { step: null, discountMinor: 0, useProbability: 0, reason, propensity: 1, considered: NOT_ASKED }
}

/** How a probability of buying answers a reduction. */
export interface Response {
  /** Margin over cost of what the shopper might buy, before the discount, and the probability of buying without it. */
  unitMarginMinor: number
  probability: number
  elasticity: number
  elasticitySe: number
}

/** The actions of one choice: those that pass the guards stand in the arena's columns from row 1 on. */
export class Actions<S extends Step> {
  readonly #choosing: Choosing
  readonly #drawn: Drawn<S>
  /** Where this choice begins in `#drawn`. */
  readonly #from: number
  readonly #considered: ConsideredAction[]
  /** Rows, each followed by what is added to the value that was weighed. */
  readonly #extra: number[] = []
  /** First of the guards, in the order of `OFFER_REASONS`, that dropped an action. */
  #firstDrop: number = OFFER_REASONS.length
  /** Rows that are weighed. */
  #weighed = 1
  #response: Response | null = null

  constructor(choosing: Choosing, drawn: Drawn<S>) {
    this.#choosing = choosing
    this.#drawn = drawn
    this.#from = drawn.steps.length
    drawn.steps.push(null)
    this.#considered = choosing.explain ? [] : NOT_ASKED
  }

  drop(step: S, discountMinor: number, { probability }: Response, reason: OfferReason): void {
    this.#firstDrop = Math.min(this.#firstDrop, OFFER_REASONS.indexOf(reason))
    if (this.#choosing.explain) this.#considered.push(dropped(step.on.id, discountMinor, probability, reason))
  }

  /** `logPrice`: ln(1 − d) of the share that the action takes off; `extra` adds to its value. */
  open(step: S, discountMinor: number, logPrice: number, response: Response, extra = 0): void {
    const { explain } = this.#choosing
    if (response !== this.#response) this.#weigh()
    this.#response = response
    const row = this.#drawn.steps.push(step) - 1 - this.#from
    writeAction(this.#choosing, step, discountMinor, logPrice, response, row)
    if (extra !== 0) this.#extra.push(row, extra)
    if (explain) this.#considered.push(dropped(step.on.id, discountMinor, response.probability, null))
  }

  /** Draws one action, or none. `slot` numbers the draw within the decision. */
  choose(slot: number): Choice<S> {
    const { steps, probabilities } = this.#drawn
    const n = this.#n
    if (n === 1) return this.#nothingOpen()
    this.#weigh()
    const { g, policy, identity } = this.#choosing
    const { value, propensity, discount, probability } = g.arena.actions
    value.view[0] = 0
    for (let i = 0; i < this.#extra.length; i += 2) value.view[this.#extra[i]] += this.#extra[i + 1]
    const isPersonal = policy.prices === 'personal'
    const chosen = g.kernel.chooseOffer(
      n,
      value.pointer,
      isPersonal ? policy.temperatureMinor : 0,
      isPersonal ? policy.explorationFloor : 0,
      isPersonal ? draw(g, identity, slot) : 0,
      propensity.pointer,
    )
    this.#explain()
    for (let a = 0; a < n; a++) probabilities.push(propensity.view[a])
    return {
      step: steps[this.#from + chosen],
      discountMinor: chosen === 0 ? 0 : discount.view[chosen],
      useProbability: chosen === 0 ? 0 : probability.view[chosen],
      reason: reasonOf(chosen, value.view, n),
      propensity: propensity.view[chosen],
      considered: this.#considered,
    }
  }

  /** Rows, with that of giving nothing. */
  get #n(): number {
    return this.#drawn.steps.length - this.#from
  }

  /** Nothing could be chosen, for this reason. */
  none(reason: OfferReason): Choice<S> {
    this.#drawn.probabilities.push(1)
    return { step: null, discountMinor: 0, useProbability: 0, reason, propensity: 1, considered: this.#considered }
  }

  #nothingOpen(): Choice<S> {
    return this.none(OFFER_REASONS[this.#firstDrop] ?? 'no_campaign')
  }

  /** Weighs the rows that share the last response. */
  #weigh(): void {
    const n = this.#n - this.#weighed
    if (this.#response === null || n === 0) return
    weigh(this.#choosing, this.#response, this.#weighed, n)
    this.#weighed += n
  }

  #extraOf(row: number): number {
    for (let i = 0; i < this.#extra.length; i += 2) if (this.#extra[i] === row) return this.#extra[i + 1]
    return 0
  }

  /** Fills in what weighing found of the actions that were not dropped. */
  #explain(): void {
    const { probability, margin, se, price, dual, value, propensity } = this.#choosing.g.arena.actions
    let row = 0
    for (const action of this.#considered) {
      if (action.droppedBy !== null) continue
      row++
      action.purchaseProbability = probability.view[row]
      action.incrementalMarginMinor = margin.view[row]
      action.uncertaintyMinor = se.view[row]
      action.resourcePriceMinor = price.view[row]
      action.budgetDualPrice = dual.view[row]
      action.jointMinor = this.#extraOf(row)
      action.valueMinor = value.view[row]
      action.propensity = propensity.view[row]
    }
  }
}

/** The value of one action by itself, in minor units. Works in the arena's last row, which no choice reaches. */
export function actionValue(
  choosing: Choosing,
  step: Step,
  discountMinor: number,
  logPrice: number,
  response: Response,
): number {
  writeAction(choosing, step, discountMinor, logPrice, response, MAX_ACTIONS)
  weigh(choosing, response, MAX_ACTIONS, 1)
  return choosing.g.arena.actions.value.view[MAX_ACTIONS]
}

/** An action's columns, before it is weighed. */
function writeAction(
  { g, dualPrices, shopper }: Choosing,
  { on }: Step,
  discountMinor: number,
  logPrice: number,
  { elasticity, elasticitySe }: Response,
  row: number,
): void {
  const { discount, dual } = g.arena.actions
  writeResponse(g, on.curve, shopper.segment, elasticity, elasticitySe, logPrice, row)
  discount.view[row] = discountMinor
  dual.view[row] = dualPrices[on.position]
}

/** Weighs `n` rows from `first` on, which share a response. */
function weigh(
  { g, policy }: Choosing,
  { unitMarginMinor, probability: p0 }: Response,
  first: number,
  n: number,
): void {
  const { discount, oddsFactor, factorSe, borrowed, dual, probability, margin, se, price, value } = g.arena.actions
  const at = 8 * first
  g.kernel.offerValues(
    n,
    unitMarginMinor,
    p0 / (1 - p0),
    discount.pointer + at,
    oddsFactor.pointer + at,
    factorSe.pointer + at,
    borrowed.pointer + at,
    policy.uncertaintyZ,
    dual.pointer + at,
    probability.pointer + at,
    margin.pointer + at,
    se.pointer + at,
    price.pointer + at,
    value.pointer + at,
  )
}

function reasonOf(chosen: number, values: Float64Array, n: number): OfferReason {
  let best = 0
  for (let a = 1; a < n; a++) if (values[a] > values[best]) best = a
  if (chosen !== best) return 'explored'
  return chosen === 0 ? 'no_incremental_value' : 'incremental_value'
}

function dropped(
  campaign: string,
  discountMinor: number,
  purchaseProbability: number,
  droppedBy: OfferReason | null,
): ConsideredAction {
  return {
    campaign,
    discountMinor,
    purchaseProbability,
    incrementalMarginMinor: 0,
    uncertaintyMinor: 0,
    resourcePriceMinor: 0,
    budgetDualPrice: 0,
    jointMinor: 0,
    valueMinor: 0,
    propensity: 0,
    droppedBy,
  }
}
