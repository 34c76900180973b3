/**
 * What shoppers looked at before the log, at which price, and whether they bought it: a year of it tells more of who buys
 * anyway and who waits for a discount than some weeks of offers do.
 */
import { listedMove, logPriceOf } from '../../core/scoring/offers/response.ts'
import type { EventTable } from '../dataset.ts'
import { NO_INDEX } from '../duckdb.ts'
import { PURCHASE, VIEW } from '../elasticity.ts'
import { boughtWithin, type PairTimes, pairOrder } from './shown-and-bought.ts'

/** What is looked at is bought in the same visit, or hardly because of it. */
const WINDOW_MS = 86_400_000
/** Of the newest; about 50 bytes each. */
const MOST_VIEWS = 2_000_000

/** Columns of equal length. */
export interface PastViews {
  /** Index of the shopper in the snapshot. */
  shopper: Uint32Array
  /** 1 where something was taken off. */
  offered: Uint8Array
  /** What that and the list price do to the odds by themselves: ε ln(P (1 − d) / P̄). */
  move: Float64Array
  bought: Uint8Array
}

export const NO_VIEWS: PastViews = {
  shopper: new Uint32Array(0),
  offered: new Uint8Array(0),
  move: new Float64Array(0),
  bought: new Uint8Array(0),
}

/** Of known shoppers before `untilMs`, of views that tell their price; `elasticity` and `usualMinor` by item. */
export function pastViews(
  table: EventTable,
  elasticity: ArrayLike<number>,
  usualMinor: ArrayLike<number>,
  untilMs: number,
): PastViews {
  const views = eventsOf(table, VIEW, untilMs)
    .filter((e) => table.priceMinor[e] > 0)
    .slice(-MOST_VIEWS)
  const seen = pairTimes(table, views, elasticity.length)
  const bought = pairTimes(table, eventsOf(table, PURCHASE, untilMs), elasticity.length)
  const share = Float64Array.from(views, (e) => discountShare(table, e))
  return {
    shopper: views.map((e) => table.shopper[e]),
    offered: Uint8Array.from(share, (d) => (d > 0 ? 1 : 0)),
    move: Float64Array.from(views, (e, row) => {
      const item = table.item[e]
      return (
        elasticity[item] * logPriceOf(share[row]) + listedMove(elasticity[item], table.priceMinor[e], usualMinor[item])
      )
    }),
    bought: boughtWithin(seen, pairOrder(seen), bought, WINDOW_MS),
  }
}

function eventsOf({ length, kind, shopper, timeMs }: EventTable, wanted: number, untilMs: number): Uint32Array {
  const events: number[] = []
  for (let e = 0; e < length && timeMs[e] < untilMs; e++)
    if (kind[e] === wanted && shopper[e] !== NO_INDEX) events.push(e)
  return Uint32Array.from(events)
}

function pairTimes({ shopper, item, timeMs }: EventTable, events: Uint32Array, nItems: number): PairTimes {
  return {
    pair: Float64Array.from(events, (e) => shopper[e] * nItems + item[e]),
    timeMs: Float64Array.from(events, (e) => timeMs[e]),
  }
}

function discountShare({ priceMinor, discountMinor, quantity }: EventTable, e: number): number {
  return Math.min(1, Math.max(0, discountMinor[e] / (priceMinor[e] * Math.max(1, quantity[e]))))
}
