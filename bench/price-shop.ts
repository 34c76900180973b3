/**
 * A shop whose demand is known, and two years of its sales: every week each item has a price, and Poisson shoppers buy
 *
 *   λ = level · (price / list price)^e · season(week),   e ~ N(e_category + e_brand, .3²),
 *   e_category ~ N(−2.6, .5²),   e_brand ~ N(0, .2²)
 *
 * The seller tried prices as sellers do: a list price that moves by a tenth, and discounts of 10 to 30 % in four weeks of ten.
 */
import type { EventTable } from '../training/dataset.ts'
import { PURCHASE } from '../training/elasticity.ts'
import { poisson } from '../training/simulation/random.ts'
import { Random } from './random.ts'

const WEEKS = 104
const WEEK_MS = 7 * 86_400_000
export const CATEGORIES = 8
export const BRANDS = 10
const DEPTHS = [0.9, 0.8, 0.7]
const DISCOUNTED = 0.4

export interface KnownItem {
  category: number
  brand: number
  elasticity: number
  /** Pieces a week at the list price. */
  level: number
  listMinor: number
  costMinor: number
}

export interface PriceShop {
  items: KnownItem[]
  table: EventTable
  endMs: number
}

export function priceShop(nItems: number, seed: number): PriceShop {
  const random = new Random(seed)
  const centres = Array.from({ length: CATEGORIES }, () => -2.6 + 0.5 * normal(random))
  const effects = Array.from({ length: BRANDS }, () => 0.2 * normal(random))
  const items = Array.from({ length: nItems }, (_, i) => knownItem(random, i % CATEGORIES, centres, effects))
  const sales: Sale[] = []
  for (let week = 0; week < WEEKS; week++)
    items.forEach((item, index) => {
      const list = 1 + 0.2 * (random.uniform() - 0.5)
      const depth = random.uniform() < DISCOUNTED ? DEPTHS[random.below(DEPTHS.length)] : 1
      const priceMinor = Math.ceil(item.listMinor * list * depth)
      const count = poisson(truePieces(item, priceMinor) * trueSeason(week - WEEKS), random.uniform())
      for (let n = 0; n < count; n++)
        sales.push({ item: index, priceMinor, timeMs: (week + random.uniform()) * WEEK_MS })
    })
  return { items, table: tableOf(sales), endMs: WEEKS * WEEK_MS }
}

/** Expected pieces of an average week. */
export function truePieces({ level, elasticity, listMinor }: KnownItem, priceMinor: number): number {
  return level * (priceMinor / listMinor) ** elasticity
}

interface Sale {
  item: number
  priceMinor: number
  timeMs: number
}

function knownItem(random: Random, category: number, centres: number[], effects: number[]): KnownItem {
  const brand = random.below(BRANDS)
  const listMinor = 10 * (30 + random.below(170)) + 9
  return {
    category,
    brand,
    elasticity: Math.min(-1.2, centres[category] + effects[brand] + 0.3 * normal(random)),
    level: Math.exp(Math.log(12) + 0.7 * normal(random)),
    listMinor,
    costMinor: Math.ceil(listMinor * (0.45 + 0.3 * random.uniform())),
  }
}

/** By weeks from the end of what is sold. */
export function trueSeason(week: number): number {
  return 1 + 0.3 * Math.sin((2 * Math.PI * week) / 52)
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())
}

function tableOf(sales: Sale[]): EventTable {
  const sorted = sales.sort((x, y) => x.timeMs - y.timeMs)
  return {
    length: sorted.length,
    shopper: new Uint32Array(sorted.length),
    item: Uint32Array.from(sorted, ({ item }) => item),
    kind: new Uint8Array(sorted.length).fill(PURCHASE),
    timeMs: Float64Array.from(sorted, ({ timeMs }) => timeMs),
    quantity: new Int32Array(sorted.length).fill(1),
    priceMinor: Int32Array.from(sorted, ({ priceMinor }) => priceMinor),
    discountMinor: new Int32Array(sorted.length),
  }
}
