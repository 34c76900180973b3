/** First visits after a cut, and what came of them: what the held-out time asks of models that learned before it. */
import { type EventTable, firstAtOrAfter } from '../dataset.ts'
import { NO_INDEX } from '../duckdb.ts'
import { PURCHASE } from '../elasticity.ts'

/** A pause that ends a visit. */
export const VISIT_GAP_MS = 30 * 60_000

export interface Visit {
  shopper: number
  /** Distinct items of the visit itself, oldest first. */
  items: number[]
  /** Items bought within the window. */
  bought: Set<number>
}

/** First visits in [cut, end − window], of every nth shopper so that at most `limit` are left. */
export function visitsAfter(table: EventTable, cut: number, windowMs: number, limit: number): Visit[] {
  const start = firstAtOrAfter(table.timeMs, cut)
  const lastVisit = table.length === 0 ? 0 : table.timeMs[table.length - 1] - windowMs
  const opened = new Map<number, OpenVisit>()
  for (let e = start; e < table.length; e++) {
    const shopper = table.shopper[e]
    if (shopper === NO_INDEX) continue
    const time = table.timeMs[e]
    const visit = opened.get(shopper) ?? {
      began: time,
      newest: time,
      items: new Set<number>(),
      bought: new Set<number>(),
    }
    opened.set(shopper, visit)
    if (visit.began <= lastVisit && time < visit.began + windowMs) take(visit, table, e)
  }
  const visits = [...opened]
    .filter(([, { began }]) => began <= lastVisit)
    .map(([shopper, { items, bought }]) => ({ shopper, items: [...items], bought }))
  const step = Math.max(1, Math.ceil(visits.length / limit))
  return visits.filter((_, i) => i % step === 0)
}

interface OpenVisit {
  began: number
  /** Time of the visit's newest event. */
  newest: number
  items: Set<number>
  bought: Set<number>
}

function take(visit: OpenVisit, table: EventTable, event: number): void {
  const time = table.timeMs[event]
  if (time <= visit.newest + VISIT_GAP_MS) {
    visit.newest = time
    visit.items.add(table.item[event])
  }
  if (table.kind[event] === PURCHASE) visit.bought.add(table.item[event])
}
