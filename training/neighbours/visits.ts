/**
 * Visits: a shopper's events cut where so much time passes without one. A visit holds distinct items, newest first, each at
 * the place of its newest event; events whose kind weighs nothing take no part. Visits are numbered newest first, by their
 * last event. Memory: 16 bytes an event.
 */
import { EVENT_KINDS, type EventKind } from '../../core/contract/events.ts'
import type { EventTable } from '../dataset.ts'
import { eventsByShopper } from '../histories.ts'

export interface Visits {
  indptr: Uint32Array
  items: Uint32Array
}

interface Span {
  start: number
  end: number
}

export function visitsOf(
  table: EventTable,
  counts: { items: number; shoppers: number },
  eventWeights: Record<EventKind, number>,
  gapMs: number,
): Visits {
  const weights = EVENT_KINDS.map((kind) => eventWeights[kind])
  const { starts, events } = eventsByShopper(table, counts.shoppers, weights)
  const spans = spansOf(table, starts, events, gapMs)
  // An event's position is its place in time.
  spans.sort((a, b) => events[b.end - 1] - events[a.end - 1])
  const indptr = new Uint32Array(spans.length + 1)
  const items = new Uint32Array(events.length)
  const visitOf = new Uint32Array(counts.items).fill(spans.length)
  let end = 0
  for (const [visit, span] of spans.entries()) {
    for (let p = span.end - 1; p >= span.start; p--) {
      const item = table.item[events[p]]
      if (visitOf[item] === visit) continue
      visitOf[item] = visit
      items[end++] = item
    }
    indptr[visit + 1] = end
  }
  return { indptr, items: items.slice(0, end) }
}

/** `events` are grouped by shopper, oldest first; `starts` says where each shopper's begin. */
function spansOf({ timeMs }: EventTable, starts: Uint32Array, events: Uint32Array, gapMs: number): Span[] {
  const spans: Span[] = []
  for (let shopper = 0; shopper + 1 < starts.length; shopper++) {
    let start = starts[shopper]
    for (let p = start + 1; p < starts[shopper + 1]; p++) {
      if (timeMs[events[p]] - timeMs[events[p - 1]] <= gapMs) continue
      spans.push({ start, end: p })
      start = p
    }
    if (start < starts[shopper + 1]) spans.push({ start, end: starts[shopper + 1] })
  }
  return spans
}

/** The visits of at most as many items as the share `quantile` of them has. */
export function withoutLongest({ indptr, items }: Visits, quantile: number): Visits {
  const n = indptr.length - 1
  if (quantile === 1 || n === 0) return { indptr, items }
  const lengths = Uint32Array.from({ length: n }, (_, v) => indptr[v + 1] - indptr[v])
  const longest = lengths.toSorted()[Math.ceil(quantile * n) - 1]
  const kept = [...lengths.keys()].filter((v) => lengths[v] <= longest)
  const starts = new Uint32Array(kept.length + 1)
  kept.forEach((v, i) => {
    starts[i + 1] = starts[i] + lengths[v]
  })
  const left = new Uint32Array(starts[kept.length])
  kept.forEach((v, i) => {
    left.set(items.subarray(indptr[v], indptr[v + 1]), starts[i])
  })
  return { indptr: starts, items: left }
}
