/**
 * A synthetic shop's tables, from a seed, in the shape of a trained snapshot: for measuring speed at any size.
 * What it recommends means nothing.
 */
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { STOCK_NOT_COUNTED, UNKNOWN_COST } from '../../core/snapshot/layout.ts'
import { encodeStrings } from '../../core/snapshot/strings.ts'
import { buildKeyTable } from '../../training/key-table.ts'
import type { SectionTables } from '../../training/sections.ts'
import { descendingOrder } from '../../training/sparse.ts'
import type { Random } from '../random.ts'
import type { Taste } from './taste.ts'

export const NEIGHBOURS = 100
export const HISTORY = 20
export const VECTOR_DIM = 32
export const CATEGORIES = 200
export const BRANDS = 500

export const itemKey = (item: number) => `item-${String(item).padStart(8, '0')}`
export const shopperKey = (shopper: number) => `shopper-${String(shopper).padStart(8, '0')}`

/** `category-7`, `brand-12`: the code is in the name. */
export const categoryName = (code: number) => `category-${code}`
export const brandName = (code: number) => `brand-${code}`

export function catalogueTables(items: number, random: Random): SectionTables<'catalogue'> {
  const titles = encodeStrings(range(items, (item) => `Synthetic article number ${item}`))
  const categories = encodeStrings(range(CATEGORIES, categoryName))
  const brands = encodeStrings(range(BRANDS, brandName))
  const price = Int32Array.from({ length: items }, () => Math.floor(200 * 100 ** random.uniform()))
  return {
    ...buildKeyTable([...range(items, itemKey)]),
    titles_bytes: titles.bytes,
    titles_offsets: titles.offsets,
    category: Uint32Array.from({ length: items }, () => random.below(CATEGORIES)),
    categories_bytes: categories.bytes,
    categories_offsets: categories.offsets,
    brand: Uint32Array.from({ length: items }, () => random.below(BRANDS)),
    brands_bytes: brands.bytes,
    brands_offsets: brands.offsets,
    price_minor: price,
    prior_price_minor: price,
    cost_minor: price.map((minor) => (random.uniform() < 0.05 ? UNKNOWN_COST : Math.floor(minor * 0.6))),
    stock: price.map(() => (random.uniform() < 0.02 ? 0 : STOCK_NOT_COUNTED)),
    available: new Uint8Array(items).fill(1),
  }
}

/** Every row has `neighbours` columns; an item's bias is what is left of its popularity without a neighbour. */
export function similarityTables(
  items: number,
  neighbours: number,
  taste: Taste,
  random: Random,
): SectionTables<'similarity'> {
  const perRow = Math.min(neighbours, items - 1)
  const indices = new Uint32Array(items * perRow)
  for (let row = 0; row < items; row++) taste.distinctNear(taste.groupOf(row), perRow, indices, row * perRow)
  const bias = popularityScores(items, taste).map((score) => score * 1e-3)
  return {
    indptr: Uint32Array.from({ length: items + 1 }, (_, row) => row * perRow),
    indices,
    data: new Float32Array(indices.length).map(() => random.uniform() ** 2 / perRow),
    bias,
    bias_order: descendingOrder(bias),
  }
}

export function popularityTables(items: number, taste: Taste): SectionTables<'popularity'> {
  const score = popularityScores(items, taste)
  return { score, order: descendingOrder(score) }
}

function popularityScores(items: number, taste: Taste): Float32Array {
  const scores = new Float32Array(items)
  for (let rank = 0; rank < items; rank++) scores[taste.itemAtRank(rank)] = 1 / (1 + rank)
  return scores
}

/** Unit vectors of `dim` numbers, those of one group near each other. */
export function vectorTable(items: number, dim: number, taste: Taste, random: Random): Float32Array {
  const centres = Float32Array.from({ length: taste.nGroups * dim }, () => random.uniform() - 0.5)
  const vectors = new Float32Array(items * dim)
  for (let item = 0; item < items; item++) {
    const vector = vectors.subarray(item * dim, (item + 1) * dim)
    const centre = taste.groupOf(item) * dim
    for (let d = 0; d < dim; d++) vector[d] = centres[centre + d] + 0.5 * (random.uniform() - 0.5)
    const length = Math.hypot(...vector)
    for (let d = 0; d < dim; d++) vector[d] /= length
  }
  return vectors
}

/** Every shopper has `HISTORY` items of three groups; a fifth was bought, a fifth was in the cart. */
export function shopperTables(shoppers: number, taste: Taste, random: Random): SectionTables<'shoppers'> {
  const items = new Uint32Array(shoppers * HISTORY)
  for (let shopper = 0; shopper < shoppers; shopper++) {
    const groups = Array.from({ length: 3 }, () => random.below(taste.nGroups))
    const drawn = new Set<number>()
    while (drawn.size < HISTORY) drawn.add(taste.itemNear(groups[random.below(3)]))
    items.set([...drawn], shopper * HISTORY)
  }
  const code = { view: EVENT_KINDS.indexOf('view'), cart: EVENT_KINDS.indexOf('cart') }
  return {
    ...buildKeyTable([...range(shoppers, shopperKey)]),
    history_indptr: Uint32Array.from({ length: shoppers + 1 }, (_, shopper) => shopper * HISTORY),
    history_items: items,
    history_kinds: Uint8Array.from(items, () => {
      const u = random.uniform()
      if (u < 0.6) return code.view
      return u < 0.8 ? code.cart : EVENT_KINDS.indexOf('purchase')
    }),
  }
}

export function priceTables(items: number, random: Random): SectionTables<'prices'> {
  return {
    elasticity: new Float32Array(items).map(() => -1 - 2.5 * random.uniform()),
    elasticity_se: new Float32Array(items).fill(0.2),
  }
}

function* range(n: number, name: (i: number) => string): Generator<string> {
  for (let i = 0; i < n; i++) yield name(i)
}
