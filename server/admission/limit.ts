/**
 * How many requests a lane may hold, waiting or at work, so that they wait about as long as is aimed at.
 *
 *   under pressure, every INTERVAL_MS:  gradient = clamp(target / wait, 1/2, 3/2)
 *                                       limit ← clamp(held · gradient + √held, least, calm)
 *   at rest:                            limit = calm = clamp(2 · target · workers / service, rest, most)
 *
 * The first line is the gradient limit of Netflix's concurrency-limits (`GradientLimit`, 2018), with one difference: that one infers
 * queueing from round trips, this one is told how long requests waited. As in CoDel (Nichols and Jacobson, ACM Queue 10(5), 2012;
 * RFC 8289) the wait that counts is the least of an interval, so a burst that drains is no pressure and a queue that stands is. The
 * second line is Little's law with room for a burst of as much again; pressure does not raise the limit above it, though the least wait of the
 * interval in which an overload begins is about nothing.
 *
 * `wait`, `target`, `service` (of one request at one worker): milliseconds. `held`: the limit where somebody was refused, otherwise the
 * most that the lane held in the interval. The first `PATIENCE` intervals under pressure, one after the other, do not go below
 * `rest`: a stall of the machine is no overload. Invariant: least ≤ limit ≤ most.
 */

export interface LimitSettings {
  /** How long requests may wait, about. */
  targetMs: number
  workers: number
  least: number
  /** Least limit without pressure. */
  rest: number
  most: number
}

const INTERVAL_MS = 100
/** After a pause like this an interval begins anew. */
const PAUSE_MS = 1000
const PATIENCE = 4
/** Weight of the newest run in the mean service time. */
const NEWEST = 0.1

export class GradientLimit {
  limit: number
  readonly #settings: LimitSettings
  #intervalStart = Number.NEGATIVE_INFINITY
  #leastWaitMs = Number.POSITIVE_INFINITY
  #mostHeld = 0
  #hasRefused = false
  #serviceMs = 0
  #lastMs = Number.NEGATIVE_INFINITY
  /** Intervals under pressure, one after the other. */
  #pressed = 0

  constructor(settings: LimitSettings) {
    this.#settings = settings
    this.limit = settings.most
  }

  /** Somebody found the lane full. */
  noteRefusal(): void {
    this.#hasRefused = true
  }

  /** One worker took `requests` and was done with them `runMs` later. */
  noteRun(requests: number, runMs: number): void {
    const each = runMs / requests
    this.#serviceMs += this.#serviceMs === 0 ? each : NEWEST * (each - this.#serviceMs)
  }

  /** A batch goes to a worker: how long its first request waited, and how many the lane holds. `now`: any clock, in milliseconds. */
  noteWait(waitMs: number, held: number, now: number): void {
    if (now - this.#lastMs > PAUSE_MS) this.#begin(now)
    this.#lastMs = now
    this.#leastWaitMs = Math.min(this.#leastWaitMs, waitMs)
    this.#mostHeld = Math.max(this.#mostHeld, held)
    if (now - this.#intervalStart < INTERVAL_MS) return
    this.limit = this.#next()
    this.#begin(now)
  }

  #begin(now: number): void {
    this.#intervalStart = now
    this.#leastWaitMs = Number.POSITIVE_INFINITY
    this.#mostHeld = 0
    this.#hasRefused = false
  }

  #next(): number {
    const { targetMs, workers, least, rest, most } = this.#settings
    const isPressed = this.#hasRefused || this.#leastWaitMs > targetMs
    this.#pressed = isPressed ? this.#pressed + 1 : 0
    const calm = clamp((2 * targetMs * workers) / this.#serviceMs, rest, most)
    if (!isPressed) return calm
    const gradient = clamp(targetMs / this.#leastWaitMs, 0.5, 1.5)
    const held = this.#hasRefused ? this.limit : this.#mostHeld
    return clamp(held * gradient + Math.sqrt(held), this.#pressed > PATIENCE ? least : rest, calm)
  }
}

/** `x` may be infinite or, before anything was measured, not a number: then as much as is allowed. */
function clamp(x: number, least: number, most: number): number {
  return x >= least ? Math.min(x, most) : x < least ? least : most
}
