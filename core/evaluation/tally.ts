/**
 * Lists and what they were worth, gathered one by one and told as means with 95 % intervals.
 *
 *   coverage = distinct items in the lists / items
 *   novelty  = mean over the lists' items of −log2 (share of shoppers who have the item), in bits: rare items tell more
 */
import { bootstrapMeans, type Interval } from './bootstrap.ts'
import { meanMetrics, metricsAtK, type RankingMetrics } from './ranking.ts'

export interface RankingReport extends RankingMetrics {
  lists: number
  coverage: number
  novelty: number
  intervals: Record<keyof RankingMetrics | 'novelty', Interval>
  /** By segment, in the order of their names. */
  segments: Record<string, RankingMetrics & { lists: number }>
  /** By age of the relevant item, in the order of their names: the share of relevant items that were in their list. */
  itemAges: Record<string, { recall: number; relevant: number }>
}

interface Measured extends RankingMetrics {
  novelty: number
  segment: string
}

const METRICS = ['recall', 'ndcg', 'mrr', 'hitRate'] as const

export class RankingTally {
  readonly #k: number
  /** By item: share of shoppers who have it. */
  readonly #share: Float64Array
  readonly #ageOf: (item: number) => string
  readonly #measured: Measured[] = []
  readonly #ages = new Map<string, { found: number; relevant: number }>()
  readonly #shown = new Set<number>()

  /** `ageOf`: the group of a relevant item by its age. */
  constructor(k: number, share: Float64Array, ageOf: (item: number) => string) {
    this.#k = k
    this.#share = share
    this.#ageOf = ageOf
  }

  /** `ranked`: item indexes, best first; `relevant` is not empty. */
  add(ranked: readonly number[], relevant: ReadonlySet<number>, segment: string): void {
    const list = ranked.slice(0, this.#k)
    for (const item of list) this.#shown.add(item)
    for (const item of relevant) this.#countAge(this.#ageOf(item), list.includes(item))
    this.#measured.push({ ...metricsAtK(list, relevant, this.#k), novelty: this.#noveltyOf(list), segment })
  }

  /** One metric of every list, in the order of adding: for differences between models. */
  column(metric: keyof RankingMetrics): Float64Array {
    return columnOf(this.#measured, metric)
  }

  report(seed: number): RankingReport {
    const names = [...METRICS, 'novelty'] as const
    const columns = names.map((name) => columnOf(this.#measured, name))
    const intervals = bootstrapMeans(columns, seed)
    return {
      ...meanMetrics(this.#measured),
      lists: this.#measured.length,
      coverage: this.#shown.size / Math.max(1, this.#share.length),
      novelty: meanOf(columns[METRICS.length]),
      intervals: Object.fromEntries(names.map((name, i) => [name, intervals[i]])) as RankingReport['intervals'],
      segments: this.#segments(),
      itemAges: this.#itemAges(),
    }
  }

  #countAge(age: string, isFound: boolean): void {
    const counted = this.#ages.get(age) ?? { found: 0, relevant: 0 }
    this.#ages.set(age, { found: counted.found + (isFound ? 1 : 0), relevant: counted.relevant + 1 })
  }

  #itemAges(): RankingReport['itemAges'] {
    const ages = [...this.#ages].sort(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(ages.map(([age, { found, relevant }]) => [age, { recall: found / relevant, relevant }]))
  }

  /** An item that nobody has is as novel as one that a single shopper has could be told of. */
  #noveltyOf(list: readonly number[]): number {
    let bits = 0
    for (const item of list) bits -= Math.log2(Math.max(this.#share[item], Number.EPSILON))
    return list.length === 0 ? 0 : bits / list.length
  }

  #segments(): RankingReport['segments'] {
    const names = [...new Set(this.#measured.map(({ segment }) => segment))].sort()
    return Object.fromEntries(
      names.map((name) => {
        const own = this.#measured.filter(({ segment }) => segment === name)
        return [name, { ...meanMetrics(own), lists: own.length }]
      }),
    )
  }
}

function columnOf(measured: readonly Measured[], name: keyof RankingMetrics | 'novelty'): Float64Array {
  return Float64Array.from(measured, (each) => each[name])
}

function meanOf(values: Float64Array): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length
}
