/** Prices for the items of a shop, from what its trained sections say of demand. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseMinor } from '../../core/contract/money.ts'
import { UNKNOWN_COST } from '../../core/snapshot/layout.ts'
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import { type Dataset, readDataset } from '../dataset.ts'
import { readItems } from '../duckdb.ts'
import { readColumns } from '../evaluation/column-table.ts'
import { readReport, sectionFile } from '../sections.ts'
import { type ItemDemand, type Ladder, type PriceBounds, priceLadder } from './ladder.ts'
import { weeklyUnitsOf } from './level.ts'
import { type MarkdownPolicy, type MarkdownProblem, planMarkdown, valueHeld } from './markdown.ts'
import { followMarkdown, type MarkdownWeek } from './markdown-path.ts'
import { type Season, seasonOf } from './season.ts'

export interface PricedItem {
  item: string
  title: string
  currentMinor: number
  costMinor: number
  demand: ItemDemand
  ladder: Ladder
}

/** Why an item gets no price. */
export type Unpriced = 'unknown price' | 'unknown cost' | 'no sales' | 'no price within the bounds'

export interface ShopPrices {
  currency: string
  priced: PricedItem[]
  unpriced: Record<Unpriced, number>
}

/** A shop's items with what is known of their demand. */
export interface ShopDemand {
  currency: string
  keys: string[]
  titles: string[]
  priceMinor: Int32Array
  costMinor: Int32Array
  stock: Int32Array
  demands: ItemDemand[]
  season: Season
}

/** Throws `invalid_data` where the shop was not imported, or its prices were trained on other data. */
export async function readShopDemand(data: string, sections: string): Promise<ShopDemand> {
  const report = await readReport(sections, 'prices')
  const dataset = await readDataset(data, null)
  refuseOtherData(dataset, report.data)
  const { elasticity, elasticity_se } = await readSafetensors(sectionFile(sections, 'prices'))
  const items = await readItems(data, ['key', 'title', 'price_minor', 'cost_minor', 'stock'])
  const { table, watermark } = dataset
  const season = seasonOf(table, watermark)
  const elasticities = elasticity.data as Float32Array
  const levels = weeklyUnitsOf(table, items.price_minor, elasticities, season, watermark)
  return {
    currency: dataset.currency,
    keys: items.key.map((key) => key ?? ''),
    titles: items.title.map((title) => title ?? ''),
    priceMinor: items.price_minor,
    costMinor: items.cost_minor,
    stock: items.stock,
    demands: items.key.map((_, item) => ({
      elasticity: elasticities[item],
      elasticitySe: (elasticity_se.data as Float32Array)[item],
      weeklyUnits: levels[item],
    })),
    season,
  }
}

function refuseOtherData({ shop, items }: Dataset, trainedOn: { shop: string; items: number }): void {
  if (trainedOn.shop === shop && trainedOn.items === items) return
  throw new OfferwrightError(
    'invalid_data',
    'prices were trained on other data than what is imported now; run offerwright train --stage prices',
    { field: 'stage', value: 'prices' },
  )
}

/** Ladders of all items, or of one; the greatest expected gain first. `ceilings`: highest price by item key. */
export function shopLadders(
  shop: ShopDemand,
  bounds: Omit<PriceBounds, 'ceilingMinor'>,
  ceilings: ReadonlyMap<string, number>,
  only: number | null,
): ShopPrices {
  const unpriced: ShopPrices['unpriced'] = {
    'unknown price': 0,
    'unknown cost': 0,
    'no sales': 0,
    'no price within the bounds': 0,
  }
  const priced: PricedItem[] = []
  shop.keys.forEach((item, index) => {
    if (only !== null && only !== index) return
    const reason = whyUnpriced(shop, index)
    if (reason !== null) {
      unpriced[reason]++
      return
    }
    const [currentMinor, costMinor] = [shop.priceMinor[index], shop.costMinor[index]]
    const demand = shop.demands[index]
    const ladder = priceLadder(demand, currentMinor, costMinor, { ...bounds, ceilingMinor: ceilings.get(item) ?? null })
    if (ladder.best === null) unpriced['no price within the bounds']++
    else priced.push({ item, title: shop.titles[index], currentMinor, costMinor, demand, ladder })
  })
  return { currency: shop.currency, priced: priced.sort((x, y) => gainOf(y.ladder) - gainOf(x.ladder)), unpriced }
}

function whyUnpriced({ priceMinor, costMinor, demands }: ShopDemand, index: number): Unpriced | null {
  if (priceMinor[index] <= 0) return 'unknown price'
  if (costMinor[index] === UNKNOWN_COST) return 'unknown cost'
  return demands[index].weeklyUnits === 0 ? 'no sales' : null
}

export function gainOf({ best, current }: Ladder): number {
  return best === null ? 0 : best.profitMinor - current.profitMinor
}

/** Throws `unknown_item`. */
export function indexOfItem({ keys }: ShopDemand, key: string): number {
  const index = keys.indexOf(key)
  if (index >= 0) return index
  throw new OfferwrightError('unknown_item', `unknown item: ${key}`, { field: 'item', value: key })
}

export interface MarkdownOptions {
  weeks: number
  /** Null: what the catalogue counts. */
  stock: number | null
  salvageMinor: number
  maxChange: number
  ending: string
}

export interface ItemMarkdown {
  problem: MarkdownProblem
  policy: MarkdownPolicy
  path: MarkdownWeek[]
  /** Expected revenue with salvage of leaving the price as it is. */
  heldMinor: number
}

export function itemMarkdown(shop: ShopDemand, index: number, options: MarkdownOptions): ItemMarkdown {
  const { weeks, salvageMinor, maxChange, ending } = options
  const stock = options.stock ?? shop.stock[index]
  const { elasticity, weeklyUnits } = shop.demands[index]
  const currentMinor = shop.priceMinor[index]
  if (stock < 0) throw missing('stock', 'the catalogue counts no stock of it; pass --stock', shop.keys[index])
  if (currentMinor <= 0) throw missing('price', 'its price is not known', shop.keys[index])
  if (weeklyUnits === 0)
    throw missing('item', 'nobody bought it yet, so nothing is known of its demand', shop.keys[index])
  const problem: MarkdownProblem = {
    stock,
    currentMinor,
    weeklyUnits: Array.from({ length: weeks }, (_, week) => weeklyUnits * shop.season(week)),
    elasticity,
    salvageMinor,
    maxChange,
    ending,
  }
  const policy = planMarkdown(problem)
  return { problem, policy, path: followMarkdown(problem, policy), heldMinor: valueHeld(problem) }
}

function missing(field: string, what: string, item: string): OfferwrightError {
  return new OfferwrightError('invalid_value', `no markdown for ${item}: ${what}`, { field, value: item })
}

/** Highest price of each item: the lowest of its competitors' and a share `gap` more. Columns `item` and `price`. */
export async function readCeilings(file: string, gap: number, currency: string): Promise<Map<string, number>> {
  const table = await readColumns(file, ['item', 'price'])
  const prices = table.texts('price')
  const ceilings = new Map<string, number>()
  table.texts('item').forEach((item, row) => {
    const ceiling = priceAt(prices[row], row, currency) * (1 + gap)
    ceilings.set(item, Math.min(ceiling, ceilings.get(item) ?? ceiling))
  })
  return ceilings
}

function priceAt(text: string, row: number, currency: string): number {
  try {
    return parseMinor(text, currency)
  } catch {
    throw new OfferwrightError('invalid_data', `column price, row ${row + 1}: not an amount: ${JSON.stringify(text)}`, {
      field: 'price',
      value: text,
    })
  }
}
