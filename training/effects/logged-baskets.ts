/**
 * The basket's side of a row of the decision log: which tiers its choice drew from, what was drawn, and what that counts for.
 *
 * A choice between nothing and tiers 1 … m is m comparisons of nothing with one tier. Where nothing was drawn, the cart says of
 * every tier how often it is reached without the promise of it; where tier j was, of that one with it. In the comparison with j
 * what was drawn counts as in `logged-choices.ts`, of two actions:
 *
 *   weight = H / π_drawn,   H = 2 / (1/π_0 + 1/π_j)
 *
 * So in expectation either side of a comparison counts H, and nothing that was known when choosing differs by it.
 */
import Type, { type Static } from 'typebox'
import { actionsOf, type LoggedChoice, type LoggedTier } from '../../core/contract/decision-row.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { CartLine } from '../../core/contract/requests.ts'

const Minor = Type.Integer({ minimum: 0 })
const Above = Type.Integer({ minimum: 1 })

/** Parts of a `DecisionRow`; of rows before tiers were logged, some are not there. */
export const LoggedCart = Type.Optional(Type.Array(CartLine))
export const LoggedTiers = Type.Optional(Type.Array(Type.Tuple([Above, Minor, Above])))
export const AnsweredBasket = {
  basketOffer: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        campaign: Type.String(),
        mechanism: Type.String({ pattern: '^[a-z_]{1,64}$' }),
        thresholdMinor: Above,
        rewardMinor: Minor,
      }),
    ]),
  ),
  basketReason: Type.Optional(Type.String()),
  basketPropensity: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
}
const Answered = Type.Object(AnsweredBasket)

/** One tier that was promised, or that could have been where nothing was. */
export interface LoggedBasketTier {
  thresholdMinor: number
  rewardMinor: number
  missingMinor: number
  weight: number
}

export interface LoggedBasket {
  /** Null: nothing was promised. */
  campaign: { id: string; mechanism: string } | null
  /** Empty where the choice teaches nothing. */
  tiers: LoggedBasketTier[]
}

/** What serving draws less often takes no part, as in `logged-choices.ts`. */
const LEAST = 5e-4

/** Throws `OfferwrightError` with the field where tiers, choice and answer are not of one decision. */
export function basketOf(
  { basketOffer = null }: Static<typeof Answered>,
  choice: LoggedChoice,
  tiers: LoggedTier[] | undefined,
): LoggedBasket {
  if (tiers === undefined) return { campaign: null, tiers: [] }
  const [nothing, ...actions] = actionsOf(choice)
  if (tiers.length !== actions.length) throw invalid('tiers', tiers.length)
  const compared = actions.map(({ action, probability }, a) => {
    const [thresholdMinor, rewardMinor, missingMinor] = tiers[a]
    if (rewardMinor > thresholdMinor) throw invalid('tiers', rewardMinor)
    const isDrawn =
      basketOffer !== null &&
      action.startsWith(`${basketOffer.campaign}#`) &&
      thresholdMinor === basketOffer.thresholdMinor &&
      rewardMinor === basketOffer.rewardMinor
    const isLikely = Math.min(probability, nothing.probability) >= LEAST
    const both = probability + nothing.probability
    const weight = isLikely ? (2 * (isDrawn ? nothing.probability : probability)) / both : 0
    return { isDrawn, tier: { thresholdMinor, rewardMinor, missingMinor, weight } }
  })
  const drawn = basketOffer === null ? compared : compared.filter(({ isDrawn }) => isDrawn)
  if (basketOffer !== null && drawn.length !== 1) throw invalid('basketOffer', basketOffer.thresholdMinor)
  return {
    campaign: basketOffer === null ? null : { id: basketOffer.campaign, mechanism: basketOffer.mechanism },
    tiers: drawn.map(({ tier }) => tier).filter(({ weight }) => weight > 0),
  }
}

function invalid(field: string, value: unknown): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid ${field}: ${value}`, { field, value })
}
