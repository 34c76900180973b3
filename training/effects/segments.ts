/**
 * Segments of shoppers who answer offers differently: parts of them by how much they answer (`response-index.ts`), as sorted
 * effects are told (Chernozhukov, Demirer, Duflo, Fernández-Val, NBER 24678), and no parts at all where held-out shoppers do not
 * confirm that they differ.
 *
 * What is confirmed is the held-out log-likelihood, to second order, that a response of one's own gains over a base of one's
 * own for all rows, on five folds of shoppers. How strongly effects are drawn to 0 is chosen for each fold on the others.
 */
import { type Bins, binsOf, columnsOf, type Effects, effectOf, Moments, type ResponseScores } from './response-index.ts'
import type { ShopperFeatures } from './response-rows.ts'

export interface SegmentOptions {
  /** At most 255, as segment 0 is taken. */
  mostSegments: number
  /** Least information, Σ w, of a segment without and with an offer: 25 tell a response to ± 0.55 at best. */
  leastInformation: number
}

export interface Segmentation {
  nSegments: number
  /** Held-out log-likelihood a shopper that responses of one's own gain, with its 95 % interval. */
  gain: number
  interval: [low: number, high: number]
  /** By segment: how far its units are told to answer beyond all others, on average. */
  index: Float64Array
  /** Features by how much they move the response, the most telling first; empty without a signal. */
  tells: string[]
  /** By unit: 0 where there is one segment, else from 1. The features are named as those it was learned from. */
  segmentsOf(features: ShopperFeatures): Uint32Array
  /** By fold, what the shoppers of all other folds tell of every unit: for judging on the fold itself. */
  without: { index: Float64Array; segment: Uint32Array }[]
}

export const FOLDS = [0, 1, 2, 3, 4]
const NO_FOLD = -1
/** Precisions of the effects' priors: deviations of 0.5, 0.25, 0.12 and 0.06. */
const RIDGES = [4, 16, 64, 256]

interface Learning {
  scores: ResponseScores
  bins: Bins
  columns: Uint32Array
  /** Units with rows. */
  seen: Uint32Array
  /** Units of one shopper, who is never on both sides of a fold. */
  periods: number
}

/** `features` by unit, `periods` units of a shopper one after the other. */
export function learnSegments(
  scores: ResponseScores,
  features: ShopperFeatures,
  periods: number,
  options: SegmentOptions,
): Segmentation {
  const bins = binsOf(features)
  const columns = columnsOf(features, bins)
  const seen = Uint32Array.from(scores.w0.keys()).filter((unit) => scores.w0[unit] + scores.w1[unit] > 0)
  const learning = { scores, bins, columns, seen, periods }
  const { effects, gain, interval, without } = confirmed(learning)
  const none = {
    nSegments: 1,
    gain,
    interval,
    index: new Float64Array(1),
    tells: [],
    segmentsOf: (asked: ShopperFeatures) => new Uint32Array(asked.nShoppers),
    without: FOLDS.map(() => ({ index: new Float64Array(1), segment: new Uint32Array(features.nShoppers) })),
  }
  if (interval[0] <= 0) return none
  const { response } = effects
  const parts = partsOf(response, learning, seen, options)
  if (parts.ends.length === 0) return none
  return {
    nSegments: parts.index.length,
    gain,
    interval,
    index: parts.index,
    tells: tellsOf(response, learning),
    segmentsOf: (asked) => segmentsBy(response, parts.ends, columnsOf(asked, bins), asked),
    without: without.map((effects, fold) => {
      const rest = seen.filter((unit) => foldOf(unit, periods) !== fold)
      const { ends, index } = partsOf(effects.response, learning, rest, options)
      return { index, segment: segmentsBy(effects.response, ends, columns, features) }
    }),
  }
}

interface Parts {
  /** Values of the index up to which each segment goes but the last. */
  ends: number[]
  /** Mean of the index by segment; segment 0 is of everybody. */
  index: Float64Array
}

function partsOf(
  response: Float64Array,
  { scores, columns, bins }: Learning,
  units: Uint32Array,
  options: SegmentOptions,
): Parts {
  const values = Float64Array.from(units, (unit) => effectOf(response, columns, bins.names.length, unit))
  const ends = endsOf(values, units, scores, options)
  const sums = new Float64Array(ends.length + 2)
  const counts = new Float64Array(ends.length + 2)
  for (const value of values) {
    const segment = segmentAt(ends, value)
    sums[segment] += value
    counts[segment]++
  }
  return { ends, index: sums.map((sum, segment) => sum / Math.max(1, counts[segment])) }
}

function segmentsBy(
  response: Float64Array,
  ends: number[],
  columns: Uint32Array,
  { nShoppers, names }: ShopperFeatures,
): Uint32Array {
  return Uint32Array.from({ length: nShoppers }, (_, unit) =>
    segmentAt(ends, effectOf(response, columns, names.length, unit)),
  )
}

