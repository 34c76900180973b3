/**
 * Events on their way into the log. An event counts, and is acknowledged, when it is durable: its shopper's live state and its
 * campaign's budget change only then, in the order of the log. One whose id came before counts no second time.
 */
import type { RecentIds } from '../../core/store/recent-ids.ts'
import type { TakenEvent } from '../work/messages.ts'
import type { ShopLogs } from './logs.ts'

export interface EventsAnswer {
  accepted: number
  unknownItems: number
  /** Of the accepted, those whose id came before. */
  duplicates: number
}

export class EventIntake {
  duplicates = 0
  readonly #logs: ShopLogs
  readonly #ids: RecentIds
  readonly #waits: boolean
  readonly #apply: (event: TakenEvent) => void

  /** `ids`: of the events in the log; `waits`: whether an acknowledgement waits for the disk. */
  constructor(logs: ShopLogs, ids: RecentIds, waits: boolean, apply: (event: TakenEvent) => void) {
    this.#logs = logs
    this.#ids = ids
    this.#waits = waits
    this.#apply = apply
  }

  /** The rows are copied at once. Rejects with `disk_full` or `log_unavailable`; then none of the events counts. */
  async take(events: readonly TakenEvent[], rowOf: (event: TakenEvent) => Uint8Array): Promise<EventsAnswer> {
    const refusal = this.#logs.refusal('events')
    if (refusal !== null) throw refusal
    const fresh = events.filter((event) => this.#note(event))
    for (const event of fresh) this.#logs.logs.events.append(rowOf(event))
    try {
      // One that came before may still be on its way: then this waits for it.
      if (this.#waits) await this.#logs.logs.events.flush()
    } catch (error) {
      for (const { id } of fresh) if (id !== null) this.#ids.forget(id)
      throw error
    }
    for (const event of fresh) this.#apply(event)
    this.#logs.rows.events += fresh.length
    this.duplicates += events.length - fresh.length
    return {
      accepted: events.length,
      unknownItems: events.filter(({ isUnknown }) => isUnknown).length,
      duplicates: events.length - fresh.length,
    }
  }

  /** False: its id came before. */
  #note({ id }: TakenEvent): boolean {
    if (id === null) return true
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    return true
  }
}
