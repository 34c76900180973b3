/**
 * How each shopper answers offers, by latent classes: what stands in a snapshot's section `response` where shoppers are found to
 * differ. What mechanisms and campaigns do beyond the mean of all offers is taken from the response that all share.
 */
import { NO_INDEX } from '../duckdb.ts'
import type { Beside } from './beside.ts'
import type { ShopperColumns } from './class-mixing.ts'
import { type CampaignShift, type ClassRows, classRowsOf } from './class-rows.ts'
import { type ClassSegments, lineOf, meanParameter, segmentsOfClasses } from './class-segments.ts'
import { baseAt, CLASSES, type LatentClasses, learnClasses, showAt, slopeAt } from './latent-classes.ts'
import type { PastViews } from './past-views.ts'
import { total } from './response-cells.ts'
import type { ResponseFit } from './response-fit.ts'
import { binsOf, columnsOf } from './response-index.ts'
import { NO_OFFER, type ResponseRows, type ShopperFeatures } from './response-rows.ts'
import { SPREAD } from './response-shape.ts'
import { PURCHASE_FEATURES } from './shopper-features.ts'

/** Rows that parameters are learned from: some thousands of purchases tell them, and each row costs every round. */
const MOST_ROWS = 800_000
/** Of the moves of all offers. */
const USUAL_QUANTILES = [0.1, 0.3, 0.5, 0.7, 0.9]
const MEDIAN = 2

/** Tells show, slope, var(show), cov, var(slope); `campaign`: `NO_OFFER` for one not seen yet. */
export type CurveOf = (mechanism: number, segment: number, campaign: number) => number[]

export interface ClassResponse {
  /** By shopper. */
  segment: Uint32Array
  /** By shopper, and last of everybody unknown: beyond the level, which is the mean over the rows. */
  base: Float32Array
  level: number
  /** By segment. */
  listed: Float32Array
  curve: CurveOf
  classes: ToldClass[]
}

/** Share of the shoppers, log-odds of buying without an offer beyond all shoppers' mean, show and slope. */
export interface ToldClass {
  share: number
  base: number
  show: number
  slope: number
}

export function responseOfClasses(rows: ResponseRows, beside: Beside, past: PastViews): ClassResponse {
  const { fit, cannibalised } = beside
  const meanScore = rows.offset.reduce((sum, value) => sum + value, 0) / rows.offset.length
  const against = rows.rivals.map((x) => -cannibalised.mean * x)
  const shifts = shiftsOf(rows, fit)
  const classRows = classRowsOf(rows, past, against, meanScore, shifts.ofCampaigns)
  const traits = shopperColumns(past.shopper.length > 0 ? withoutPurchases(rows.features) : rows.features)
  const classes = learnClasses(classRows, traits, shoppersWithin(classRows, MOST_ROWS))
  const usual = usualMoves(rows, beside)
  const segments = segmentsOfClasses(classes, usual[MEDIAN])
  return {
    segment: segments.segment,
    classes: toldClasses(classes),
    ...levelled(rows, segments.base, meanScore),
    listed: Float32Array.from({ length: segments.nSegments }, (_, s) =>
      meanParameter(classes.parameters, sharesOf(segments, s), slopeAt),
    ),
    curve: (mechanism, segment, campaign) => {
      const shares = sharesOf(segments, segment)
      const [show, slope] = lineOf(classes.parameters, shares, usual)
      const shift = shifts.of(mechanism, campaign)
      const steep = slope + shift.slope
      const doubt = doubtOf(classes, shares)
      return [
        // Deeper offers never do less: then the show is what the offer does at the usual move.
        show + shift.show + Math.min(0, steep) * usual[MEDIAN],
        Math.max(0, steep),
        doubt.show + shift.showVariance,
        doubt.both,
        doubt.slope + shift.slopeVariance,
      ]
    },
  }
}

function toldClasses({ weights, parameters }: LatentClasses): ToldClass[] {
  const shares = new Float64Array(CLASSES)
  for (const [at, weight] of weights.entries()) shares[at % CLASSES] += (weight * CLASSES) / weights.length
  const mean = meanParameter(parameters, shares, baseAt)
  return Array.from(shares, (share, k) => ({
    share,
    base: parameters[baseAt(k)] - mean,
    show: parameters[showAt(k)],
    slope: parameters[slopeAt(k)],
  }))
}

