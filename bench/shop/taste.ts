/**
 * What the shop's shoppers like, as far as speed depends on it: popularity falls with rank r as (r + 1)^−0.8, items
 * fall into groups of about 400 that are bought together, and neither ranks nor groups lie side by side in memory.
 */
import { type Random, scatter } from '../random.ts'
import { POPULARITY_EXPONENT } from '../request-pool.ts'

const GROUP_ITEMS = 400

export class Taste {
  readonly nGroups: number
  readonly #items: number
  readonly #place: (rank: number) => number
  readonly #random: Random

  constructor(items: number, random: Random) {
    this.#items = items
    this.#random = random
    this.#place = scatter(items)
    this.nGroups = Math.max(1, Math.floor(items / GROUP_ITEMS))
  }

  groupOf(item: number): number {
    return item % this.nGroups
  }

  itemAtRank(rank: number): number {
    return this.#place(rank)
  }

  /** Any item, by popularity. */
  popularItem(): number {
    return this.#place(this.#random.zipf(this.#items, POPULARITY_EXPONENT))
  }

  /** An item of one group; its members are every `nGroups`-th item. */
  itemOf(group: number): number {
    const members = Math.ceil((this.#items - group) / this.nGroups)
    return group + this.nGroups * this.#random.below(members)
  }

  /** Half of what goes together is of one group, half is simply popular. */
  itemNear(group: number): number {
    return this.#random.uniform() < 0.5 ? this.itemOf(group) : this.popularItem()
  }

  /** `count` distinct items near `group`, ascending, into `out` at `from`. Needs a shop of more items than `count`. */
  distinctNear(group: number, count: number, out: Uint32Array, from: number): void {
    const drawn = new Set<number>()
    for (let tries = 0; drawn.size < count; tries++)
      drawn.add(tries < 4 * count ? this.itemNear(group) : this.#random.below(this.#items))
    let at = from
    for (const item of drawn) out[at++] = item
    out.subarray(from, at).sort()
  }
}
