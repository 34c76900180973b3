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
import type { Generation } from './generation.ts'
import { draw, type Identity } from './identity.ts'

/** Deepest share at which the response curve is read: the logarithm has no value at a whole reduction. */
const DEEPEST_SHARE = 0.95

/** One action before it is weighed. */
export interface Action {
  /** `campaign#step`, the step of the campaign's ladder counted from 0. */
  label: string
  campaign: string
  position: number
  discountMinor: number
  /** Share of the price, or of the spend threshold, that it takes off. */
  share: number
  droppedBy: OfferReason | null
  /** Margin over cost of what the shopper might buy, before the discount, and the probability of buying without it. */
  unitMarginMinor: number
  probability: number
  elasticity: number
  elasticitySe: number
}

export interface Choice<A extends Action> {
  /** Null: nothing is given. */
  action: A | null
  reason: OfferReason
  propensity: number
  /** Of the actions left after the guards; position 0 gives nothing. */
  actions: string[]
  probabilities: number[]
  /** Empty unless asked for. */
  considered: ConsideredAction[]
}

/** A choice that was never open. */
export function closed(reason: OfferReason): Choice<never> {
  return { action: null, reason, propensity: 1, actions: [NOTHING], probabilities: [1], considered: [] }
}

const NOTHING = 'nothing'

/**
 * Weighs the actions that passed the guards and draws one. `slot` numbers the draw within the decision; `explain` asks
 * for every action with its value.
 */
export function choose<A extends Action>(
  g: Generation,
  policy: PromotionPolicy,
  dualPrices: Float64Array,
  identity: Identity,
  slot: number,
  actions: A[],
  explain: boolean,
): Choice<A> {
  const open = actions.filter((action) => action.droppedBy === null)
  if (open.length === 0) return { ...closed(firstReason(actions)), considered: explain ? actions.map(dropped) : [] }
  weigh(g, policy, dualPrices, open)
  const { value, propensity } = g.arena.actions
  const n = open.length + 1
  const chosen = g.kernel.chooseOffer(
    n,
    value.pointer,
    policy.temperatureMinor,
    policy.explorationFloor,
    draw(g, identity, slot),
    propensity.pointer,
  )
  const probabilities = Array.from(propensity.view.subarray(0, n))
  return {
    action: chosen === 0 ? null : open[chosen - 1],
    reason: reasonOf(chosen, value.view, n),
    propensity: probabilities[chosen],
    actions: [NOTHING, ...open.map((action) => action.label)],
    probabilities,
    considered: explain ? considered(g, actions, open) : [],
  }
}

/** Fills the arena's action columns; row 0 is "nothing", row a + 1 is `open[a]`. */
function weigh(g: Generation, policy: PromotionPolicy, dualPrices: Float64Array, open: Action[]): void {
  const { discount, oddsFactor, factorSe, dual, probability, margin, se, price, value } = g.arena.actions
  value.view[0] = 0
  open.forEach((action, a) => {
    const logPrice = Math.log(1 - Math.min(action.share, DEEPEST_SHARE))
    discount.view[a + 1] = action.discountMinor
    oddsFactor.view[a + 1] = Math.exp(action.elasticity * logPrice)
    factorSe.view[a + 1] = -action.elasticitySe * logPrice
    dual.view[a + 1] = dualPrices[action.position]
  })
  // Actions of one item share margin and odds, those of the basket do not: each run of equals is one call.
  for (let from = 0; from < open.length; ) {
    const { unitMarginMinor, probability: p0 } = open[from]
    let to = from + 1
    while (to < open.length && open[to].unitMarginMinor === unitMarginMinor && open[to].probability === p0) to++
    const at = 8 * (from + 1)
    g.kernel.offerValues(
      to - from,
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
    from = to
  }
}

function reasonOf(chosen: number, values: Float64Array, n: number): OfferReason {
  let best = 0
  for (let a = 1; a < n; a++) if (values[a] > values[best]) best = a
  if (chosen !== best) return 'explored'
  return chosen === 0 ? 'no_incremental_value' : 'incremental_value'
}

function firstReason(actions: Action[]): OfferReason {
  const reasons = actions.map((action) => OFFER_REASONS.indexOf(action.droppedBy ?? 'no_campaign'))
  return reasons.length === 0 ? 'no_campaign' : OFFER_REASONS[Math.min(...reasons)]
}

function considered(g: Generation, actions: Action[], open: Action[]): ConsideredAction[] {
  const { probability, margin, se, price, value, propensity } = g.arena.actions
  return actions.map((action) => {
    const a = open.indexOf(action) + 1
    if (a === 0) return dropped(action)
    return {
      campaign: action.campaign,
      discountMinor: action.discountMinor,
      purchaseProbability: probability.view[a],
      incrementalMarginMinor: margin.view[a],
      uncertaintyMinor: se.view[a],
      resourcePriceMinor: price.view[a],
      valueMinor: value.view[a],
      propensity: propensity.view[a],
      droppedBy: null,
    }
  })
}

function dropped(action: Action): ConsideredAction {
  return {
    campaign: action.campaign,
    discountMinor: action.discountMinor,
    purchaseProbability: action.probability,
    incrementalMarginMinor: 0,
    uncertaintyMinor: 0,
    resourcePriceMinor: 0,
    valueMinor: 0,
    propensity: 0,
    droppedBy: action.droppedBy,
  }
}
