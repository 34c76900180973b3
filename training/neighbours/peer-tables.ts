/**
 * Shoppers' histories as the section `peers`: row_data = item_data = r, the weight of the shopper's strongest event on the
 * item; row_weight[v] = 1 / ‖r_v‖, so that a similarity is a cosine. Bytes: 8 a shopper, 8 an entry, 8 a posting.
 */
import { EVENT_KINDS, type EventKind } from '../../core/contract/events.ts'
import type { EventTable } from '../dataset.ts'
import { NO_INDEX } from '../duckdb.ts'
import type { Histories } from '../histories.ts'
import type { SectionTables } from '../sections.ts'
import { type Csr, transpose } from '../sparse.ts'

export function peerTables(
  histories: Histories,
  nItems: number,
  eventWeights: Record<EventKind, number>,
  lastEvent: Int32Array,
  most: number,
): SectionTables<'peers'> {
  const { nShoppers, indptr, items, kinds } = histories
  const weights = EVENT_KINDS.map((kind) => eventWeights[kind])
  const data = Float32Array.from(kinds, (kind) => weights[kind])
  const byItem = transpose({ nRows: nShoppers, nCols: nItems, indptr, indices: items, data })
  const postings = newestHolders(byItem, lastEvent, most)
  return {
    row_indptr: indptr,
    row_items: items,
    row_data: data,
    row_weight: inverseLengths(indptr, data),
    item_indptr: postings.indptr,
    item_rows: postings.indices,
    item_data: postings.data,
    item_scale: new Float32Array(0),
  }
}

/** Position in the table of each shopper's newest event, -1 without one. */
export function lastEvents({ length, shopper }: EventTable, nShoppers: number): Int32Array {
  const last = new Int32Array(nShoppers).fill(-1)
  for (let e = 0; e < length; e++) if (shopper[e] !== NO_INDEX) last[shopper[e]] = e
  return last
}

/** Of each item's shoppers the `most` whose newest event is newest, ascending. */
function newestHolders(byItem: Csr, lastEvent: Int32Array, most: number): Csr {
  const { nRows, nCols, indptr, indices, data } = byItem
  const kept = new Uint32Array(indices.length)
  const starts = new Uint32Array(nRows + 1)
  let end = 0
  for (let item = 0; item < nRows; item++) {
    const holders = indices.subarray(indptr[item], indptr[item + 1])
    const oldest = holders.length <= most ? -1 : lastEventOfRank(holders, lastEvent, most)
    for (let p = indptr[item]; p < indptr[item + 1]; p++) if (lastEvent[indices[p]] >= oldest) kept[end++] = p
    starts[item + 1] = end
  }
  const places = kept.subarray(0, end)
  return {
    nRows,
    nCols,
    indptr: starts,
    indices: places.map((p) => indices[p]),
    data: Float32Array.from(places, (p) => data[p]),
  }
}

/** No two shoppers share their newest event, so exactly `rank` of them are not older. */
function lastEventOfRank(shoppers: Uint32Array, lastEvent: Int32Array, rank: number): number {
  const positions = Int32Array.from(shoppers, (shopper) => lastEvent[shopper]).sort()
  return positions[positions.length - rank]
}

function inverseLengths(indptr: Uint32Array, data: Float32Array): Float32Array {
  return Float32Array.from({ length: indptr.length - 1 }, (_, v) => {
    let squares = 0
    for (let p = indptr[v]; p < indptr[v + 1]; p++) squares += data[p] * data[p]
    return squares === 0 ? 0 : 1 / Math.sqrt(squares)
  })
}
