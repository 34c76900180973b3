/**
 * What is known of shoppers at an instant, as numbers that segments are told apart by: traits the merchant tells, and purchases
 * before. The response is learned with what was known when its first offer was drawn: later purchases are what offers led to,
 * and would tell who answered them. Who is in which segment is then told by what is known now.
 */
import type { Dataset } from '../dataset.ts'
import { NO_INDEX } from '../duckdb.ts'
import { PURCHASE, paidMinor } from '../elasticity.ts'
import type { Traits } from '../traits.ts'
import type { ShopperFeatures } from './response-rows.ts'

const DAY_MS = 86_400_000
/** Purchases within are counted, so that a longer record does not look like another shopper. */
const RECENT_MS = 180 * DAY_MS
/** Of the values of all text traits the most common. */
const MOST_VALUES = 64
/** Names of what purchases tell; the others are traits. */
export const PURCHASE_FEATURES = [
  'purchases',
  'share bought at a discount',
  'mean paid',
  'days since the last purchase',
] as const

/** `traits`: null where nothing is told of anybody. Only events before `atMs` count. */
export function shopperFeatures(dataset: Dataset, traits: Traits | null, atMs: number): ShopperFeatures {
  const columns = [
    ...purchaseColumns(dataset, atMs),
    ...(traits === null ? [] : traitColumns(traits, dataset.shoppers)),
  ]
  const values = new Float64Array(dataset.shoppers * columns.length)
  columns.forEach(([, column], f) => {
    for (let s = 0; s < dataset.shoppers; s++) values[s * columns.length + f] = column[s]
  })
  return { nShoppers: dataset.shoppers, names: columns.map(([name]) => name), values }
}

type NamedColumn = [name: string, values: Float64Array]

/** A 0 or 1 for each text, and the numbers as they are. */
function traitColumns({ values, indptr, codes, numbers }: Traits, nShoppers: number): NamedColumn[] {
  const holders = new Uint32Array(values.length)
  for (const code of codes) holders[code]++
  const common = Array.from(holders.keys())
    .sort((a, b) => holders[b] - holders[a] || a - b)
    .slice(0, MOST_VALUES)
  const texts = common.map((wanted): NamedColumn => {
    const column = Float64Array.from({ length: nShoppers }, (_, s) =>
      codes.subarray(indptr[s], indptr[s + 1]).includes(wanted) ? 1 : 0,
    )
    return [values[wanted].replace('\0', '='), column]
  })
  return [...texts, ...numbers]
}

/** Shares, means and ages are not known of those who bought nothing. */
function purchaseColumns({ table, shoppers }: Dataset, atMs: number): NamedColumn[] {
  const column = () => new Float64Array(shoppers)
  const [count, discounted, paid] = [column(), column(), column()]
  const newestMs = column().fill(Number.NaN)
  for (let e = 0; e < table.length && table.timeMs[e] < atMs; e++) {
    const s = table.shopper[e]
    if (table.kind[e] !== PURCHASE || s === NO_INDEX) continue
    newestMs[s] = table.timeMs[e]
    if (table.timeMs[e] < atMs - RECENT_MS) continue
    count[s]++
    if (table.discountMinor[e] > 0) discounted[s]++
    paid[s] += Math.max(0, paidMinor(table, e))
  }
  // 0 / 0 is not known.
  const told = [
    count,
    discounted.map((n, s) => n / count[s]),
    paid.map((sum, s) => sum / count[s]),
    newestMs.map((time) => Math.floor((atMs - time) / DAY_MS)),
  ]
  return PURCHASE_FEATURES.map((name, f) => [name, told[f]])
}
