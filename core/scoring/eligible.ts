/**
 * Which items may be in an answer: sellable, inside the filters, not excluded. Filters are bitmaps over the items;
 * the kernel's top-k reads the bitmap, so exactly k items come back when k exist.
 */

import type { Condition, Filters } from '../contract/filters.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { CartLine } from '../contract/requests.ts'
import { bitmapWords, keptFilters, MAX_EXCLUDED } from './arena.ts'
import { catalogueSequence } from './catalogue.ts'
import { asksPrice, evaluate, knowsAttributes, refuseUnknownAttributes, withCodes, withPrice } from './conditions.ts'
import type { Generation, KeptFilter } from './generation.ts'
import { itemIndexOf } from './keys.ts'

export interface EligibilityRequest {
  item?: string
  exclude?: string[]
  cart?: CartLine[]
  filters?: Filters
  repurchase?: boolean
}

export interface Eligible {
  /** Pointer of the bitmap of allowed items. */
  allow: number
  /** Sorted indexes in `arena.excluded`. */
  nExcluded: number
}

/** `purchased` items are left out too, unless the request asks for repurchase. */
export function eligible(g: Generation, asked: EligibilityRequest, purchased: ItemIndex[]): Eligible {
  return { allow: allowedItems(g, asked.filters), nExcluded: excludeItems(g, asked, purchased) }
}

function excludeItems(g: Generation, asked: EligibilityRequest, purchased: ItemIndex[]): number {
  const excluded = g.arena.excluded.view
  let n = 0
  const exclude = (item: ItemIndex) => {
    if (item >= 0 && n < MAX_EXCLUDED) excluded[n++] = item
  }
  if (asked.item !== undefined) exclude(itemIndexOf(g, asked.item))
  for (const key of asked.exclude ?? []) exclude(itemIndexOf(g, key))
  for (const line of asked.cart ?? []) exclude(itemIndexOf(g, line.item))
  if (asked.repurchase !== true) for (const item of purchased) exclude(item)
  excluded.subarray(0, n).sort()
  return n
}

function allowedItems(g: Generation, filters: Filters | undefined): number {
  if (filters === undefined) return g.live.sellable.pointer
  const { allowed } = g.arena
  g.kernel.bitmapAnd(filterBitmap(g, filters), g.live.sellable.pointer, allowed.pointer, bitmapWords(g.nItems))
  return allowed.pointer
}

/** The items inside a filter, evaluated over the catalogue once, or once for each state of live prices where it asks them. */
function filterBitmap(g: Generation, filters: Filters): number {
  const text = textOf(filters)
  const sequence = asksPrices(filters) ? catalogueSequence(g.live) : 0
  const kept = g.keptFilters.get(text)
  if (kept !== undefined && kept.sequence === sequence) {
    g.keptFilters.delete(text)
    g.keptFilters.set(text, kept)
    return kept.pointer
  }
  if (kept === undefined && filters.where !== undefined) refuseUnknownAttributes(g, filters.where, 'filters.where')
  const pointer = kept?.pointer ?? freeBitmap(g)
  evaluateFilter(g, filters, pointer)
  g.keptFilters.delete(text)
  g.keptFilters.set(text, { pointer, sequence })
  return pointer
}

function textOf({ category, brand, minPriceMinor, maxPriceMinor, where }: Filters): string {
  return JSON.stringify([category, brand, minPriceMinor, maxPriceMinor, where])
}

function asksPrices({ minPriceMinor, maxPriceMinor, where }: Filters): boolean {
  return minPriceMinor !== undefined || maxPriceMinor !== undefined || (where !== undefined && asksPrice(where))
}

/** The items that meet an expression, in memory of its own; none where it asks for what this snapshot does not know. */
export function whereBitmap(g: Generation, where: Condition): Uint32Array {
  const { allowed } = g.arena
  const words = bitmapWords(g.nItems)
  if (!knowsAttributes(g, where)) return new Uint32Array(words)
  evaluate(g, where, allowed.pointer)
  const met = allowed.view.slice(0, words)
  allowed.view.fill(0, 0, words)
  return met
}

/** The next unused bitmap, else that of the filter that was not asked for longest. */
function freeBitmap(g: Generation): number {
  const { size } = g.keptFilters
  if (size < keptFilters(g.nItems)) return g.arena.filters.pointer + 4 * bitmapWords(g.nItems) * size
  const [text, { pointer }] = g.keptFilters.entries().next().value as [string, KeptFilter]
  g.keptFilters.delete(text)
  return pointer
}

function evaluateFilter(g: Generation, filters: Filters, out: number): void {
  const { category, brand } = g.tables.catalogue
  const { allowed } = g.arena
  const { minPriceMinor = 0, maxPriceMinor = 2_147_483_647 } = filters
  const narrow = () => g.kernel.bitmapAnd(out, allowed.pointer, out, bitmapWords(g.nItems))
  withPrice(g, minPriceMinor, maxPriceMinor, out)
  if (filters.category !== undefined) {
    withCodes(g, category.pointer, g.categoryCodes, filters.category, allowed.pointer)
    narrow()
  }
  if (filters.brand !== undefined) {
    withCodes(g, brand.pointer, g.brandCodes, filters.brand, allowed.pointer)
    narrow()
  }
  if (filters.where !== undefined) {
    evaluate(g, filters.where, allowed.pointer)
    narrow()
  }
}
