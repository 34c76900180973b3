/**
 * Lists of items beside those for one shopper: each fills the accumulator, or names a ranking of the snapshot, and the
 * same exact top-k answers. Only items that have what the list is about are in it: a list may be shorter than asked.
 */
import { OfferwrightError } from '../contract/errors.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { LiveShopperColumns } from '../contract/live.ts'
import { LISTS, type ListName, type RecommendRequest } from '../contract/requests.ts'
import type { Generation } from './generation.ts'
import { itemIndexOf, shopperIndexOf } from './keys.ts'
import { type Reason, thousandths } from './reasons.ts'
import { addDue, type DueItem, dueItems } from './rhythm.ts'
import { keepCandidates, type Scores } from './score.ts'

export type OtherList = Exclude<ListName, 'for_you'>

export interface ListScores extends Scores {
  /** Why an item is in the list. */
  reason: (item: ItemIndex) => Reason
}

/** Throws where the snapshot has no table for the list, or the request names nobody and nothing to start from. */
export function scoreList(
  g: Generation,
  list: OtherList,
  request: RecommendRequest,
  live: LiveShopperColumns,
  time: number,
): ListScores {
  const scores = LIST_SCORES[list](g, request, live, time)
  if (request.candidates === undefined) return scores
  return { ...scores, order: 0, nTouched: keepCandidates(g, request.candidates, scores.nTouched) }
}

const LIST_SCORES: Record<
  OtherList,
  (g: Generation, request: RecommendRequest, live: LiveShopperColumns, time: number) => ListScores
> = {
  popular: popularItems,
  trending: (g) => trendItems(g, 'trending'),
  new: (g) => trendItems(g, 'new'),
  bought_together: boughtTogether,
  bought_again: boughtAgain,
}

function popularItems(g: Generation): ListScores {
  const { score, order } = g.tables.popularity
  return {
    base: score.pointer,
    order: order.pointer,
    nTouched: 0,
    isMarked: false,
    onlyPositive: false,
    reason: () => ({ code: 'popular' }),
  }
}

function trendItems(g: Generation, list: 'trending' | 'new'): ListScores {
  const { trends } = g.tables
  if (trends === null) throw noTable(list)
  const [base, order] = list === 'new' ? [trends.newness, trends.newnessOrder] : [trends.trending, trends.trendingOrder]
  const reason = (): Reason => ({ code: list })
  return { base: base.pointer, order: order.pointer, nTouched: 0, isMarked: false, onlyPositive: true, reason }
}

/** Rows of the page's item and of the cart's, the mean of them: the share of their orders that an item was in. */
function boughtTogether(g: Generation, request: RecommendRequest): ListScores {
  const { together } = g.tables
  if (together === null) throw noTable('bought_together')
  if (request.item === undefined && !request.cart?.length)
    throw new OfferwrightError('missing_field', 'missing field: item (bought_together needs an item or a cart)', {
      field: 'item',
    })
  const keys = [...(request.item === undefined ? [] : [request.item]), ...(request.cart ?? []).map(({ item }) => item)]
  const sources = [...new Set(keys.map((key) => itemIndexOf(g, key)))].filter((item) => item >= 0)
  const { rows, weights, accumulator, touched } = g.arena
  rows.view.set(sources)
  weights.view.fill(1 / Math.max(1, sources.length), 0, sources.length)
  const { indptr, indices, data } = together
  const nTouched = g.kernel.accumulateRows(
    rows.pointer,
    weights.pointer,
    sources.length,
    indptr.pointer,
    indices.pointer,
    data.pointer,
    accumulator.pointer,
    touched.pointer,
    0,
  )
  const reason = (item: ItemIndex) => togetherReason(g, sources, item)
  return { base: 0, order: 0, nTouched, isMarked: false, onlyPositive: true, reason }
}

/** The source that an item was bought with most often, and in which share of the source's orders. */
function togetherReason(g: Generation, sources: ItemIndex[], item: ItemIndex): Reason {
  const shares = sources.map((source) => togetherShare(g, source, item))
  const share = Math.max(...shares)
  return {
    code: 'bought_together',
    item: sources[shares.indexOf(share)],
    share: thousandths(share),
  }
}

function togetherShare(g: Generation, source: ItemIndex, item: ItemIndex): number {
  const { together } = g.tables
  if (together === null) return 0
  const { indptr, indices, data } = together
  for (let p = indptr.view[source]; p < indptr.view[source + 1]; p++) if (indices.view[p] === item) return data.view[p]
  return 0
}

function boughtAgain(g: Generation, request: RecommendRequest, live: LiveShopperColumns, time: number): ListScores {
  if (g.tables.rhythm === null) throw noTable('bought_again')
  if (request.shopper === undefined && request.session === undefined)
    throw new OfferwrightError('missing_field', 'missing field: shopper (bought_again is about what they bought)', {
      field: 'shopper',
    })
  const shopper = request.shopper === undefined ? -1 : shopperIndexOf(g, request.shopper)
  const due = request.personalise === false ? [] : dueItems(g, shopper, live, time)
  return {
    base: 0,
    order: 0,
    nTouched: addDue(g, due, 1, 0),
    isMarked: false,
    onlyPositive: true,
    reason: (item) => dueReason(due, item),
  }
}

export function dueReason(due: DueItem[], item: ItemIndex): Reason {
  return { code: 'due_again', days: due.find((known) => known.item === item)?.days ?? 0 }
}

function noTable(list: ListName): OfferwrightError {
  return new OfferwrightError(
    'invalid_value',
    `invalid list: ${list} (this snapshot was trained without a table for it; it knows ${LISTS.slice(0, 2).join(' and ')})`,
    { field: 'list', value: list },
  )
}
