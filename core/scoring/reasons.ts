/**
 * Why an item is in the answer: the history item whose row gave the largest part of what the rows gave; where no row reaches
 * it, the first of the neighbourhoods that does.
 */
import type { ItemReason } from '../contract/answers.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { SnapshotTables } from '../snapshot/tables.ts'
import type { Generation } from './generation.ts'
import type { History, HistorySource } from './history.ts'
import { linksOf } from './neighbours.ts'
import { rankingPart } from './rankings.ts'
import { type Found, weightsFor } from './sources.ts'

const REASON_OF: Record<HistorySource, 'because_you_bought' | 'because_you_viewed' | 'because_in_cart' | 'similar_to'> =
  {
    purchase: 'because_you_bought',
    cart: 'because_in_cart',
    view: 'because_you_viewed',
    clicked: 'because_you_viewed',
    shown: 'because_you_viewed',
    uncart: 'because_you_viewed',
    page: 'similar_to',
  }

/** An `ItemReason` before its item is named. */
export type Reason = (Exclude<ItemReason, OfItem> & { item?: undefined }) | (Omit<OfItem, 'item'> & { item: ItemIndex })
type OfItem = Extract<ItemReason, { item: string }>

export function reasonsFor(g: Generation, history: History, found: Found, item: ItemIndex): Reason[] {
  if (history.length === 0) return [{ code: 'popular' }]
  const weights = weightsFor(g, history)
  const { rows, share } = g.arena
  const byRows = weights.rows === 0 ? -1 : largestRow(g, history, g.tables.similarity, item)
  const other = otherCause(g, history, item, byRows)
  if (other !== null) return [other]
  const byContent = byRows >= 0 || weights.content === 0 ? -1 : largestRow(g, history, g.tables.content, item)
  const position = Math.max(byRows, byContent)
  if (position >= 0)
    return [
      {
        code: REASON_OF[history.sources[position]],
        item: rows.view[position],
        share: thousandths(share.view[0]),
      },
    ]
  if (found.sessions > 0 && isHeldBy(g, 'sessions', found.sessions, item)) return [{ code: 'similar_visits' }]
  if (found.peers > 0 && isHeldBy(g, 'peers', found.peers, item)) return [{ code: 'similar_shoppers' }]
  if (weights.links > 0 && isHeldByLinked(g, history.shopper, item)) return [{ code: 'linked_shoppers' }]
  return [{ code: g.tables.similarity.bias.view[item] > 0 ? 'popular' : 'near_your_taste' }]
}

/** Position in the history, or -1; its share goes to `arena.share`. */
function largestRow(g: Generation, history: History, table: SnapshotTables['content'], item: ItemIndex): number {
  if (table === null) return -1
  const { rows, weights, share } = g.arena
  const { indptr, indices, data } = table
  return g.kernel.largestContribution(
    rows.pointer,
    weights.pointer,
    history.length,
    indptr.pointer,
    indices.pointer,
    data.pointer,
    item,
    share.pointer,
  )
}

function isHeldBy(g: Generation, name: 'sessions' | 'peers', n: number, item: ItemIndex): boolean {
  const source = g.neighbourhoods[name]
  if (source === null) return false
  const { rowIndptr, rowItems } = source.table
  return g.kernel.firstHolding(source.kept.rows.pointer, n, rowIndptr.pointer, rowItems.pointer, item) >= 0
}

function isHeldByLinked(g: Generation, shopper: number, item: ItemIndex): boolean {
  const { peers } = g.tables
  const { shoppers, n } = linksOf(g, shopper)
  if (peers === null || n === 0) return false
  return g.kernel.firstHolding(shoppers, n, peers.rowIndptr.pointer, peers.rowItems.pointer, item) >= 0
}

/** Popularity, a trend or a purchase that is due, where it adds more than the history item at `position` does. */
function otherCause(g: Generation, history: History, item: ItemIndex, position: number): Reason | null {
  const blend = weightsFor(g, history)
  const popular = rankingPart(g, 'popular', blend.popular, item)
  const trend = rankingPart(g, 'trends', blend.trends, item)
  const due = history.due.find((known) => known.item === item)
  const again = due === undefined ? 0 : blend.rhythm * due.hazard
  const strongest = Math.max(popular, trend, again)
  if (strongest === 0 || (position >= 0 && strongest <= blend.rows * rowPart(g, position, item))) return null
  if (due !== undefined && again === strongest) return { code: 'due_again', days: due.days }
  return { code: trend === strongest ? 'trending' : 'popular' }
}

/** What the history item at a position adds to an item's score, before the weight of the source. */
function rowPart(g: Generation, position: number, item: ItemIndex): number {
  const { indptr, indices, data } = g.tables.similarity
  const row = g.arena.rows.view[position]
  const columns = indices.view.subarray(indptr.view[row], indptr.view[row + 1])
  return g.arena.weights.view[position] * data.view[indptr.view[row] + columns.indexOf(item)]
}

/** To three digits after the point, as the nearest double. */
export function thousandths(share: number): number {
  return Math.floor(share * 1000 + 0.5) / 1000
}
