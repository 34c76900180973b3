/** Events that a client sent, which of them were acknowledged, and what a log says of them afterwards. */
import type { Random } from '../../bench/random.ts'
import type { ReadableSegment } from '../../core/store/log/reader.ts'
import { chainedSegments, readLog } from '../../core/store/log/reader.ts'

interface SentEvent {
  id: string
  kind: 'view' | 'cart'
  item: string
  session: string
  quantity: number
}

export interface LogCounts {
  acknowledged: number
  /** Acknowledged and not in the log. */
  lost: number
  /** In the log twice. */
  duplicated: number
  /** In the log and never sent, or not as they were sent. */
  wrongRecords: number
}

export class SentEvents {
  readonly counts: LogCounts = { acknowledged: 0, lost: 0, duplicated: 0, wrongRecords: 0 }
  readonly #random: Random
  readonly #sent = new Map<string, string>()
  readonly #logged = new Set<string>()
  readonly acknowledgedAt = new Map<string, bigint>()
  /** Acknowledged since the last look at the log. */
  #acknowledged: string[] = []
  /** Sent without an answer: their sender asks again. */
  #unanswered: SentEvent[] = []
  #looked = 0

  constructor(random: Random) {
    this.#random = random
  }

  /** New ones, and now and then one that nobody answered before, or that was sent already. */
  next(): SentEvent[] {
    const events = Array.from({ length: 1 + this.#random.below(3) }, () => this.#fresh())
    const again = this.#random.below(4) === 0 ? this.#unanswered.pop() : undefined
    if (again !== undefined) events.push(again)
    if (this.#random.below(10) === 0) events.push(events[0])
    return events
  }

  #fresh(): SentEvent {
    const event: SentEvent = {
      id: `event-${this.#sent.size}-${this.#random.below(1_000_000)}`,
      kind: this.#random.below(2) === 0 ? 'view' : 'cart',
      item: `p${String(this.#random.below(300)).padStart(7, '0')}`,
      session: `session-${this.#random.below(1000)}`,
      quantity: 1 + this.#random.below(9),
    }
    this.#sent.set(event.id, textOf(event))
    return event
  }

  acknowledge(events: readonly SentEvent[]): void {
    const ids = new Set(events.map(({ id }) => id))
    this.counts.acknowledged += ids.size
    this.#acknowledged.push(...ids)
    for (const id of ids) if (!this.acknowledgedAt.has(id)) this.acknowledgedAt.set(id, process.hrtime.bigint())
  }

  leaveUnanswered(events: readonly SentEvent[]): void {
    this.#unanswered.push(...new Set(events))
  }

  /** Compares the segments that came since the last look; a server that is gone changes none of the others. */
  async look(folder: string): Promise<void> {
    for (const segment of await chainedSegments(folder, 'events'))
      if (segment.number > this.#looked) await this.#compare(segment)
    for (const id of this.#acknowledged) if (!this.#logged.has(id)) this.counts.lost++
    this.#acknowledged = []
  }

  async #compare(segment: ReadableSegment): Promise<void> {
    await segment.read(({ text }) => {
      const row = JSON.parse(text) as SentEvent
      if (this.#logged.has(row.id)) this.counts.duplicated++
      this.#logged.add(row.id)
      if (this.#sent.get(row.id) !== textOf(row)) this.counts.wrongRecords++
    })
    this.#looked = segment.number
  }

  /** Adds up what a whole log says of the events that were acknowledged before an instant of `process.hrtime.bigint()`. */
  async compareWhole(folder: string, until: bigint): Promise<void> {
    const logged = new Set<string>()
    await readLog(folder, 'events', ({ text }) => {
      const row = JSON.parse(text) as SentEvent
      if (logged.has(row.id)) this.counts.duplicated++
      logged.add(row.id)
      if (this.#sent.get(row.id) !== textOf(row)) this.counts.wrongRecords++
    })
    for (const [id, at] of this.acknowledgedAt) if (at < until && !logged.has(id)) this.counts.lost++
  }

  get logged(): number {
    return this.#logged.size
  }
}

function textOf({ id, kind, item, session, quantity }: SentEvent): string {
  return JSON.stringify([id, kind, item, session, quantity])
}
