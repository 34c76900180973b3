/**
 * One row of the decision log as impressions: what was shown, and of a choice that was drawn, what it gave and what it counts for.
 *
 * A policy gives offers to those, and on those items, where it expects most of them; where scoring misses something of how
 * likely they buy anyway, offered and not offered impressions differ by more than the offer. The log knows the exact
 * probabilities π_k that each choice was drawn by, so an impression whose action a was drawn counts
 *
 *   weight = H / π_a,   H = m / Σ_k 1/π_k, the harmonic mean of the m actions with π_k ≥ LEAST
 *
 * (generalised overlap weights: Li, Li, Annals of Applied Statistics 13, 2019, times m). In expectation every action of a choice
 * then counts H, so among choices between the same actions nothing that was known when choosing differs by action. Unlike
 * 1/π_a the weight is bounded, by m, and as E[weight] = E[weight²] the likelihood of weighted rows tells honest
 * standard errors. Actions that are hardly ever drawn take no part, as they would leave the others of their choice without
 * weight (trimming: Crump, Hotz, Imbens, Mitnik, Biometrika 96, 2009). A choice that could not have come out differently
 * counts 0: it is left out. So are hold-outs, which drew nothing and have items in them that no campaign is for: they stay
 * apart, to check by them what was learned.
 */
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import {
  actionsOf,
  DECISION_ROW_VERSION,
  type DecisionRow,
  type LoggedChoice,
} from '../../core/contract/decision-row.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import type { CartLine } from '../../core/contract/requests.ts'
import { MAX_ACTIONS } from '../../core/scoring/arena.ts'
import { AnsweredBasket, basketOf, type LoggedBasket, LoggedCart, LoggedTiers } from './logged-baskets.ts'

const Key = Type.Optional(Type.String({ minLength: 1 }))
const Share = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })
const Probability = Type.Number({ minimum: 0, maximum: 1 })

/** The part of a `DecisionRow` that is read here. */
const DecisionPart = Type.Object({
  v: Type.Literal(DECISION_ROW_VERSION),
  shop: Type.String(),
  time: Type.Integer({ minimum: 0 }),
  base: Type.Number(),
  request: Type.Object({ shopper: Key, session: Key, cart: LoggedCart }),
  answer: Type.Object({
    ...AnsweredBasket,
    items: Type.Array(
      Type.Object({
        item: Type.String(),
        purchaseProbability: Share,
        priceMinor: Type.Integer({ minimum: 0 }),
        offer: Type.Union([
          Type.Null(),
          Type.Object({
            campaign: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
            mechanism: Type.String({ pattern: '^[a-z_]{1,64}$' }),
            discountMinor: Type.Integer({ minimum: 0 }),
          }),
        ]),
        offerReason: Type.String(),
        propensity: Probability,
      }),
    ),
  }),
  propensities: Type.Array(
    Type.Object({
      actions: Type.Array(Type.String({ pattern: '^[^#]+#\\d{1,3}(-\\d{1,3})?$' }), { maxItems: MAX_ACTIONS }),
      probabilities: Type.Array(
        Type.Union([Probability, Type.Tuple([Probability, Type.Integer({ minimum: 1, maximum: MAX_ACTIONS })])]),
        { maxItems: MAX_ACTIONS },
      ),
    }),
  ),
  tiers: LoggedTiers,
})
type DecisionPart = Static<typeof DecisionPart>
const decisionPart = Compile(DecisionPart)

type AnsweredItem = DecisionPart['answer']['items'][number]

/** `not_drawn`: only one action could be; `holdout` and `kept` as in `OFFER_REASONS`; `closed`: any other reason there. */
export type ChoiceKind = 'drawn' | 'holdout' | 'kept' | 'closed' | 'not_drawn'

export interface LoggedImpression {
  item: string
  kind: ChoiceKind
  priceMinor: number
  /** Log-odds of buying without an offer and without the segment's base. */
  offset: number
  /** Of a choice that was drawn; 0 of any other. */
  weight: number
  /** Null: nothing was given. */
  offer: { campaign: string; mechanism: string; discount: number } | null
}

export interface LoggedDecision extends Pick<DecisionRow, 'shop' | 'time'> {
  shopper?: string
  session?: string
  cart: CartLine[]
  impressions: LoggedImpression[]
  basket: LoggedBasket
}

/** Reasons of a choice that was open. */
const OPEN = ['no_incremental_value', 'explored', 'incremental_value']
/** Probabilities are logged to the last digit; what they miss of 1 is the rounding of a sum. */
const ROUNDING = 1e-6
const LEAST = 5e-4

/** Throws `OfferwrightError` with the field where the line is not a whole row of this version. */
export function parseDecision(line: string): LoggedDecision {
  const row = parseAs<DecisionPart>(decisionPart, parseJson(line))
  const { shop, time, base, request, answer, propensities } = row
  if (propensities.length !== answer.items.length + 1) throw invalid('propensities', propensities.length)
  const impressions = answer.items.map((item, slot) => impressionOf(item, propensities[slot], base))
  const { shopper, session, cart = [] } = request
  return { shop, time, shopper, session, cart, impressions, basket: basketOfRow(row) }
}

function basketOfRow({ answer, propensities, tiers }: DecisionPart): LoggedBasket {
  const choice = propensities[answer.items.length]
  if (tiers !== undefined && answer.basketPropensity !== undefined) weightOf(choice, answer.basketPropensity)
  return basketOf(answer, choice, OPEN.includes(answer.basketReason ?? '') ? tiers : undefined)
}

function impressionOf(answered: AnsweredItem, choice: LoggedChoice, base: number): LoggedImpression {
  const { item, purchaseProbability: p, priceMinor, offer, offerReason, propensity } = answered
  if (offer !== null && offer.discountMinor > priceMinor) throw invalid('offer.discountMinor', offer.discountMinor)
  const weight = OPEN.includes(offerReason) ? weightOf(choice, propensity) : 0
  return {
    item,
    priceMinor,
    kind: kindOf(offerReason, weight),
    offset: Math.log(p / (1 - p)) - base,
    weight,
    offer: offer === null ? null : { ...offer, discount: priceMinor === 0 ? 0 : offer.discountMinor / priceMinor },
  }
}

function kindOf(reason: string, weight: number): ChoiceKind {
  if (reason === 'holdout' || reason === 'kept') return reason
  if (!OPEN.includes(reason)) return 'closed'
  return weight > 0 ? 'drawn' : 'not_drawn'
}

/** H / π_a, or 0 where nothing else could have been drawn. Throws where the probabilities are not those of a draw. */
export function weightOf(choice: LoggedChoice, propensity: number): number {
  const actions = actionsOf(choice)
  const told = choice.probabilities.reduce<number>((count, run) => count + (typeof run === 'number' ? 1 : run[1]), 0)
  if (told !== actions.length) throw invalid('propensities', told)
  const total = actions.reduce((sum, { probability }) => sum + probability, 0)
  if (Math.abs(total - 1) > ROUNDING) throw invalid('propensities', total)
  if (!actions.some(({ probability }) => probability === propensity)) throw invalid('propensity', propensity)
  const drawn = actions.filter(({ probability }) => probability >= LEAST)
  if (drawn.length === 1 || propensity < LEAST) return 0
  const harmonic = drawn.length / drawn.reduce((sum, { probability }) => sum + 1 / probability, 0)
  return harmonic / propensity
}

function invalid(field: string, value: unknown): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid ${field}: ${value}`, { field, value })
}
