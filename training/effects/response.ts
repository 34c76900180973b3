/**
 * What offers do, learned from logged choices: the tables of a snapshot's section `response`, which serving looks up.
 * Everybody's response first; then segments of shoppers who answer differently, if there are any; then all curves at once.
 */
import { type FitRows, fitResponse, fittedProbabilities, type ResponseFit, ResponseShape } from './response-fit.ts'
import { NO_OFFER, priceMoves, type ResponseRows } from './response-rows.ts'
import { type ResponseScores, type Segmentation, type SegmentOptions, segmentsOf } from './segments.ts'

export const SEGMENT_OPTIONS: SegmentOptions = { mostLeaves: 48, leastInformation: 25 }

/** Index of shoppers nobody knows, as in training/duckdb.ts. */
const NOBODY = 0xffff_ffff
const NUMBERS = 6

export interface LearnedResponse {
  /** By shopper. */
  segment: Uint32Array
  /** By segment. */
  base: Float32Array
  /** Names of the curves in byte order: ids of campaigns, and `mechanism:name`. */
  names: string[]
  /** Curve-major, then segment, then show, slope, varShow, cov, varSlope, pullForward. */
  curves: Float32Array
  segmentation: Segmentation
  fit: ResponseFit
}

/** `pullForward`: share of the extra units that is borrowed from later sales, by mechanism; 0 where it is not known. */
export function learnResponse(
  rows: ResponseRows,
  pullForward: ReadonlyMap<string, number> = new Map(),
  options: SegmentOptions = SEGMENT_OPTIONS,
): LearnedResponse {
  const { campaigns, mechanisms, features } = rows
  const shape = (nSegments: number) =>
    new ResponseShape(
      nSegments,
      mechanisms.length,
      campaigns.map(({ mechanism }) => mechanisms.indexOf(mechanism)),
    )
  const pooled = fitRows(rows, new Uint32Array(features.nShoppers))
  const segmentation = segmentsOf(scoresOf(rows, pooled, fitResponse(pooled, shape(1))), features, options)
  const { segment, nSegments } = segmentation
  const fit = fitResponse(fitRows(rows, segment), shape(nSegments))
  const base = Float32Array.from({ length: nSegments }, (_, s) => sumOf(fit, fit.shape.base(s)))
  const told = [
    ...campaigns.map(({ id, mechanism }, campaign) => ({ name: id, mechanism, campaign })),
    ...mechanisms.map((mechanism) => ({ name: `mechanism:${mechanism}`, mechanism, campaign: NO_OFFER })),
  ].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const curves = new Float32Array(told.length * nSegments * NUMBERS)
  told.forEach(({ mechanism, campaign }, curve) => {
    for (let s = 0; s < nSegments; s++) {
      const numbers = curveOf(fit, fit.shape.show(mechanisms.indexOf(mechanism), s, campaign))
      curves.set([...numbers, pullForward.get(mechanism) ?? 0], (curve * nSegments + s) * NUMBERS)
    }
  })
  return { segment, base, names: told.map(({ name }) => name), curves, segmentation, fit }
}

function fitRows(rows: ResponseRows, segmentOf: Uint32Array): FitRows {
  const segment = rows.shopper.map((shopper) => (shopper === NOBODY ? 0 : segmentOf[shopper]))
  return { segment, campaign: rows.campaign, priceMove: priceMoves(rows), offset: rows.offset, bought: rows.bought }
}

/** Scores and information of every shopper under the response that all share. */
function scoresOf(
  { shopper, campaign, bought, features }: ResponseRows,
  rows: FitRows,
  fit: ResponseFit,
): ResponseScores {
  const column = () => new Float64Array(features.nShoppers)
  const scores: ResponseScores = { r0: column(), w0: column(), r1: column(), w1: column() }
  const probability = fittedProbabilities(rows, fit)
  for (let row = 0; row < shopper.length; row++) {
    const s = shopper[row]
    if (s === NOBODY) continue
    const p = probability[row]
    const [r, w] = campaign[row] === NO_OFFER ? [scores.r0, scores.w0] : [scores.r1, scores.w1]
    r[s] += bought[row] - p
    w[s] += p * (1 - p)
  }
  return scores
}

function sumOf({ parameters }: ResponseFit, parts: number[]): number {
  return parts.reduce((sum, p) => sum + parameters[p], 0)
}

/** Deeper offers never do less: a slope below 0 is taken as 0. */
function curveOf(fit: ResponseFit, shows: number[]): number[] {
  const slopes = shows.map((p) => p + 1)
  const covariance = (a: number[], b: number[]) =>
    a.reduce((sum, i) => sum + b.reduce((inner, j) => inner + fit.covariance.get(i, j), 0), 0)
  return [
    sumOf(fit, shows),
    Math.max(0, sumOf(fit, slopes)),
    covariance(shows, shows),
    covariance(shows, slopes),
    covariance(slopes, slopes),
  ]
}
