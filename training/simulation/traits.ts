/**
 * What a shop can see of its shoppers, and how much of their response that leaves hidden.
 *
 * A tier hints at the type. `types[].tiers` holds the chances S(tier | type) of the sharpest hint; the shop's is blurred
 * with the tiers' shares S(tier) = Σ_type share S(tier | type):
 *   P(tier | type) = (1 − a) S(tier) + a S(tier | type)   and so   P(type | tier) = (1 − a) share + a S(type | tier)
 * The response R is what PROBE_SHARE off does to a shopper's log-odds at the categories' mean elasticity ε:
 *   R = −r s ε′ + g,  ε′ = −ε ln(1 − PROBE_SHARE), s the shopper's own sensitivity (log-normal, mean 1)
 * The means of R by tier spread a times as far from the overall mean as with the sharpest hint, so the share of the
 * variance that tiers leave unexplained is 1 − a² V_S / V, and `hiddenResponse` fixes a.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { TruthParameters } from './parameters.ts'

const PROBE_SHARE = 0.1

export interface TraitTable {
  tierShares: number[]
  /** P(tier | type), by type, then tier. */
  tierGivenType: number[][]
  /** P(type | tier), by tier, then type. */
  typeGivenTier: number[][]
}

/** Throws `invalid_value` where even the sharpest hint leaves more hidden than `hiddenResponse`. */
export function traitTable(parameters: TruthParameters): TraitTable {
  const { types, tiers } = parameters
  const sharp = types.map((type) => normalised(type.tiers))
  const tierShares = tiers.map((_, tier) => sum(types.map(({ share }, type) => share * sharp[type][tier])))
  const a = blur(parameters, sharp, tierShares)
  const tierGivenType = sharp.map((row) => row.map((chance, tier) => (1 - a) * tierShares[tier] + a * chance))
  const typeGivenTier = tiers.map((_, tier) =>
    types.map(({ share }, type) =>
      tierShares[tier] === 0 ? share : (share * tierGivenType[type][tier]) / tierShares[tier],
    ),
  )
  return { tierShares, tierGivenType, typeGivenTier }
}

function blur(parameters: TruthParameters, sharp: number[][], tierShares: number[]): number {
  const { types, hiddenResponse } = parameters
  const { means, variance } = responses(parameters)
  const overall = sum(types.map(({ share }, type) => share * means[type]))
  const explained = sum(
    tierShares.map((tierShare, tier) => {
      if (tierShare === 0) return 0
      const mean = sum(types.map(({ share }, type) => share * sharp[type][tier] * means[type])) / tierShare
      return tierShare * (mean - overall) ** 2
    }),
  )
  if (hiddenResponse === 1) return 0
  const a = Math.sqrt(((1 - hiddenResponse) * variance) / explained)
  if (a <= 1) return a
  const least = (1 - explained / variance).toFixed(3)
  throw new OfferwrightError('invalid_value', `invalid hiddenResponse: ${hiddenResponse} (these tiers hide ${least})`, {
    field: 'hiddenResponse',
    value: hiddenResponse,
  })
}

/** Mean of R by type, and its variance over all shoppers. */
export function responses({ types, categories, sensitivitySd }: TruthParameters): {
  means: number[]
  variance: number
} {
  const elasticity = sum(categories.map((category) => category.elasticity)) / categories.length
  const lever = elasticity * Math.log(1 - PROBE_SHARE)
  const means = types.map(({ priceResponse, offerLogOdds }) => priceResponse * lever + offerLogOdds)
  const overall = sum(types.map(({ share }, type) => share * means[type]))
  const own = Math.exp(sensitivitySd ** 2) - 1
  const variance = sum(
    types.map(
      ({ share, priceResponse }, type) => share * ((means[type] - overall) ** 2 + own * (priceResponse * lever) ** 2),
    ),
  )
  return { means, variance }
}

function normalised(chances: number[]): number[] {
  const total = sum(chances)
  return chances.map((chance) => chance / total)
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
