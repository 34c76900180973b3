/** What shoppers of a data set liked, the lists that would be served to them, and the groups in which both are told. */
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemIndexOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import type { Dataset } from '../dataset.ts'
import { NO_INDEX, readItems, readShoppers } from '../duckdb.ts'

/** One shopper, by index in the data asked and by key, and the keys of what they turned out to like. */
export interface Case {
  index: number
  shopper: string
  liked: string[]
}

export async function casesOf({ folder, table }: Dataset): Promise<Case[]> {
  const { key: itemKeys } = await readItems(folder, ['key'])
  const { key: shopperKeys } = await readShoppers(folder)
  const byShopper = new Map<number, Set<string>>()
  for (let e = 0; e < table.length; e++) {
    if (table.shopper[e] === NO_INDEX) continue
    const liked = byShopper.get(table.shopper[e]) ?? new Set()
    byShopper.set(table.shopper[e], liked.add(itemKeys[table.item[e]] ?? ''))
  }
  return [...byShopper].map(([index, liked]) => ({ index, shopper: shopperKeys[index] ?? '', liked: [...liked] }))
}

/** What would be served, and what of it counts. An unknown item is a number of its own below 0: liked, and in no list. */
export function listFor(g: Generation, { shopper, liked }: Case, k: number): { list: number[]; relevant: Set<number> } {
  const { items } = recommend(g, { shopper, slots: k }, emptyLiveShopper())
  const wanted = liked.map((key, i) => {
    const index = itemIndexOf(g, key)
    return index < 0 ? -1 - i : index
  })
  return { list: items.map(({ item }) => itemIndexOf(g, item)), relevant: new Set(wanted) }
}

const LENGTHS = [1, 5, 10, 20, 50]

/** `history 010–019`: names sort as their numbers do. */
export function lengthSegment(length: number): string {
  const at = LENGTHS.findLastIndex((least) => length >= least)
  if (at < 0) return 'history 000'
  return `history ${spanOf(LENGTHS, at)}`
}

/** `010–019` of the steps 10 and 20; `050+` of the last. */
function spanOf(steps: readonly number[], at: number): string {
  const padded = (n: number) => String(n).padStart(3, '0')
  return at + 1 === steps.length ? `${padded(steps[at])}+` : `${padded(steps[at])}–${padded(steps[at + 1] - 1)}`
}

/** By item: share of the shoppers with any event who have one with it. */
export function itemShares({ table, items }: Dataset): Float64Array {
  const pairs = new Set<number>()
  const shoppers = new Set<number>()
  const counts = new Float64Array(items)
  for (let e = 0; e < table.length; e++) {
    if (table.shopper[e] === NO_INDEX) continue
    shoppers.add(table.shopper[e])
    const pair = table.shopper[e] * items + table.item[e]
    if (pairs.has(pair)) continue
    pairs.add(pair)
    counts[table.item[e]]++
  }
  return counts.map((count) => count / Math.max(1, shoppers.size))
}

const DAY_MS = 86_400_000
const AGES_DAYS = [0, 7, 30, 90]

/** Groups items by the days from their first event to the newest of the data: `age 007–029 days`; `new` has none. */
export function itemAgeSegment({ table, items, watermark }: Dataset): (item: number) => string {
  const first = new Float64Array(items).fill(Number.POSITIVE_INFINITY)
  for (let e = 0; e < table.length; e++) first[table.item[e]] = Math.min(first[table.item[e]], table.timeMs[e])
  return (item) => {
    const days = item < 0 ? Number.NEGATIVE_INFINITY : (watermark - first[item]) / DAY_MS
    const at = AGES_DAYS.findLastIndex((least) => days >= least)
    return at < 0 ? 'new' : `age ${spanOf(AGES_DAYS, at)} days`
  }
}
