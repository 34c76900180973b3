/**
 * A request's filters. The kernel tests the items that come into question; only where few items meet a filter, or where
 * the vector index needs to know them, is the filter evaluated over the whole catalogue. What was evaluated is kept by use.
 */
import type { Condition, Filters } from '../contract/filters.ts'
import type { ItemIndex } from '../contract/ids.ts'
import { bitmapWords, keptFilters, MARKS } from './arena.ts'
import { catalogueSequence } from './catalogue.ts'
import { asksPrice, codesOf, evaluate, refuseUnknownAttributes, wantCodes } from './conditions.ts'
import type { Generation, KeptFilter } from './generation.ts'
import { markOf } from './row-marks.ts'

/** Items of a bitmap that meet a filter. */
export interface Allowed {
  /** Pointer of the bitmap. */
  bits: number
  /** Null: all of them. */
  filter: Filter | null
}

export interface Filter {
  asked: Filters
  /** Pointer of its predicates (assembly/predicates.ts). */
  predicates: number
  /** Pointer of the marks that it wants; 0: it leaves out too few items for that to be asked first. */
  wantedMarks: number
}

/** Most categories whose marks are asked: with more, much is asked and little left out. */
const MOST_MARKS = MARKS / 4
const MAX_PRICE = 2_147_483_647

/** The filter of this request; the next one's takes its place. */
export function filterOf(g: Generation, asked: Filters): Filter {
  const { catalogue } = g.tables
  const { predicates, wantedCategories, wantedBrands } = g.arena
  const { PREDICATE_BITS, PREDICATE_CODES, PREDICATE_RANGE } = g.kernel
  let at = 0
  const add = (kind: { value: number }, column: number, first = 0, second = 0) => {
    for (const word of [kind.value, column, first, second]) predicates.view[at++] = word
  }
  if (asked.where !== undefined) add(PREDICATE_BITS, whereBitmap(g, asked.where))
  const categories = codesOf(g.categoryCodes, asked.category ?? [])
  if (asked.category !== undefined) {
    wantCodes(wantedCategories.view, g.categoryCodes.size, categories)
    add(PREDICATE_CODES, catalogue.category.pointer, wantedCategories.pointer, g.categoryCodes.size)
  }
  if (asked.brand !== undefined) {
    wantCodes(wantedBrands.view, g.brandCodes.size, codesOf(g.brandCodes, asked.brand))
    add(PREDICATE_CODES, catalogue.brand.pointer, wantedBrands.pointer, g.brandCodes.size)
  }
  const { minPriceMinor = 0, maxPriceMinor = MAX_PRICE } = asked
  if (minPriceMinor > 0 || maxPriceMinor < MAX_PRICE)
    add(PREDICATE_RANGE, g.live.priceMinor.byteOffset, minPriceMinor, maxPriceMinor)
  predicates.view[at] = 0
  return { asked, predicates: predicates.pointer, wantedMarks: wantMarks(g, categories) }
}

function wantMarks(g: Generation, categories: number[]): number {
  if (categories.length === 0 || categories.length > MOST_MARKS) return 0
  const { pointer, view } = g.arena.wantedMarks
  view.fill(0)
  for (const code of categories) if (code >= 0) view[markOf(code)] = 1
  return pointer
}

export function isAllowed(g: Generation, { bits, filter }: Allowed, item: ItemIndex): boolean {
  const word = new Uint32Array(g.image.memory.buffer, bits + 4 * (item >> 5), 1)[0]
  if ((word & (1 << (item & 31))) === 0) return false
  return filter === null || g.kernel.meetsAll(filter.predicates, item) !== 0
}

/** Pointer of a bitmap of the allowed items, until the next is asked for. */
export function allowedBitmap(g: Generation, { bits, filter }: Allowed): number {
  if (filter === null) return bits
  const { allowed } = g.arena
  g.kernel.bitmapAnd(filterBitmap(g, filter), bits, allowed.pointer, bitmapWords(g.nItems))
  return allowed.pointer
}

/** Pointer of the items that meet a filter, over the whole catalogue. */
function filterBitmap(g: Generation, { asked, predicates }: Filter): number {
  const { category, brand, minPriceMinor, maxPriceMinor, where } = asked
  const asksPrices =
    minPriceMinor !== undefined || maxPriceMinor !== undefined || (where !== undefined && asksPrice(where))
  const text = JSON.stringify([category, brand, minPriceMinor, maxPriceMinor, where])
  return kept(g, text, asksPrices, (out) => g.kernel.bitmapFromPredicates(predicates, g.nItems, out))
}

/** Pointer of the items that meet an expression. */
function whereBitmap(g: Generation, where: Condition): number {
  const text = JSON.stringify(where)
  if (!g.keptFilters.has(text)) refuseUnknownAttributes(g, where, 'filters.where')
  return kept(g, text, asksPrice(where), (out) => evaluate(g, where, out))
}

/** Pointer of a kept bitmap: evaluated once, or once for each state of live prices where it asks them. */
function kept(g: Generation, text: string, asksPrices: boolean, evaluated: (out: number) => void): number {
  const sequence = asksPrices ? catalogueSequence(g.live) : 0
  const known = g.keptFilters.get(text)
  const pointer = known?.pointer ?? freeBitmap(g)
  if (known?.sequence !== sequence) evaluated(pointer)
  g.keptFilters.delete(text)
  g.keptFilters.set(text, { pointer, sequence })
  return pointer
}

/** The next unused bitmap, else that of the filter that was not asked for longest. */
function freeBitmap(g: Generation): number {
  const { size } = g.keptFilters
  if (size < keptFilters(g.nItems)) return g.arena.filters.pointer + 4 * bitmapWords(g.nItems) * size
  const [text, { pointer }] = g.keptFilters.entries().next().value as [string, KeptFilter]
  g.keptFilters.delete(text)
  return pointer
}
