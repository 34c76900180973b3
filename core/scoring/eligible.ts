/**
 * Which items may be in an answer: sellable, inside the filters, not excluded. Filters are bitmaps over the items;
 * the kernel's top-k reads the bitmap, so exactly k items come back when k exist.
 */

import type { Filters } from '../contract/filters.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { CartLine } from '../contract/requests.ts'
import { bitmapWords, CACHED_FILTERS, MAX_EXCLUDED } from './arena.ts'
import { catalogueSequence } from './catalogue.ts'
import type { Generation } from './generation.ts'
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

/** The items inside a filter, evaluated once over the catalogue and kept; a price filter holds for one live revision. */
function filterBitmap(g: Generation, filters: Filters): number {
  const priced = filters.minPriceMinor !== undefined || filters.maxPriceMinor !== undefined
  const text = JSON.stringify([
    filters.category,
    filters.brand,
    filters.minPriceMinor,
    filters.maxPriceMinor,
    priced ? catalogueSequence(g.live) : 0,
  ])
  const words = bitmapWords(g.nItems)
  const kept = g.filterSlots.get(text)
  const slot = kept ?? freeSlot(g)
  const pointer = g.arena.filters.pointer + 4 * words * slot
  if (kept === undefined) {
    evaluateFilter(g, filters, pointer)
    g.filterSlots.set(text, slot)
  }
  return pointer
}

function freeSlot(g: Generation): number {
  if (g.filterSlots.size < CACHED_FILTERS) return g.filterSlots.size
  const [oldest, slot] = g.filterSlots.entries().next().value as [string, number]
  g.filterSlots.delete(oldest)
  return slot
}

function evaluateFilter(g: Generation, filters: Filters, out: number): void {
  const { category, brand } = g.tables.catalogue
  const words = bitmapWords(g.nItems)
  const { minPriceMinor = 0, maxPriceMinor = 2_147_483_647 } = filters
  g.kernel.bitmapFromRange(g.live.priceMinor.byteOffset, g.nItems, minPriceMinor, maxPriceMinor, out)
  const narrow = (codes: { pointer: number }, known: Map<string, number>, names: string[] | undefined) => {
    if (names === undefined) return
    const { wanted, allowed } = g.arena
    wanted.view.fill(0)
    for (const name of names) {
      const code = known.get(name)
      if (code !== undefined) wanted.view[code >> 5] |= 1 << (code & 31)
    }
    g.kernel.bitmapFromCodes(codes.pointer, g.nItems, wanted.pointer, known.size, allowed.pointer)
    g.kernel.bitmapAnd(out, allowed.pointer, out, words)
  }
  narrow(category, g.categoryCodes, filters.category)
  narrow(brand, g.brandCodes, filters.brand)
}
