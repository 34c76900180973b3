/**
 * How much more, or less, a shopper buys than the scorer says, with and without offers: by what is known of shoppers, and by
 * their own record, which counts for as much as it is long.
 *
 *   B_u ~ Poisson(G_u μ_u),   μ_u = E_u e^(x_u β),   G_u ~ Gamma(a, a)
 *   log-odds added: x_u β + ln((a + B_u) / (a + μ_u))
 *
 * E_u purchases were expected of what the shopper was shown, B_u were made; purchases are rare, so odds and probabilities
 * are near. β by iterated weighted least squares with a ridge, on features that are centred and scaled; a by its marginal
 * likelihood, which is negative binomial (Hausman, Hall, Griliches, Econometrica 52, 1984).
 */
import { fitLinear } from './logistic.ts'
import type { ShopperFeatures } from './response-rows.ts'

const STEPS = 8
/** Precision of a coefficient's prior: a feature moves the odds by e^±1 for two of its deviations at most. */
const RIDGE = 4
/** Values of a that are tried: the larger, the more alike shoppers are. */
const SHAPES = [0.5, 1, 2, 4, 8, 16, 32, 64, 1e6]

export interface ShopperBases {
  /** x_u β, by shopper: of what was known before the record. */
  known: Float64Array
  /** The whole, by shopper. */
  base: Float64Array
  /** a. */
  shape: number
}

/** Purchases expected and made, by shopper. */
export function shopperBases(expected: Float64Array, made: Float64Array, features: ShopperFeatures): ShopperBases {
  const design = standardised(features)
  const known = knownBases(expected, made, design)
  const mean = expected.map((value, shopper) => value * Math.exp(known[shopper]))
  const likelihoods = SHAPES.map((shape) => likelihood(made, mean, shape))
  const shape = SHAPES[likelihoods.indexOf(Math.max(...likelihoods))]
  const base = known.map((value, shopper) => value + Math.log((shape + made[shopper]) / (shape + mean[shopper])))
  return { known, base, shape }
}

/** A column of ones, then the features: unknown values stand at the mean. Constant features are left out. */
function standardised({ nShoppers, names, values }: ShopperFeatures): { nCols: number; data: Float64Array } {
  const columns = names
    .map((_, f) => Float64Array.from({ length: nShoppers }, (_, shopper) => values[shopper * names.length + f]))
    .map(scaled)
    .filter((column) => column !== null)
  const nCols = columns.length + 1
  const data = new Float64Array(nShoppers * nCols)
  for (let shopper = 0; shopper < nShoppers; shopper++) {
    data[shopper * nCols] = 1
    for (const [f, column] of columns.entries()) data[shopper * nCols + f + 1] = column[shopper]
  }
  return { nCols, data }
}

function scaled(column: Float64Array): Float64Array | null {
  const known = column.filter((value) => !Number.isNaN(value))
  const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length)
  const deviation = Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, known.length))
  return deviation > 0 ? column.map((value) => (Number.isNaN(value) ? 0 : (value - mean) / deviation)) : null
}

function knownBases(
  expected: Float64Array,
  made: Float64Array,
  design: { nCols: number; data: Float64Array },
): Float64Array {
  const { nCols, data } = design
  const nRows = expected.length
  const ridge = new Float64Array(nCols).fill(RIDGE)
  let bases = new Float64Array(nRows)
  for (let step = 0; step < STEPS; step++) {
    const roots = expected.map((value, shopper) => Math.sqrt(value * Math.exp(bases[shopper])))
    const weighted = data.map((value, at) => value * roots[Math.floor(at / nCols)])
    const working = roots.map((root, shopper) =>
      root === 0 ? 0 : root * bases[shopper] + (made[shopper] - root ** 2) / root,
    )
    const { coefficients } = fitLinear({ nRows, nCols, data: weighted }, working, ridge, 'linear')
    bases = bases.map((_, shopper) => {
      let sum = 0
      for (let j = 0; j < nCols; j++) sum += data[shopper * nCols + j] * coefficients[j]
      return sum
    })
  }
  return bases
}

/** Of all records, up to what does not depend on the shape: ln Γ(B + a) − ln Γ(a) + a ln a − (B + a) ln(μ + a). */
function likelihood(made: Float64Array, mean: Float64Array, shape: number): number {
  let sum = 0
  for (let shopper = 0; shopper < made.length; shopper++) {
    for (let i = 0; i < made[shopper]; i++) sum += Math.log(shape + i)
    sum += shape * Math.log(shape) - (made[shopper] + shape) * Math.log(mean[shopper] + shape)
  }
  return sum
}
