/**
 * What shoppers did with what they were shown, up to an instant, beside what was expected of them: the part of what is known
 * of a shopper that the log itself tells.
 *
 * The log is cut into PERIODS of equal length. A unit is a shopper in a period; of it is known what the merchant tells, and the
 * record of the periods BEFORE. So nothing that follows from an offer is used to foretell the answer to it.
 *
 *   record = ln((a + B) / (a + E)),   B made, E expected purchases (`shopper-base.ts`), with offers, without, and of both
 */
import { NO_INDEX } from '../duckdb.ts'
import type { ResponseRows, ShopperFeatures } from './response-rows.ts'
import { NO_OFFER } from './response-rows.ts'
import { type ShopperBases, shopperBases } from './shopper-base.ts'

export const PERIODS = 8
const NAMES = ['record', 'record with offers', 'record without offers']

/** By unit. */
interface Sums {
  expected: Float64Array
  made: Float64Array
}

export interface Units {
  /** By row; `NO_INDEX` where nobody is known. The units of one shopper follow each other, one for each period. */
  unit: Uint32Array
  /** Features and base of every unit. */
  features: ShopperFeatures
  base: Float64Array
  /** Of every shopper after the last period. */
  now: { features: ShopperFeatures; base: Float64Array }
}

/** `probability`: expected of each row. `featuresNow`: of what is known after the log, named as those before it. */
export function unitsOf(rows: ResponseRows, probability: Float64Array, featuresNow: ShopperFeatures): Units {
  const { features } = rows
  const shoppers = shoppersOf(rows)
  const unit = unitOfRows(rows, shoppers)
  const sums = (counts: (campaign: number) => boolean) => sumsOf(rows, unit, shoppers.length, probability, counts)
  const plain = sums((campaign) => campaign === NO_OFFER)
  const offered = sums((campaign) => campaign !== NO_OFFER)
  const both = { expected: added(plain.expected, offered.expected), made: added(plain.made, offered.made) }
  const ofShoppers = (byUnit: Float64Array) => totals(byUnit, shoppers, features.nShoppers)
  const bases = shopperBases(ofShoppers(both.expected), ofShoppers(both.made), features)
  const parts = [both, offered, plain].map((each) => recordOf(each, shoppers, bases))
  const ofUnit = Uint32Array.from({ length: shoppers.length * PERIODS }, (_, u) => shoppers[Math.floor(u / PERIODS)])
  const everybody = Uint32Array.from({ length: features.nShoppers }, (_, shopper) => shopper)
  return {
    unit,
    features: joined(
      features,
      ofUnit,
      parts.map(({ before }) => before),
    ),
    base: parts[0].before.map((record, u) => bases.known[ofUnit[u]] + record),
    now: {
      features: joined(
        featuresNow,
        everybody,
        parts.map(({ after }) => after),
      ),
      base: added(bases.known, parts[0].after),
    },
  }
}

/** Those who have rows, ascending. */
function shoppersOf({ shopper }: ResponseRows): Uint32Array {
  return Uint32Array.from(new Set(shopper))
    .filter((s) => s !== NO_INDEX)
    .sort()
}

function unitOfRows({ shopper, timeMs, features }: ResponseRows, shoppers: Uint32Array): Uint32Array {
  let [first, last] = [Number.POSITIVE_INFINITY, 0]
  for (const time of timeMs) {
    first = Math.min(first, time)
    last = Math.max(last, time)
  }
  const length = (last - first + 1) / PERIODS
  const placeOf = new Uint32Array(features.nShoppers)
  shoppers.forEach((s, place) => {
    placeOf[s] = place
  })
  return shopper.map((s, row) =>
    s === NO_INDEX ? NO_INDEX : placeOf[s] * PERIODS + Math.floor((timeMs[row] - first) / length),
  )
}

function sumsOf(
  { weight, bought, campaign }: ResponseRows,
  unit: Uint32Array,
  nShoppers: number,
  probability: Float64Array,
  counts: (campaign: number) => boolean,
): Sums {
  const expected = new Float64Array(nShoppers * PERIODS)
  const made = new Float64Array(nShoppers * PERIODS)
  unit.forEach((u, row) => {
    if (u === NO_INDEX || !counts(campaign[row])) return
    expected[u] += weight[row] * probability[row]
    made[u] += weight[row] * bought[row]
  })
  return { expected, made }
}

const added = (a: Float64Array, b: Float64Array) => a.map((value, at) => value + b[at])

/** By shopper. */
function totals(byUnit: Float64Array, shoppers: Uint32Array, nShoppers: number): Float64Array {
  const sums = new Float64Array(nShoppers)
  byUnit.forEach((value, u) => {
    sums[shoppers[Math.floor(u / PERIODS)]] += value
  })
  return sums
}

/** Before each period of a unit, and after the last of each shopper; 0 of those without rows. */
function recordOf(
  { expected, made }: Sums,
  shoppers: Uint32Array,
  { known, shape }: ShopperBases,
): { before: Float64Array; after: Float64Array } {
  const before = new Float64Array(expected.length)
  const after = new Float64Array(known.length)
  for (const [place, shopper] of shoppers.entries()) {
    let [e, b] = [0, 0]
    const record = () => Math.log((shape + b) / (shape + e * Math.exp(known[shopper])))
    for (let u = place * PERIODS; u < (place + 1) * PERIODS; u++) {
      before[u] = record()
      e += expected[u]
      b += made[u]
    }
    after[shopper] = record()
  }
  return { before, after }
}

/** The features of shoppers, and the records that stand beside them, by row of the result. */
function joined({ names, values }: ShopperFeatures, shoppers: Uint32Array, records: Float64Array[]): ShopperFeatures {
  const all = [...names, ...NAMES]
  const out = new Float64Array(shoppers.length * all.length)
  for (const [row, shopper] of shoppers.entries()) {
    out.set(values.subarray(shopper * names.length, (shopper + 1) * names.length), row * all.length)
    for (const [i, record] of records.entries()) out[row * all.length + names.length + i] = record[row]
  }
  return { nShoppers: shoppers.length, names: all, values: out }
}
