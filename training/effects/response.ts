/**
 * What offers do, learned from logged choices: the tables of a snapshot's section `response`, which serving looks up.
 * Everybody's response first; then segments of shoppers who answer differently, if there are any; then all curves at once.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { RESPONSE_NUMBERS } from '../../core/snapshot/layout.ts'
import { NO_INDEX } from '../duckdb.ts'
import { type Beside, learnBeside, learnListed } from './beside.ts'
import { type CurveOf, responseOfClasses, type ToldClass } from './class-response.ts'
import { NO_VIEWS, type PastViews } from './past-views.ts'
import { PERIODS, type Units, unitsOf } from './records.ts'
import { type FitRows, fittedProbabilities, total } from './response-cells.ts'
import { fitResponse, type ResponseFit } from './response-fit.ts'
import type { ResponseScores } from './response-index.ts'
import {
  checkRows,
  fitRows,
  NO_OFFER,
  nothingToLearn,
  type ResponseRows,
  type ShopperFeatures,
} from './response-rows.ts'
import { type Part, ResponseShape, SPREAD } from './response-shape.ts'
import { learnSegments, type Segmentation, type SegmentOptions } from './segments.ts'

export const SEGMENT_OPTIONS: SegmentOptions = { mostSegments: 12, leastInformation: 25 }

export interface LearnedResponse {
  /** By shopper, of what is known now. */
  segment: Uint32Array
  /**
   * By shopper, and last of everybody unknown: how much more they buy than all do. What all buy is not in it: scoring tells it of
   * seven days, and a purchase counts here only until the item is shown again.
   */
  base: Float32Array
  /** What all buy, in log-odds beside what scoring says. */
  level: number
  /** By segment: how many times the elasticity list prices move the odds. */
  listed: Float32Array
  cannibalised: Beside['cannibalised']
  /** Names of the curves in byte order: ids of campaigns, and `mechanism:name`. */
  names: string[]
  /** Curve-major, then segment, then the numbers of `RESPONSE_NUMBERS`. */
  curves: Float32Array
  /** Empty where shoppers are not found to differ: then everybody is in one segment. */
  classes: ToldClass[]
  /** Whether shoppers differ, and the response by the parts that this was tested on. */
  segmentation: Segmentation
  fit: ResponseFit
  /** The rows as they were fitted, and the unit of each, as `records.ts` numbers them. */
  fitted: FitRows
  unit: Uint32Array
}

/**
 * `featuresNow`: what is known of shoppers after the log. `borrowed`: share of the units sold that is borrowed from later sales
 * for each share of 1 taken off, by mechanism; 0 where it is not known. Throws `invalid_data` where a row cannot be, or where
 * all rows together teach nothing.
 */
export function learnResponse(
  rows: ResponseRows,
  featuresNow: ShopperFeatures = rows.features,
  borrowed: ReadonlyMap<string, number> = new Map(),
  options: SegmentOptions = SEGMENT_OPTIONS,
  past: PastViews = NO_VIEWS,
): LearnedResponse {
  checkRows(rows)
  const nothing = nothingToLearn(rows)
  if (nothing !== null)
    throw new OfferwrightError('invalid_data', `nothing to learn from: ${nothing}`, { field: 'rows', value: nothing })
  const { campaigns, mechanisms } = rows
  const mechanismOf = campaigns.map(({ mechanism }) => mechanisms.indexOf(mechanism))
  const shape = (index: Float64Array) => new ResponseShape(index, mechanisms.length, mechanismOf)
  const everybody = shape(new Float64Array(1))
  const beside = learnBeside(rows, everybody)
  const units = unitsOf(rows, fittedProbabilities(beside.pooled, everybody, beside.fit.parameters), featuresNow)
  const offset = beside.pooled.offset.map((value, row) => value + of(units.base, units.unit[row]))
  const based = fitRows(rows, beside.pooled.segment, offset)
  const scores = scoresOf(based, fitResponse(based, everybody), units)
  const segmentation = learnSegments(scores, units.features, PERIODS, options)
  const segmentOfUnit = segmentation.segmentsOf(units.features)
  const bySegment = fitRows(
    rows,
    units.unit.map((unit) => of(segmentOfUnit, unit)),
    offset,
  )
  const { listed, fitted, fit } = learnListed(rows, bySegment, beside.listed, shape(segmentation.index))
  const tests = { cannibalised: beside.cannibalised, segmentation, fit, fitted, unit: units.unit }
  if (segmentation.nSegments > 1) {
    const { curve, ...told } = responseOfClasses(rows, beside, past)
    return { ...told, ...curvesOf(rows, { listed: told.listed, curve }, borrowed, beside.cannibalised.mean), ...tests }
  }
  const told = {
    listed: Float32Array.from(listed),
    curve: (mechanism: number, segment: number, campaign: number) =>
      curveOf(fit, mechanism, segment, campaign, usualMove(fitted)),
  }
  const segment = segmentation.segmentsOf(units.now.features)
  return {
    ...basesOf(units, segment, fitted, fit),
    segment,
    classes: [],
    listed: told.listed,
    ...curvesOf(rows, told, borrowed, beside.cannibalised.mean),
    ...tests,
  }
}

