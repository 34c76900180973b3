/** What a training run tells of the response that it learned. */
import { NO_INDEX } from '../duckdb.ts'
import type { BasketImpressions } from './basket-impressions.ts'
import type { BasketResponse } from './basket-response.ts'
import type { Impressions } from './impressions.ts'
import type { MechanismGain } from './price-alone.ts'
import type { LearnedResponse } from './response.ts'
import { fittedProbabilities, total } from './response-cells.ts'
import type { ResponseFit } from './response-fit.ts'
import { NO_OFFER, type ResponseRows } from './response-rows.ts'

const BINS = 10

type Metrics = Record<string, number>

/** What is told of the logs where nothing was learned of items. */
export function logMetrics({ decisions, sampled, leftOut, damaged }: Impressions): Metrics {
  return { decisions, sampled, ...prefixed('leftOut', leftOut), ...prefixed('damaged', damaged) }
}

/** `rows`: of the basket response, one a choice and a tier. */
export function basketMetrics({ choices, sampled, leftOut }: BasketImpressions, learned: BasketResponse): Metrics {
  const { rows, fit, fitted, gapSlope, gains } = learned
  return prefixed('basket', {
    choices,
    sampled,
    comparisons: rows.bought.length,
    promised: rows.campaign.filter((code) => code !== NO_OFFER).length,
    reached: rows.bought.reduce((sum, each) => sum + each, 0),
    ...prefixed('leftOut', leftOut),
    level: fit.parameters[0],
    gapSlope,
    ...mechanismMetrics(rows.mechanisms, fit, fitted.segment),
    ...Object.assign({}, ...gains.map(gainMetrics)),
  })
}

export function responseMetrics(
  { decisions, sampled, holdout, leftOut, damaged }: Impressions,
  rows: ResponseRows,
  learned: LearnedResponse,
  gains: MechanismGain[],
): Metrics {
  const { segmentation, fitted } = learned
  const [low, high] = segmentation.interval
  return {
    decisions,
    sampled,
    impressions: rows.bought.length,
    offers: rows.campaign.filter((code) => code !== NO_OFFER).length,
    purchases: rows.bought.reduce((sum, each) => sum + each, 0),
    ...prefixed('leftOut', leftOut),
    ...prefixed('damaged', damaged),
    // By how much items are bought more, until they are shown again, than scoring says of seven days.
    level: learned.level,
    cannibalised: learned.cannibalised.mean,
    cannibalisedSe: learned.cannibalised.se,
    segments: learned.listed.length,
    signal: low > 0 ? 1 : 0,
    signalGain: segmentation.gain,
    signalLow: low,
    signalHigh: high,
    ...Object.assign({}, ...learned.classes.map((told, k) => prefixed(`class${k + 1}`, { ...told }))),
    ...mechanismMetrics(rows.mechanisms, learned.fit, fitted.segment),
    ...Object.assign({}, ...gains.map(gainMetrics)),
    ...calibrationMetrics(rows, learned),
    ...holdoutMetrics(holdout, learned),
  }
}

function gainMetrics({ mechanism, gain, interval: [gainLow, gainHigh] }: MechanismGain): Metrics {
  return prefixed(mechanism, { gain, gainLow, gainHigh })
}

/** Show and slope of each mechanism, the mean over all rows, with standard errors. */
function mechanismMetrics(mechanisms: readonly string[], fit: ResponseFit, segment: Uint32Array): Metrics {
  const shares = new Float64Array(fit.shape.nSegments)
  for (const s of segment) shares[s] += 1 / segment.length
  return Object.assign(
    {},
    ...mechanisms.map((mechanism, m) => {
      const weightOf = new Map<number, number>()
      shares.forEach((share, s) => {
        for (const { parameter, times } of fit.shape.show(m, s, NO_OFFER))
          weightOf.set(parameter, (weightOf.get(parameter) ?? 0) + share * times)
      })
      const show = weightedSum(fit, weightOf, 0)
      const slope = weightedSum(fit, weightOf, 1)
      return prefixed(mechanism, { show: show.mean, showSe: show.error, slope: slope.mean, slopeSe: slope.error })
    }),
  )
}

/** Σ_p weight_p θ_{p + shift} and its standard error. */
function weightedSum({ parameters, covariance }: ResponseFit, weightOf: ReadonlyMap<number, number>, shift: number) {
  let [mean, variance] = [0, 0]
  for (const [p, weight] of weightOf) {
    mean += weight * parameters[p + shift]
    for (const [q, other] of weightOf) variance += weight * other * covariance.get(p + shift, q + shift)
  }
  return { mean, error: Math.sqrt(variance) }
}

/**
 * Shares bought with an offer: as it was, as the response says, and as the price alone would have it. `calibrationError`: mean
 * distance of the two former over tenths of all impressions by probability.
 */
function calibrationMetrics(rows: ResponseRows, { fit, fitted }: LearnedResponse): Metrics {
  const probability = fittedProbabilities(fitted, fit.shape, fit.parameters)
  let [weight, bought, expected, byPrice] = [0, 0, 0, 0]
  for (let row = 0; row < probability.length; row++) {
    if (rows.campaign[row] === NO_OFFER) continue
    const base = total(fit.parameters, fit.shape.base(fitted.segment[row]))
    weight += rows.weight[row]
    bought += rows.weight[row] * rows.bought[row]
    expected += rows.weight[row] * probability[row]
    byPrice += rows.weight[row] / (1 + Math.exp(-(fitted.offset[row] + base + fitted.priceMove[row])))
  }
  return {
    offeredBought: bought / weight,
    offeredExpected: expected / weight,
    offeredByPriceAlone: byPrice / weight,
    calibrationError: calibrationError(rows, probability),
  }
}

function calibrationError({ weight, bought }: ResponseRows, probability: Float64Array): number {
  const order = Uint32Array.from(probability.keys()).sort((a, b) => probability[a] - probability[b])
  const missed = new Float64Array(BINS)
  order.forEach((row, at) => {
    missed[Math.floor((at * BINS) / order.length)] += weight[row] * (bought[row] - probability[row])
  })
  const all = weight.reduce((sum, each) => sum + each, 0)
  return missed.reduce((sum, each) => sum + Math.abs(each), 0) / all
}

/** Nobody here got an offer, and nothing was learned from them: expected is what scoring says with the learned bases. */
function holdoutMetrics(
  { shopper, offset, bought }: Impressions['holdout'],
  { base, level }: LearnedResponse,
): Metrics {
  if (bought.length === 0) return {}
  let expected = 0
  for (let row = 0; row < bought.length; row++) {
    const own = base[shopper[row] === NO_INDEX ? base.length - 1 : shopper[row]]
    expected += 1 / (1 + Math.exp(-(offset[row] + own + level)))
  }
  const sold = bought.reduce((sum, each) => sum + each, 0)
  return {
    holdoutImpressions: bought.length,
    holdoutBought: sold / bought.length,
    holdoutExpected: expected / bought.length,
  }
}

function prefixed(prefix: string, metrics: Metrics): Metrics {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}.${name}`, value]))
}
