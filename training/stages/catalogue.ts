/** The catalogue section: keys and their look-up, titles, categories, brands, prices, costs, stock. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { NO_CODE, STOCK_NOT_COUNTED, UNKNOWN_COST } from '../../core/snapshot/layout.ts'
import { encodeStrings } from '../../core/snapshot/strings.ts'
import { readItems } from '../duckdb.ts'
import { buildKeyTable } from '../key-table.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export async function trainCatalogue({ dataset, sections }: StageContext): Promise<StageReport> {
  const items = await readItems(dataset.folder, [
    'key',
    'title',
    'category',
    'brand',
    'price_minor',
    'prior_price_minor',
    'cost_minor',
    'stock',
    'available',
  ])
  const keys = items.key.map((key, i) => requireText(key, 'key', i))
  const titles = encodeStrings(items.title.map((title, i) => title ?? keys[i]))
  const categories = codesOf(items.category)
  const brands = codesOf(items.brand)
  requireAtLeast(items.price_minor, 0, 'price_minor', keys)
  requireAtLeast(items.prior_price_minor, 0, 'prior_price_minor', keys)
  requireAtLeast(items.cost_minor, UNKNOWN_COST, 'cost_minor', keys)
  requireAtLeast(items.stock, STOCK_NOT_COUNTED, 'stock', keys)
  await writeSection(sections, 'catalogue', {
    ...buildKeyTable(keys),
    titles_bytes: titles.bytes,
    titles_offsets: titles.offsets,
    category: categories.codes,
    categories_bytes: categories.bytes,
    categories_offsets: categories.offsets,
    brand: brands.codes,
    brands_bytes: brands.bytes,
    brands_offsets: brands.offsets,
    price_minor: items.price_minor,
    prior_price_minor: items.prior_price_minor,
    cost_minor: items.cost_minor,
    stock: items.stock,
    available: items.available,
  })
  return {
    metrics: {
      items: keys.length,
      categories: categories.offsets.length - 1,
      brands: brands.offsets.length - 1,
      itemsWithCost: items.cost_minor.filter((cost) => cost !== UNKNOWN_COST).length,
    },
  }
}

/** Codes in the order of the names, so that equal catalogues get equal codes. */
export function codesOf(names: (string | null)[]): { codes: Uint32Array; bytes: Uint8Array; offsets: Uint32Array } {
  const distinct = [...new Set(names.filter((name) => name !== null))].sort()
  const codeOf = new Map(distinct.map((name, code) => [name, code]))
  const codes = Uint32Array.from(names, (name) => (name === null ? NO_CODE : (codeOf.get(name) ?? NO_CODE)))
  return { codes, ...encodeStrings(distinct) }
}

function requireText(text: string | null, column: string, row: number): string {
  if (text === null || text === '') throw invalid(column, text, `row ${row}`)
  return text
}

function requireAtLeast(values: Int32Array, least: number, column: string, keys: string[]): void {
  const row = values.findIndex((value) => value < least)
  if (row >= 0) throw invalid(column, values[row], `item ${keys[row]}`)
}

function invalid(column: string, value: unknown, where: string): OfferwrightError {
  return new OfferwrightError('invalid_data', `invalid ${column}: ${value} (${where})`, { field: column, value })
}
