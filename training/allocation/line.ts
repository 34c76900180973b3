/**
 * Exact minimum of the dual along a line of prices λ + t d, t ≥ 0. With s_a the worth of action a at λ and c_a = d · w_a:
 *
 *   φ(t) = t (d · B) + Σ_r max(0, max_a s_a − t c_a)
 *
 * is convex and piecewise linear. A request changes its choice where two of its lines cross on their upper envelope; a
 * change from a to b raises the slope φ' by c_a − c_b > 0. The minimum is the first crossing from which on the slope is not
 * negative, found by weighted selection (Dyer, Mathematical Programming 29, 1984; Zemel, Information Processing Letters
 * 18, 1984), so in time linear in the number of crossings. Crossings have a total order: t, then when they were found.
 */
import { NOTHING } from './instance.ts'

/** Share of a sum that adding up in another order may change. */
const SUMMING = 1e-12

/** Where the choice of a request changes from one action to another. */
export interface Crossing {
  t: number
  request: number
  from: number
  to: number
  /** Share of the request that still takes `from` where the slope is to be 0. */
  share: number
}

export class PriceLine {
  readonly #actionStart: Uint32Array
  readonly #at: Float64Array
  readonly #rise: Float64Array
  readonly #request: Uint32Array
  readonly #from: Int32Array
  readonly #to: Int32Array
  readonly #order: Uint32Array
  #count = 0
  #slope = 0

  /** Room for the crossings of one instance: a request has no more than actions. */
  constructor(actionStart: Uint32Array) {
    const most = actionStart[actionStart.length - 1]
    this.#actionStart = actionStart
    this.#at = new Float64Array(most)
    this.#rise = new Float64Array(most)
    this.#request = new Uint32Array(most)
    this.#from = new Int32Array(most)
    this.#to = new Int32Array(most)
    this.#order = new Uint32Array(most)
  }

  /** φ' just after t = 0. */
  get slope(): number {
    return this.#slope
  }

  /**
   * `scores` s and `costs` c by action, `drift` = d · B; costs that differ by no more than `rounding` are one. Null: φ falls
   * as far as `limit`, or does not fall at all.
   */
  minimum(scores: Float64Array, costs: Float64Array, drift: number, limit: number, rounding: number): Crossing | null {
    this.#count = 0
    this.#slope = drift
    for (let r = 0; r + 1 < this.#actionStart.length; r++) this.#wrap(r, scores, costs, limit, rounding)
    if (this.#slope >= 0) return null
    const found = this.#select(-this.#slope)
    if (found === null) return null
    const { k, before } = found
    const share = Math.max(0, 1 - (-this.#slope - before) / this.#rise[k])
    return { t: this.#at[k], request: this.#request[k], from: this.#from[k], to: this.#to[k], share }
  }

  /** φ' just after `t`, with what adding up makes of 0 held for 0. */
  slopeAfter(t: number): number {
    let sum = 0
    for (let k = 0; k < this.#count; k++) if (this.#at[k] <= t) sum += this.#rise[k]
    return Math.abs(this.#slope + sum) <= SUMMING * sum ? 0 : this.#slope + sum
  }

  /** The first crossing after `t`; infinity where there is none. */
  nextAfter(t: number): number {
    let next = Number.POSITIVE_INFINITY
    for (let k = 0; k < this.#count; k++) if (this.#at[k] > t && this.#at[k] < next) next = this.#at[k]
    return next
  }

  /** Follows the upper envelope of a request from t = 0 by gift wrapping; where lines meet, the one that falls least goes on. */
  #wrap(request: number, scores: Float64Array, costs: Float64Array, limit: number, rounding: number): void {
    const first = this.#actionStart[request]
    const end = this.#actionStart[request + 1]
    let action = NOTHING
    let score = 0
    let cost = 0
    for (let a = first; a < end; a++) {
      if (scores[a] < score || (scores[a] === score && costs[a] <= cost)) continue
      action = a
      score = scores[a]
      cost = costs[a]
    }
    this.#slope -= cost
    for (;;) {
      let next = NOTHING
      let nextCost = cost
      let at = Number.POSITIVE_INFINITY
      if (cost > rounding) {
        nextCost = 0
        at = score / cost
      }
      for (let a = first; a < end; a++) {
        if (cost - costs[a] <= rounding) continue
        const t = (score - scores[a]) / (cost - costs[a])
        if (t > at || (t === at && costs[a] >= nextCost)) continue
        next = a
        nextCost = costs[a]
        at = t
      }
      if (nextCost === cost || at > limit) return
      this.#add(at, cost - nextCost, request, action, next)
      action = next
      score = next === NOTHING ? 0 : scores[next]
      cost = nextCost
    }
  }

  #add(at: number, rise: number, request: number, from: number, to: number): void {
    const k = this.#count++
    this.#at[k] = at
    this.#rise[k] = rise
    this.#request[k] = request
    this.#from[k] = from
    this.#to[k] = to
  }

  /** The first crossing with which the rises reach `need`, and the sum of those before it. */
  #select(need: number): { k: number; before: number } | null {
    const order = this.#order
    for (let k = 0; k < this.#count; k++) order[k] = k
    let before = 0
    let last: { k: number; before: number } | null = null
    for (let low = 0, high = this.#count; low < high; ) {
      const pivot = order[(low + high) >>> 1]
      order[(low + high) >>> 1] = order[low]
      order[low] = pivot
      let middle = low + 1
      let sum = 0
      for (let i = low + 1; i < high; i++) {
        const k = order[i]
        if (this.#isAfter(k, pivot)) continue
        order[i] = order[middle]
        order[middle++] = k
        sum += this.#rise[k]
      }
      if (before + sum >= need) {
        order[low] = order[middle - 1]
        high = middle - 1
      } else if (before + sum + this.#rise[pivot] >= need) return { k: pivot, before: before + sum }
      else {
        last = { k: pivot, before: before + sum }
        before += sum + this.#rise[pivot]
        low = middle
      }
    }
    return need - before <= SUMMING * before ? last : null
  }

  #isAfter(k: number, pivot: number): boolean {
    return this.#at[k] > this.#at[pivot] || (this.#at[k] === this.#at[pivot] && k > pivot)
  }
}