function sharesOf({ shares }: ClassSegments, segment: number): Float64Array {
  return shares.subarray(segment * CLASSES, (segment + 1) * CLASSES)
}

interface DoubtfulShift extends CampaignShift {
  showVariance: number
  slopeVariance: number
}

function shiftsOf(
  { campaign, campaigns, weight }: ResponseRows,
  { shape, parameters, covariance, spreads }: ResponseFit,
) {
  const pooled = (mechanism: number, code: number): CampaignShift => {
    const parts = shape.show(mechanism, 0, code)
    return { show: total(parameters, parts), slope: total(parameters, parts, 1) }
  }
  const ofCampaigns = campaigns.map((_, code) => pooled(shape.mechanismOf[code], code))
  const mean = { show: 0, slope: 0, offers: 0 }
  for (const [row, code] of campaign.entries()) {
    if (code === NO_OFFER) continue
    mean.show += weight[row] * ofCampaigns[code].show
    mean.slope += weight[row] * ofCampaigns[code].slope
    mean.offers += weight[row]
  }
  const fromMean = ({ show, slope }: CampaignShift) => ({
    show: show - mean.show / mean.offers,
    slope: slope - mean.slope / mean.offers,
  })
  return {
    ofCampaigns: ofCampaigns.map(fromMean),
    of(mechanism: number, code: number): DoubtfulShift {
      const parts = shape.show(mechanism, 0, code)
      const own = parts[parts.length - 1].parameter
      const isUnseen = code === NO_OFFER
      return {
        ...fromMean(pooled(mechanism, code)),
        showVariance: isUnseen ? spreads[SPREAD.campaignShow] : covariance.get(own, own),
        slopeVariance: isUnseen ? spreads[SPREAD.campaignSlope] : covariance.get(own + 1, own + 1),
      }
    },
  }
}

/** Variances of the mean show and slope, and their covariance. */
function doubtOf({ covariance }: LatentClasses, shares: Float64Array) {
  const between = (a: (k: number) => number, b: (k: number) => number) => {
    let sum = 0
    for (let i = 0; i < CLASSES; i++)
      for (let j = 0; j < CLASSES; j++) sum += shares[i] * shares[j] * covariance.get(a(i), b(j))
    return sum
  }
  return { show: between(showAt, showAt), both: between(showAt, slopeAt), slope: between(slopeAt, slopeAt) }
}

function levelled(
  { shopper }: ResponseRows,
  base: Float64Array,
  meanScore: number,
): Pick<ClassResponse, 'base' | 'level'> {
  const nobody = base.length - 1
  let sum = 0
  for (const s of shopper) sum += base[s === NO_INDEX ? nobody : s]
  const level = sum / shopper.length
  return { base: Float32Array.from(base, (own) => own - level), level: level - meanScore }
}

function usualMoves({ campaign }: ResponseRows, { pooled }: Beside): number[] {
  const moves = pooled.priceMove.filter((_, row) => campaign[row] !== NO_OFFER).sort()
  return USUAL_QUANTILES.map((q) => moves[Math.floor(q * (moves.length - 1))])
}

/** As many of the first shoppers as have so many rows. */
function shoppersWithin({ indptr }: ClassRows, most: number): number {
  let n = indptr.length - 1
  while (n > 1 && indptr[n] > most) n--
  return n
}

/** What purchases tell is told by the views that led to them. */
function withoutPurchases({ nShoppers, names, values }: ShopperFeatures): ShopperFeatures {
  const purchases: readonly string[] = PURCHASE_FEATURES
  const kept = Array.from(names.keys()).filter((f) => !purchases.includes(names[f]))
  const own = Float64Array.from(
    { length: nShoppers * kept.length },
    (_, at) => values[Math.floor(at / kept.length) * names.length + kept[at % kept.length]],
  )
  return { nShoppers, names: kept.map((f) => names[f]), values: own }
}

/** A column for each bin, and a last one that is everybody's. */
function shopperColumns(features: ShopperFeatures): ShopperColumns {
  const bins = binsOf(features)
  const own = columnsOf(features, bins)
  const width = bins.names.length
  const perShopper = width + 1
  const columns = new Uint32Array(features.nShoppers * perShopper).fill(bins.nCols)
  for (let s = 0; s < features.nShoppers; s++) columns.set(own.subarray(s * width, (s + 1) * width), s * perShopper)
  return { nShoppers: features.nShoppers, nCols: bins.nCols + 1, perShopper, columns }
}
