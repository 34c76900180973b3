/**
 * The choice among actions, for one item or for the basket. Action 0 gives nothing and is worth 0.
 *
 * For an action with discount δ on unit margin P − c, probabilities p_0 without and p_a with it, τ = p_a − p_0:
 *   value = τ(P − c) − p_a δ  −  z · se  −  λ p_a δ
 * The response moves the odds: odds_a = odds_0 · (1 − d)^ε for a reduction of share d and elasticity ε < 0, which for
 * small probabilities is the log-log demand curve and never leaves [0, 1]. Values are minor units an impression.
 */
import type { ConsideredAction, OfferReason } from '../contract/answers.ts'
import { OFFER_REASONS } from '../contract/answers.ts'
import type { PromotionPolicy } from '../contract/campaigns.ts'
import type { BasketStep, ItemStep } from './campaigns.ts'
import type { Generation } from './generation.ts'
import type { GuardState } from './guards.ts'
import { draw, type Identity } from './identity.ts'

/** Deepest share at which the response curve is read: the logarithm has no value at a whole reduction. */
const DEEPEST_SHARE = 0.95

/** Everything that all choices of one decision share. */
export interface Choosing {
  g: Generation
  policy: PromotionPolicy
  /** By position in the campaign file. */
  dualPrices: Float64Array
  guards: GuardState
  identity: Identity
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
  return { step: null, discountMinor: 0, reason, propensity: 1, considered: NOT_ASKED }
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

  /** `share` of the price, or of the spend threshold, is what the action takes off. */
  open(step: S, discountMinor: number, share: number, response: Response): void {
    if (response !== this.#response) this.#weigh()
    this.#response = response
    const { g, dualPrices, explain } = this.#choosing
    const { discount, oddsFactor, factorSe, dual } = g.arena.actions
    const row = this.#drawn.steps.push(step) - 1 - this.#from
    const logPrice = Math.log(1 - Math.min(share, DEEPEST_SHARE))
    discount.view[row] = discountMinor
    oddsFactor.view[row] = Math.exp(response.elasticity * logPrice)
    factorSe.view[row] = -response.elasticitySe * logPrice
    dual.view[row] = dualPrices[step.on.position]
    if (explain) this.#considered.push(dropped(step.on.id, discountMinor, response.probability, null))
  }

  /** Draws one action, or none. `slot` numbers the draw within the decision. */
  choose(slot: number): Choice<S> {
    const { steps, probabilities } = this.#drawn
    const n = this.#n
    if (n === 1) return this.#nothingOpen()
    this.#weigh()
    const { g, policy, identity } = this.#choosing
    const { value, propensity, discount } = g.arena.actions
    value.view[0] = 0
    const chosen = g.kernel.chooseOffer(
      n,
      value.pointer,
      policy.temperatureMinor,
      policy.explorationFloor,
      draw(g, identity, slot),
      propensity.pointer,
    )
    this.#explain()
    for (let a = 0; a < n; a++) probabilities.push(propensity.view[a])
    return {
      step: steps[this.#from + chosen],
      discountMinor: chosen === 0 ? 0 : discount.view[chosen],
      reason: reasonOf(chosen, value.view, n),
      propensity: propensity.view[chosen],
      considered: this.#considered,
    }
  }

  /** Rows, with that of giving nothing. */
  get #n(): number {
    return this.#drawn.steps.length - this.#from
  }

  #nothingOpen(): Choice<S> {
    this.#drawn.probabilities.push(1)
    const reason = OFFER_REASONS[this.#firstDrop] ?? 'no_campaign'
    return { step: null, discountMinor: 0, reason, propensity: 1, considered: this.#considered }
  }

  /** Weighs the rows that share the last response. */
  #weigh(): void {
    const n = this.#n - this.#weighed
    if (this.#response === null || n === 0) return
    const { g, policy } = this.#choosing
    const { unitMarginMinor, probability: p0 } = this.#response
    const { discount, oddsFactor, factorSe, dual, probability, margin, se, price, value } = g.arena.actions
    const at = 8 * this.#weighed
    g.kernel.offerValues(
      n,
      unitMarginMinor,
      p0 / (1 - p0),
      discount.pointer + at,
      oddsFactor.pointer + at,
      factorSe.pointer + at,
      policy.uncertaintyZ,
      dual.pointer + at,
      probability.pointer + at,
      margin.pointer + at,
      se.pointer + at,
      price.pointer + at,
      value.pointer + at,
    )
    this.#weighed += n
  }

  /** Fills in what weighing found of the actions that were not dropped. */
  #explain(): void {
    const { probability, margin, se, price, value, propensity } = this.#choosing.g.arena.actions
    let row = 0
    for (const action of this.#considered) {
      if (action.droppedBy !== null) continue
      row++
      action.purchaseProbability = probability.view[row]
      action.incrementalMarginMinor = margin.view[row]
      action.uncertaintyMinor = se.view[row]
      action.resourcePriceMinor = price.view[row]
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
    valueMinor: 0,
    propensity: 0,
    droppedBy,
  }
}