/** Of a column by unit: 0 for nobody. */
function of(column: ArrayLike<number>, unit: number): number {
  return unit === NO_INDEX ? 0 : column[unit]
}

/** Scores and information of every unit under the response that all share. */
function scoresOf(rows: FitRows, { shape, parameters }: ResponseFit, { unit, features }: Units): ResponseScores {
  const { campaign, weight, bought } = rows
  const column = () => new Float64Array(features.nShoppers)
  const scores: ResponseScores = { r0: column(), w0: column(), r1: column(), w1: column() }
  const probability = fittedProbabilities(rows, shape, parameters)
  for (let row = 0; row < unit.length; row++) {
    const u = unit[row]
    if (u === NO_INDEX) continue
    const p = probability[row]
    const [r, w] = campaign[row] === NO_OFFER ? [scores.r0, scores.w0] : [scores.r1, scores.w1]
    r[u] += weight[row] * (bought[row] - p)
    w[u] += weight[row] * p * (1 - p)
  }
  return scores
}

/** The level is the mean over the rows. */
function basesOf(
  units: Units,
  segment: Uint32Array,
  { segment: ofRow }: FitRows,
  { shape, parameters }: ResponseFit,
): Pick<LearnedResponse, 'base' | 'level'> {
  const bySegment = Float64Array.from({ length: shape.nSegments }, (_, s) => total(parameters, shape.base(s)))
  const sum = units.unit.reduce((sum, unit, row) => sum + of(units.base, unit) + bySegment[ofRow[row]], 0)
  const level = sum / units.unit.length
  const base = new Float32Array(segment.length + 1).fill(bySegment[0] - level)
  for (const [shopper, own] of units.now.base.entries()) base[shopper] = own + bySegment[segment[shopper]] - level
  return { base, level }
}

/** Mean t of what was offered. */
export function usualMove({ campaign, priceMove, weight }: FitRows): number {
  let [sum, offers] = [0, 0]
  for (let row = 0; row < campaign.length; row++) {
    if (campaign[row] === NO_OFFER) continue
    sum += weight[row] * priceMove[row]
    offers += weight[row]
  }
  return sum / offers
}

function curvesOf(
  { campaigns, mechanisms }: ResponseRows,
  { listed, curve }: { listed: Float32Array; curve: CurveOf },
  borrowed: ReadonlyMap<string, number>,
  cannibalised: number,
): Pick<LearnedResponse, 'names' | 'curves'> {
  const told = [
    ...campaigns.map(({ id, mechanism }, campaign) => ({ name: id, mechanism, campaign })),
    ...mechanisms.map((mechanism) => ({ name: `mechanism:${mechanism}`, mechanism, campaign: NO_OFFER })),
  ].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const nSegments = listed.length
  const curves = new Float32Array(told.length * nSegments * RESPONSE_NUMBERS)
  told.forEach(({ mechanism, campaign }, c) => {
    for (let s = 0; s < nSegments; s++) {
      const numbers = curve(mechanisms.indexOf(mechanism), s, campaign)
      curves.set([...numbers, borrowed.get(mechanism) ?? 0, cannibalised], (c * nSegments + s) * RESPONSE_NUMBERS)
    }
  })
  return { names: told.map(({ name }) => name), curves }
}

/** Only the curves of some mechanisms, and of their campaigns. */
export function curvesOfMechanisms(
  { names, curves, listed }: LearnedResponse,
  campaigns: ResponseRows['campaigns'],
  isWanted: (mechanism: string) => boolean,
): Pick<LearnedResponse, 'names' | 'curves'> {
  const mechanismOf = new Map(campaigns.map(({ id, mechanism }) => [id, mechanism]))
  const wanted = Array.from(names.keys()).filter((c) =>
    isWanted(mechanismOf.get(names[c]) ?? names[c].slice('mechanism:'.length)),
  )
  const length = listed.length * RESPONSE_NUMBERS
  const kept = new Float32Array(wanted.length * length)
  wanted.forEach((c, place) => {
    kept.set(curves.subarray(c * length, (c + 1) * length), place * length)
  })
  return { names: wanted.map((c) => names[c]), curves: kept }
}

/**
 * Show, slope and their covariance. Deeper offers never do less: a slope below 0 is taken as 0, and the show as what the offer
 * does at the usual t. A campaign that is not seen yet may be as far from its mechanism as others are.
 */
export function curveOf(
  fit: ResponseFit,
  mechanism: number,
  segment: number,
  campaign: number,
  usual: number,
): number[] {
  const { shape, parameters, covariance, spreads } = fit
  const shows = shape.show(mechanism, segment, campaign)
  const between = (a: number, b: number) => {
    const one = (i: Part, j: Part) => i.times * j.times * covariance.get(i.parameter + a, j.parameter + b)
    return shows.reduce((sum, i) => sum + shows.reduce((inner, j) => inner + one(i, j), 0), 0)
  }
  const isUnseen = campaign === NO_OFFER
  const slope = total(parameters, shows, 1)
  return [
    total(parameters, shows) + Math.min(0, slope) * usual,
    Math.max(0, slope),
    between(0, 0) + (isUnseen ? spreads[SPREAD.campaignShow] : 0),
    between(0, 1),
    between(1, 1) + (isUnseen ? spreads[SPREAD.campaignSlope] : 0),
  ]
}
