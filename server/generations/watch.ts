/**
 * Watches a snapshot that has just taken over: for a while its answers are compared with those of the one before. A snapshot that
 * was returned to is not watched, so two never change places for ever.
 *
 * What it is compared with is what the one before did in its last one to two windows, not in its whole life.
 */
import type { SnapshotId } from '../../core/contract/ids.ts'
import { type VerdictLimits, verdict } from './verdict.ts'
import { type AnswerTally, Vitals } from './vitals.ts'

export interface WatchSettings extends VerdictLimits {
  /** Length of the window. It stays open longer where fewer than `leastRequests` came. */
  windowMs: number
}

/** Answered requests of one batch. */
export interface Answered {
  errors: boolean[]
  latencyMs: number[]
  tally: AnswerTally
}

export class Watch {
  readonly #settings: WatchSettings | null
  #id: SnapshotId | null = null
  /** Discounts of different campaigns are not compared. */
  #revision = ''
  #older = new Vitals()
  #newer = new Vitals()
  #newerSince = 0
  #before: { vitals: Vitals; revision: string } | null = null
  #until = 0

  /** Null: nothing is watched. */
  constructor(settings: WatchSettings | null) {
    this.#settings = settings
  }

  get isWatching(): boolean {
    return this.#before !== null
  }

  /** A snapshot has begun to serve. Times in milliseconds since 1970. */
  begin(id: SnapshotId, isWatched: boolean, now: number): void {
    if (this.#settings === null || id === this.#id) return
    this.#before = isWatched && this.#id !== null ? { vitals: this.#total(), revision: this.#revision } : null
    this.#id = id
    this.#older = new Vitals()
    this.#newer = new Vitals()
    this.#newerSince = now
    this.#until = now + this.#settings.windowMs
  }

  /** A batch that began on the snapshot before is its own no more, and not this one's either. */
  count(id: SnapshotId, { errors, latencyMs, tally }: Answered, revision: string, now: number): void {
    if (this.#settings === null || id !== this.#id) return
    if (now - this.#newerSince > this.#settings.windowMs && !this.isWatching) this.#turn(now)
    if (revision !== this.#revision) this.#forgetDiscounts(revision)
    for (let i = 0; i < errors.length; i++) this.#newer.addRequest(errors[i], latencyMs[i])
    this.#newer.addAnswers(tally)
  }

  /** Why to return to the snapshot before, or null. The window closes by itself, and with a reason. */
  look(now: number): string | null {
    if (this.#settings === null || this.#before === null) return null
    const vitals = this.#total()
    const { vitals: before, revision } = this.#before
    if (revision !== this.#revision) before.forgetDiscounts()
    const reason = verdict(vitals, before, this.#settings)
    const isOver = now >= this.#until && vitals.requests >= this.#settings.leastRequests
    if (reason !== null || isOver) this.#before = null
    return reason
  }

  #turn(now: number): void {
    this.#older = this.#newer
    this.#newer = new Vitals()
    this.#newerSince = now
  }

  #forgetDiscounts(revision: string): void {
    this.#revision = revision
    for (const vitals of [this.#older, this.#newer]) vitals.forgetDiscounts()
  }

  #total(): Vitals {
    const total = new Vitals()
    total.add(this.#older)
    total.add(this.#newer)
    return total
  }
}
