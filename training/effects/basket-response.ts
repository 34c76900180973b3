/**
 * What a basket's offer does, learned from tiers that were promised by chance: by how much more, or less, than the price alone the
 * promise of R from T on moves the odds of reaching T.
 *
 *   logit P(reached) = b + a x + [promised] (show + slope t),   x = logit e^{−(T − S)/μ},   t = ε ln(1 − R/T) ≥ 0
 *
 * S: the cart's subtotal, μ: the shop's mean order, ε: its elasticity; serving takes b = 0, a = 1 for how often a tier is reached
 * anyway, and (show, slope) from here. Priors, campaigns drawn to their mechanism and the fit are those of items'
 * offers (`response-fit.ts`), in one segment. Rows of one shopper, and comparisons of one choice, are not independent:
 * standard errors are by shopper (`clustered.ts`).
 */

import { mechanismCurve } from '../../core/scoring/offers/response.ts'
import { NO_CODE, RESPONSE_NUMBERS } from '../../core/snapshot/layout.ts'
import type { ModelParameters } from '../../core/snapshot/manifest.ts'
import type { BasketRows } from './basket-impressions.ts'
import { clusteredFit } from './clustered.ts'
import { fitLinear } from './logistic.ts'
import { gainsOverPriceAlone, type MechanismGain } from './price-alone.ts'
import { PERIODS } from './records.ts'
import { curveOf, usualMove } from './response.ts'
import type { FitRows } from './response-cells.ts'
import { fitResponse, type ResponseFit } from './response-fit.ts'
import { checkRows, fitRows, NO_OFFER, priceMoves, type ResponseRows } from './response-rows.ts'
import { ResponseShape } from './response-shape.ts'
import { FOLDS } from './segments.ts'

/** Furthest that a cart is taken to be from a tier, or near it: odds of e^±12. */
const FARTHEST = 12

export type BasketModel = Pick<ModelParameters['basket'], 'meanOrderMinor' | 'elasticity'>

export interface BasketResponse {
  rows: ResponseRows
  fit: ResponseFit
  fitted: FitRows
  /** a: how far the odds of reaching a tier follow what the cart lacks. */
  gapSlope: number
  gains: MechanismGain[]
  /** Names of the curves, ids of campaigns and `mechanismCurve`, and the numbers of each. */
  curves: Map<string, number[]>
}

/** As the response is fitted on them. A subject is a shopper here, so that folds and errors are by subject. */
export function basketRows(
  { subject, nSubjects, ...rows }: BasketRows,
  { meanOrderMinor, elasticity }: BasketModel,
): ResponseRows {
  const length = subject.length
  return {
    shopper: subject,
    timeMs: rows.timeMs,
    campaign: rows.campaign,
    discount: rows.rewardMinor.map((rewardMinor, row) =>
      rows.campaign[row] === NO_OFFER ? 0 : rewardMinor / rows.thresholdMinor[row],
    ),
    elasticity: new Float64Array(length).fill(Math.min(0, elasticity)),
    offset: rows.missingMinor.map((missingMinor) => reachOffset(missingMinor, meanOrderMinor)),
    listed: new Float64Array(length),
    rivals: new Float64Array(length),
    nRivals: new Uint16Array(length),
    category: new Uint32Array(length).fill(NO_CODE),
    weight: rows.weight,
    bought: rows.reached,
    campaigns: rows.campaigns,
    mechanisms: [...new Set(rows.campaigns.map(({ mechanism }) => mechanism))].sort(),
    features: { nShoppers: nSubjects, names: [], values: new Float64Array(0) },
  }
}

/** Log-odds of e^{−missing/μ}, as far as they are told apart. */
function reachOffset(missingMinor: number, meanOrderMinor: number): number {
  const q = missingMinor / Math.max(1, meanOrderMinor)
  return Math.min(FARTHEST, Math.max(-FARTHEST, -Math.log(Math.expm1(Math.min(q, FARTHEST)))))
}

/** `rows`: some of either, as `nothingToLearn` asks. Throws `invalid_data` where a row cannot be. */
export function learnBasketResponse(rows: ResponseRows): BasketResponse {
  checkRows(rows)
  const { mechanisms, campaigns, shopper } = rows
  const mechanismOf = campaigns.map(({ mechanism }) => mechanisms.indexOf(mechanism))
  const gapSlope = gapSlopeOf(rows)
  const offset = rows.offset.map((x) => gapSlope * x)
  const fitted = fitRows(rows, new Uint32Array(shopper.length), offset)
  const everybody = new ResponseShape(new Float64Array(1), mechanisms.length, mechanismOf)
  const fit = clusteredFit(fitted, shopper, fitResponse(fitted, everybody))
  const segment = new Uint32Array(rows.features.nShoppers * PERIODS)
  const without = FOLDS.map(() => ({ index: new Float64Array(1), segment }))
  const unit = shopper.map((own) => own * PERIODS)
  const gains = gainsOverPriceAlone(rows, { segmentation: { without }, fitted, unit })
  const confirmed = new Set(gains.filter(({ interval: [low] }) => low > 0).map(({ mechanism }) => mechanism))
  return { rows, fit, fitted, gapSlope, gains, curves: curvesOf(rows, fit, usualMove(fitted), confirmed) }
}

/** a, beside the promises; the draw of promises does not depend on it, so weights may stay away. */
function gapSlopeOf(rows: ResponseRows): number {
  const { offset, campaign, bought } = rows
  const t = priceMoves(rows)
  const nCols = 4
  const data = new Float64Array(offset.length * nCols)
  for (let row = 0; row < offset.length; row++) {
    const isPromised = campaign[row] === NO_OFFER ? 0 : 1
    data.set([1, offset[row], isPromised, isPromised * t[row]], row * nCols)
  }
  const design = { nRows: offset.length, nCols, data }
  const { coefficients } = fitLinear(design, Float64Array.from(bought), new Float64Array(nCols).fill(1), 'logistic')
  return Math.min(1, Math.max(0, coefficients[1]))
}

/** Nothing of what a tier sells is known to be borrowed or taken from elsewhere. */
function curvesOf(
  { campaigns, mechanisms }: ResponseRows,
  fit: ResponseFit,
  usual: number,
  confirmed: ReadonlySet<string>,
): Map<string, number[]> {
  const curve = (mechanism: string, campaign: number) => {
    const numbers = curveOf(fit, mechanisms.indexOf(mechanism), 0, campaign, usual)
    return [...numbers, ...new Array<number>(RESPONSE_NUMBERS - numbers.length).fill(0)]
  }
  return new Map(
    [
      ...campaigns.map(({ id, mechanism }, c) => ({ name: id, mechanism, campaign: c })),
      ...mechanisms.map((mechanism) => ({ name: mechanismCurve(mechanism, 'basket'), mechanism, campaign: NO_OFFER })),
    ]
      .filter(({ mechanism }) => confirmed.has(mechanism))
      .map(({ name, mechanism, campaign }) => [name, curve(mechanism, campaign)]),
  )
}
