/** The export of items: what the shop sells on the last day. */
import { BRANDS, brandName, CATEGORIES, type Category, lookOf, titleOf } from './categories.ts'
import { STREAM } from './random.ts'
import { categoryOf, itemKey, listPriceMinor, type Truth } from './truth.ts'

export const ITEMS_HEADER = 'sku,title,category,brand,price,cost,stock,available,colour,tags,weight\n'

const SHELVES = new Map(CATEGORIES.map((category) => [category.name, category]))

export interface CatalogueItem {
  priceMinor: number
  /** -1: the merchant does not tell it. */
  costMinor: number
  /** -1: stock is not counted. */
  stock: number
  available: boolean
}

export function catalogueItem(truth: Truth, item: number): CatalogueItem {
  const { random, parameters } = truth
  const priceMinor = listPriceMinor(truth, item, parameters.weeks - 1)
  random.block(STREAM.item, item, 2, 0)
  const counted = random.uniform(0) >= parameters.stockUncountedShare
  const sold = random.uniform(1) < parameters.outOfStockShare
  const costKnown = random.uniform(2) >= parameters.costUnknownShare
  const available = random.uniform(3) >= parameters.unavailableShare
  random.block(STREAM.item, item, 3, 0)
  const stock = Math.ceil(Math.exp(4 + random.normal(0)))
  return {
    priceMinor,
    costMinor: costKnown ? truth.costMinor[item] : -1,
    stock: counted ? (sold ? 0 : stock) : -1,
    available,
  }
}

export function itemRow(truth: Truth, item: number, money: (minor: number) => string): string {
  const category = truth.parameters.categories[categoryOf(truth, item)]
  const { priceMinor, costMinor, stock, available } = catalogueItem(truth, item)
  const shelf = shelfOf(category.name)
  const ordinal = Math.floor(item / truth.parameters.categories.length)
  const title = titleOf(shelf, ordinal)
  const { colour, kind } = lookOf(shelf, ordinal)
  const tags = category.cycleDays > 0 ? `${kind}|consumable` : kind
  truth.random.block(STREAM.item, item, 4, 0)
  const brand = brandName(Math.floor(truth.random.uniform(0) * BRANDS))
  const weight = (0.05 + 2 * truth.random.uniform(1)).toFixed(2)
  const cost = costMinor < 0 ? '' : money(costMinor)
  return `${itemKey(item)},${title},${category.name},${brand},${money(priceMinor)},${cost},${stock < 0 ? '' : stock},${available},${colour},${tags},${weight}\n`
}

/** Words for a category; a truth with other categories than the demo's is told in its own names. */
function shelfOf(name: string): Pick<Category, 'noun' | 'kinds'> {
  return SHELVES.get(name) ?? { noun: name.toLowerCase(), kinds: ['plain'] }
}
