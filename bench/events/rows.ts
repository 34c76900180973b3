/** Events of visitors who are none of those that ask for decisions, as requests and as rows of the log. */
import type { EventRow } from '../../core/contract/events.ts'
import { Random } from '../random.ts'
import { itemKey } from '../shop/tables.ts'

interface BenchEvent {
  id: string
  kind: 'view' | 'cart'
  item: string
  session: string
}

/** `keyOf`: of an item; absent: the synthetic shop's. */
export function visitorEvents(count: number, items: number, seed: number, keyOf = itemKey): BenchEvent[] {
  const random = new Random(seed)
  return Array.from({ length: count }, (_, i) => ({
    id: `event-${seed}-${i}`,
    kind: random.below(4) === 0 ? ('cart' as const) : ('view' as const),
    item: keyOf(random.below(items)),
    session: `visit-${random.below(10_000)}`,
  }))
}

export function rowOf(event: BenchEvent, time: number): Buffer {
  const row: EventRow = { v: 1, shop: 'default', ...event, time, receivedAt: time }
  return Buffer.from(JSON.stringify(row))
}

/** Bodies of `POST /v1/events`. */
export function eventBodies(count: number, perRequest: number, items: number, seed: number, keyOf = itemKey): string[] {
  const events = visitorEvents(count * perRequest, items, seed, keyOf)
  return Array.from({ length: count }, (_, b) =>
    JSON.stringify({ events: events.slice(b * perRequest, (b + 1) * perRequest) }),
  )
}
