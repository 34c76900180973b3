/**
 * How sure a fit is where rows are not independent: those of one shopper, and the tiers that one choice is compared with.
 *
 *   robust = A⁻¹ (Σ_c s_c s_cᵀ + Λ) A⁻¹,   A: information and prior, s_c: score of a cluster's rows, Λ: precision of the prior
 *
 * (Liang, Zeger, Biometrika 73, 1986.) Of a parameter that few clusters tell of this is too small, so each variance is the larger of
 * robust and plain; correlations are the robust ones.
 */
import { Matrix } from 'ml-matrix'
import { type FitRows, fittedProbabilities } from './response-cells.ts'
import { precisionsOf, type ResponseFit } from './response-fit.ts'
import { NO_OFFER } from './response-rows.ts'

/** `cluster`: by row; rows of one stand together. */
export function clusteredFit(rows: FitRows, cluster: Uint32Array, fit: ResponseFit): ResponseFit {
  const { shape, covariance, spreads } = fit
  const meat = Matrix.diag([...precisionsOf(shape.kinds(), spreads)])
  eachScore(rows, cluster, fit, (score) => {
    for (const [a, x] of score) for (const [b, y] of score) meat.set(a, b, meat.get(a, b) + x * y)
  })
  const robust = covariance.mmul(meat).mmul(covariance)
  const factors = Array.from({ length: shape.nParameters }, (_, p) =>
    Math.sqrt(Math.max(1, covariance.get(p, p) / robust.get(p, p))),
  )
  const scale = Matrix.diag(factors)
  return { ...fit, covariance: scale.mmul(robust).mmul(scale) }
}

/** The score of each cluster in turn, by the parameters that it touches. */
function eachScore(
  rows: FitRows,
  cluster: Uint32Array,
  { shape, parameters }: ResponseFit,
  take: (score: ReadonlyMap<number, number>) => void,
): void {
  const probability = fittedProbabilities(rows, shape, parameters)
  let score = new Map<number, number>()
  const add = (parameter: number, value: number) => score.set(parameter, (score.get(parameter) ?? 0) + value)
  for (let row = 0; row < cluster.length; row++) {
    const segment = rows.segment[row]
    const residual = rows.weight[row] * (rows.bought[row] - probability[row])
    for (const { parameter, times } of shape.base(segment)) add(parameter, times * residual)
    const campaign = rows.campaign[row]
    const shows = campaign === NO_OFFER ? [] : shape.show(shape.mechanismOf[campaign], segment, campaign)
    for (const { parameter, times } of shows) {
      add(parameter, times * residual)
      add(parameter + 1, times * residual * rows.priceMove[row])
    }
    if (cluster[row + 1] === cluster[row]) continue
    take(score)
    score = new Map()
  }
}