function segmentAt(ends: number[], value: number): number {
  return 1 + ends.filter((end) => value > end).length
}

function confirmed(learning: Learning): {
  gain: number
  interval: [number, number]
  /** Of all units, and by fold of all but its own, at the ridge that was chosen. */
  effects: Effects
  without: Effects[]
} {
  const { scores, bins, columns, seen, periods } = learning
  const width = bins.names.length
  const members = FOLDS.map((fold) => seen.filter((unit) => foldOf(unit, periods) === fold))
  const moments = members.map((units) => {
    const own = new Moments(bins.nCols)
    for (const unit of units) own.add(columns.subarray(unit * width, (unit + 1) * width), scores, unit)
    return own
  })
  const fitted = (ridge: number, without: number) => {
    const rest = new Moments(bins.nCols)
    for (const fold of FOLDS) if (fold !== without) rest.addAll(moments[fold])
    return rest.fit(ridge)
  }
  const fits = RIDGES.map((ridge) => FOLDS.map((fold) => fitted(ridge, fold)))
  /** By ridge, then fold: gain of each shopper who is held out. */
  const gains = fits.map((folds) =>
    folds.map((effects, fold) => byShopper(members[fold], periods, (unit) => gainOf(learning, effects, unit))),
  )
  const total = (ridge: number, without: number) =>
    FOLDS.reduce((sum, fold) => (fold === without ? sum : sum + sumOf(gains[ridge][fold])), 0)
  const chosen = (without: number) => largest(RIDGES.map((_, ridge) => total(ridge, without)))
  const heldOut = FOLDS.flatMap((fold) => gains[chosen(fold)][fold])
  const { mean, error } = meanWithError(heldOut)
  const best = chosen(NO_FOLD)
  return {
    gain: mean,
    interval: [mean - 1.96 * error, mean + 1.96 * error],
    effects: fitted(RIDGES[best], NO_FOLD),
    without: fits[best],
  }
}

function byShopper(units: Uint32Array, periods: number, gain: (unit: number) => number): number[] {
  const sums = new Map<number, number>()
  for (const unit of units) {
    const shopper = Math.floor(unit / periods)
    sums.set(shopper, (sums.get(shopper) ?? 0) + gain(unit))
  }
  return [...sums.values()]
}

function gainOf({ scores, columns, bins }: Learning, effects: Effects, unit: number): number {
  const { r0, w0, r1, w1 } = scores
  const told = (by: number, r: number, w: number) => by * r - (by * by * w) / 2
  const [base, response, common] = [effects.base, effects.response, effects.common].map((each) =>
    effectOf(each, columns, bins.names.length, unit),
  )
  return (
    told(base, r0[unit], w0[unit]) +
    told(base + response, r1[unit], w1[unit]) -
    told(common, r0[unit] + r1[unit], w0[unit] + w1[unit])
  )
}

/** Values of the index up to which each segment goes but the last: as much information in each, as far as it suffices. */
function endsOf(
  index: Float64Array,
  units: Uint32Array,
  { w0, w1 }: ResponseScores,
  { mostSegments, leastInformation }: SegmentOptions,
): number[] {
  const order = Uint32Array.from(index.keys()).sort((a, b) => index[a] - index[b])
  const all = (w: Float64Array) => units.reduce((sum, unit) => sum + w[unit], 0)
  const [all0, all1] = [all(w0), all(w1)]
  const parts = Math.min(mostSegments, Math.floor(Math.min(all0, all1) / leastInformation))
  const ends: number[] = []
  let [sum0, sum1] = [0, 0]
  for (const [place, at] of order.entries()) {
    sum0 += w0[units[at]]
    sum1 += w1[units[at]]
    const next = order[place + 1]
    if (next === undefined || index[next] === index[at] || Math.min(sum0 / all0, sum1 / all1) < 1 / parts) continue
    ends.push(index[at])
    ;[sum0, sum1] = [0, 0]
  }
  return ends
}

function tellsOf(response: Float64Array, { bins, columns, seen }: Learning): string[] {
  const nFeatures = bins.names.length
  const spreads = bins.names.map((_, f) => {
    const values = Array.from(seen, (unit) => response[columns[unit * nFeatures + f]])
    return meanWithError(values).error
  })
  return [...bins.names.keys()].sort((a, b) => spreads[b] - spreads[a]).map((f) => bins.names[f])
}

function meanWithError(values: number[]): { mean: number; error: number } {
  const n = Math.max(1, values.length)
  const mean = sumOf(values) / n
  return { mean, error: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / n }
}

function sumOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}

/** Position of the largest, the last of equal ones: the strongest ridge. */
function largest(values: number[]): number {
  return values.reduce((best, value, i) => (value >= values[best] ? i : best), 0)
}

/** Shoppers stand in no order that means anything, so their number deals them out. */
export function foldOf(unit: number, periods: number): number {
  return (Math.imul(Math.floor(unit / periods) + 1, 0x9e3779b1) >>> 16) % FOLDS.length
}
