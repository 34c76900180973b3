/**
 * What offers do, learned from logged choices: the tables of a snapshot's section `response`, which serving looks up.
 * Everybody's response first; then segments of shoppers who answer differently, if there are any; then all curves at once.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { RESPONSE_NUMBERS } from '../../core/snapshot/layout.ts'
import { NO_INDEX } from '../duckdb.ts'
import { type FitRows, fittedProbabilities, total } from './response-cells.ts'
import { fitResponse, type ResponseFit } from './response-fit.ts'
import { checkRows, fitRows, NO_OFFER, nothingToLearn, type ResponseRows } from './response-rows.ts'
import { ResponseShape, SPREAD } from './response-shape.ts'
import type { ResponseScores, SegmentOptions } from './segment-tree.ts'
import { learnSegments, type Segmentation } from './segments.ts'

export const SEGMENT_OPTIONS: SegmentOptions = { mostLeaves: 48, leastInformation: 25 }

export interface LearnedResponse {
  /** By shopper. */
  segment: Uint32Array
  /**
   * By segment: how much more its shoppers buy than all do. What all buy is not in it: scoring tells it of seven days, and a
   * purchase counts here only until the item is shown again.
   */
  base: Float32Array
  /** Names of the curves in byte order: ids of campaigns, and `mechanism:name`. */
  names: string[]
  /** Curve-major, then segment, then show, slope, varShow, cov, varSlope, pullForward. */
  curves: Float32Array
  segmentation: Segmentation
  fit: ResponseFit
}

/**
 * `pullForward`: share of the extra units that is borrowed from later sales, by mechanism; 0 where it is not known. Throws
 * `invalid_data` where a row cannot be, or where all rows together teach nothing.
 */
export function learnResponse(
  rows: ResponseRows,
  pullForward: ReadonlyMap<string, number> = new Map(),
  options: SegmentOptions = SEGMENT_OPTIONS,
): LearnedResponse {
  checkRows(rows)
  const nothing = nothingToLearn(rows)
  if (nothing !== null)
    throw new OfferwrightError('invalid_data', `nothing to learn from: ${nothing}`, { field: 'rows', value: nothing })
  const { campaigns, mechanisms, features } = rows
  const mechanismOf = campaigns.map(({ mechanism }) => mechanisms.indexOf(mechanism))
  const shape = (nSegments: number) => new ResponseShape(nSegments, mechanisms.length, mechanismOf)
  const pooled = fitRows(rows, new Uint32Array(features.nShoppers))
  const segmentation = learnSegments(scoresOf(rows, pooled, fitResponse(pooled, shape(1))), features, options)
  const segment = segmentation.segmentsOf(features)
  const fit = fitResponse(fitRows(rows, segment), shape(segmentation.nSegments))
  return { segment, base: basesOf(rows, segment, fit), ...curvesOf(rows, fit, pullForward), segmentation, fit }
}

/** Scores and information of every shopper under the response that all share. */
function scoresOf(rows: ResponseRows, fitted: FitRows, { shape, parameters }: ResponseFit): ResponseScores {
  const { shopper, campaign, weight, bought, features } = rows
  const column = () => new Float64Array(features.nShoppers)
  const scores: ResponseScores = { r0: column(), w0: column(), r1: column(), w1: column() }
  const probability = fittedProbabilities(fitted, shape, parameters)
  for (let row = 0; row < shopper.length; row++) {
    const s = shopper[row]
    if (s === NO_INDEX) continue
    const p = probability[row]
    const [r, w] = campaign[row] === NO_OFFER ? [scores.r0, scores.w0] : [scores.r1, scores.w1]
    r[s] += weight[row] * (bought[row] - p)
    w[s] += weight[row] * p * (1 - p)
  }
  return scores
}

/** Their mean over the rows is 0. */
function basesOf({ shopper }: ResponseRows, segment: Uint32Array, { shape, parameters }: ResponseFit): Float32Array {
  const bases = Float64Array.from({ length: shape.nSegments }, (_, s) => total(parameters, shape.base(s)))
  const rows = bases.map(() => 0)
  for (const s of shopper) rows[s === NO_INDEX ? 0 : segment[s]]++
  const mean = bases.reduce((sum, base, s) => sum + (rows[s] / shopper.length) * base, 0)
  return Float32Array.from(bases, (base) => base - mean)
}

function curvesOf(
  { campaigns, mechanisms }: ResponseRows,
  fit: ResponseFit,
  pullForward: ReadonlyMap<string, number>,
): Pick<LearnedResponse, 'names' | 'curves'> {
  const told = [
    ...campaigns.map(({ id, mechanism }, campaign) => ({ name: id, mechanism, campaign })),
    ...mechanisms.map((mechanism) => ({ name: `mechanism:${mechanism}`, mechanism, campaign: NO_OFFER })),
  ].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const { nSegments } = fit.shape
  const curves = new Float32Array(told.length * nSegments * RESPONSE_NUMBERS)
  told.forEach(({ mechanism, campaign }, curve) => {
    for (let s = 0; s < nSegments; s++) {
      const numbers = curveOf(fit, mechanisms.indexOf(mechanism), s, campaign)
      curves.set([...numbers, pullForward.get(mechanism) ?? 0], (curve * nSegments + s) * RESPONSE_NUMBERS)
    }
  })
  return { names: told.map(({ name }) => name), curves }
}

/** Only the curves of some mechanisms, and of their campaigns. */
export function curvesOfMechanisms(
  { names, curves, base }: LearnedResponse,
  campaigns: ResponseRows['campaigns'],
  isWanted: (mechanism: string) => boolean,
): Pick<LearnedResponse, 'names' | 'curves'> {
  const mechanismOf = new Map(campaigns.map(({ id, mechanism }) => [id, mechanism]))
  const wanted = Array.from(names.keys()).filter((c) =>
    isWanted(mechanismOf.get(names[c]) ?? names[c].slice('mechanism:'.length)),
  )
  const length = base.length * RESPONSE_NUMBERS
  const kept = new Float32Array(wanted.length * length)
  wanted.forEach((c, place) => {
    kept.set(curves.subarray(c * length, (c + 1) * length), place * length)
  })
  return { names: wanted.map((c) => names[c]), curves: kept }
}

/**
 * Show, slope and their covariance. Deeper offers never do less: a slope below 0 is taken as 0. A campaign that is not seen
 * yet may be as far from its mechanism as others are.
 */
function curveOf(fit: ResponseFit, mechanism: number, segment: number, campaign: number): number[] {
  const { shape, parameters, covariance, spreads } = fit
  const shows = shape.show(mechanism, segment, campaign)
  const between = (a: number, b: number) =>
    shows.reduce((sum, i) => sum + shows.reduce((inner, j) => inner + covariance.get(i + a, j + b), 0), 0)
  const isUnseen = campaign === NO_OFFER
  return [
    total(parameters, shows),
    Math.max(0, total(parameters, shows, 1)),
    between(0, 0) + (isUnseen ? spreads[SPREAD.campaignShow] : 0),
    between(0, 1),
    between(1, 1) + (isUnseen ? spreads[SPREAD.campaignSlope] : 0),
  ]
}
