/** Logged impressions and what was looked at before, by shopper, as latent classes are learned from them. */
import { NO_INDEX } from '../duckdb.ts'
import type { PastViews } from './past-views.ts'
import { NO_OFFER, priceMoves, type ResponseRows } from './response-rows.ts'

/** Rows of shopper s are `indptr[s] .. indptr[s + 1]`. */
export interface ClassRows {
  indptr: Uint32Array
  offered: Uint8Array
  /** What the price, of an offer and of the list, does to the odds by itself. */
  move: Float64Array
  /** Log-odds that are known. */
  known: Float64Array
  /** Log-odds without an offer as scoring told them, less their mean; 0 of what is past. */
  score: Float64Array
  isPast: Uint8Array
  weight: Float64Array
  bought: Uint8Array
}

/** By campaign: how far its show and slope are from those of all offers. */
export interface CampaignShift {
  show: number
  slope: number
}

/** `against`: log-odds that rivals in the answer take, by row. `meanScore`: of the rows' offsets. Rows of nobody are left out. */
export function classRowsOf(
  rows: ResponseRows,
  past: PastViews,
  against: Float64Array,
  meanScore: number,
  shifts: readonly CampaignShift[],
): ClassRows {
  const { nShoppers } = rows.features
  const { indptr, placeOf, placeOfPast } = placed(rows.shopper, past.shopper, nShoppers)
  const length = indptr[nShoppers]
  const numbers = () => new Float64Array(length)
  const flags = () => new Uint8Array(length)
  const own = { move: numbers(), known: numbers(), score: numbers(), weight: numbers() }
  const into: ClassRows = { indptr, ...own, offered: flags(), isPast: flags(), bought: flags() }
  const moves = priceMoves(rows)
  for (const [row, place] of placeOf.entries()) {
    if (place === NO_INDEX) continue
    const isOffered = rows.campaign[row] !== NO_OFFER
    const { show, slope } = isOffered ? shifts[rows.campaign[row]] : { show: 0, slope: 0 }
    into.offered[place] = isOffered ? 1 : 0
    into.move[place] = moves[row] + rows.listed[row]
    into.known[place] = against[row] + show + slope * moves[row]
    into.score[place] = rows.offset[row] - meanScore
    into.weight[place] = rows.weight[row]
    into.bought[place] = rows.bought[row]
  }
  for (const [row, place] of placeOfPast.entries()) {
    into.offered[place] = past.offered[row]
    into.move[place] = past.move[row]
    into.isPast[place] = 1
    into.weight[place] = 1
    into.bought[place] = past.bought[row]
  }
  return into
}

/** Where each row stands once they are in the order of shoppers, the past first. */
function placed(shopper: Uint32Array, pastShopper: Uint32Array, nShoppers: number) {
  const indptr = new Uint32Array(nShoppers + 1)
  for (const column of [pastShopper, shopper]) for (const s of column) if (s !== NO_INDEX) indptr[s + 1]++
  for (let s = 0; s < nShoppers; s++) indptr[s + 1] += indptr[s]
  const next = indptr.slice()
  const placeOfPast = pastShopper.map((s) => next[s]++)
  const placeOf = shopper.map((s) => (s === NO_INDEX ? NO_INDEX : next[s]++))
  return { indptr, placeOf, placeOfPast }
}
