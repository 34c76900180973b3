/**
 * Each shopper's history: distinct items, newest first, with the strongest kind of event on each.
 * An item's place is that of its newest event; events whose kind weighs nothing take no part.
 */
import { EVENT_KINDS, type EventKind } from '../core/contract/events.ts'
import type { EventTable } from './dataset.ts'
import { NO_INDEX } from './duckdb.ts'
import { type Csr, rowStarts, transpose } from './sparse.ts'

export interface Histories {
  nShoppers: number
  indptr: Uint32Array
  items: Uint32Array
  /** Position in EVENT_KINDS. */
  kinds: Uint8Array
  /** Distinct items beyond the limit, over all shoppers. */
  cut: number
}

/** `limit`: most items of one shopper, the newest; null keeps all. */
export function historiesOf(
  table: EventTable,
  counts: { items: number; shoppers: number },
  eventWeights: Record<EventKind, number>,
  limit: number | null,
): Histories {
  const weights = EVENT_KINDS.map((kind) => eventWeights[kind])
  const { starts, events } = eventsByShopper(table, counts.shoppers, weights)
  const indptr = new Uint32Array(counts.shoppers + 1)
  const items = new Uint32Array(events.length)
  const kinds = new Uint8Array(events.length)
  const placeOf = new Int32Array(counts.items).fill(-1)
  let end = 0
  let cut = 0
  for (let shopper = 0; shopper < counts.shoppers; shopper++) {
    const start = end
    for (let p = starts[shopper + 1] - 1; p >= starts[shopper]; p--) {
      const item = table.item[events[p]]
      const kind = table.kind[events[p]]
      const place = placeOf[item]
      if (place >= start) {
        if (weights[kind] > weights[kinds[place]]) kinds[place] = kind
        continue
      }
      placeOf[item] = end
      items[end] = item
      kinds[end] = kind
      end++
    }
    const kept = limit === null ? end - start : Math.min(limit, end - start)
    cut += end - start - kept
    for (let p = start + kept; p < end; p++) placeOf[items[p]] = -1
    end = start + kept
    indptr[shopper + 1] = end
  }
  return { nShoppers: counts.shoppers, indptr, items: items.slice(0, end), kinds: kinds.slice(0, end), cut }
}

/** Positions of the events that count, grouped by shopper, oldest first within each. */
export function eventsByShopper(table: EventTable, nShoppers: number, weights: number[]) {
  const counted = new Uint32Array(table.length)
  let n = 0
  for (let e = 0; e < table.length; e++)
    if (table.shopper[e] !== NO_INDEX && weights[table.kind[e]] > 0) counted[n++] = e
  const starts = rowStarts(
    counted.subarray(0, n).map((e) => table.shopper[e]),
    nShoppers,
  )
  const next = starts.slice()
  const events = new Uint32Array(n)
  for (let i = 0; i < n; i++) events[next[table.shopper[counted[i]]]++] = counted[i]
  return { starts, events }
}

/** Shoppers × items and its transpose; an entry is the largest weight of the shopper's events on the item. */
export interface Interactions {
  byShopper: Csr
  byItem: Csr
  /** Shoppers with at least one entry. */
  activeShoppers: number
  cut: number
}

export function interactionsOf(
  table: EventTable,
  counts: { items: number; shoppers: number },
  eventWeights: Record<EventKind, number>,
  maxBasket: number | null,
): Interactions {
  const { indptr, items, kinds, cut } = historiesOf(table, counts, eventWeights, maxBasket)
  const weights = EVENT_KINDS.map((kind) => eventWeights[kind])
  const data = Float32Array.from(kinds, (kind) => weights[kind])
  const byItem = transpose({ nRows: counts.shoppers, nCols: counts.items, indptr, indices: items, data })
  let activeShoppers = 0
  for (let shopper = 0; shopper < counts.shoppers; shopper++)
    if (indptr[shopper + 1] > indptr[shopper]) activeShoppers++
  return { byShopper: transpose(byItem), byItem, activeShoppers, cut }
}
