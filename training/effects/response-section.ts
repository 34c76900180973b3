/** The section `response` of what was learned of items' offers and of the basket's. */
import { RESPONSE_NUMBERS } from '../../core/snapshot/layout.ts'
import { encodeStrings } from '../../core/snapshot/strings.ts'
import type { LearnedResponse } from './response.ts'

export type ItemTables = Pick<LearnedResponse, 'segment' | 'base' | 'listed' | 'names' | 'curves'>

/** Nothing is known of items' offers: one segment, and no curve. */
export function noItemTables(nShoppers: number): ItemTables {
  return {
    segment: new Uint32Array(nShoppers),
    base: new Float32Array(nShoppers + 1),
    listed: new Float32Array(1),
    names: [],
    curves: new Float32Array(0),
  }
}

/**
 * `onBasket`: numbers of the basket's curves by name, which hold for every segment. A campaign that was offered on items and later on
 * baskets answers as its mechanism does.
 */
export function responseSection(items: ItemTables, usualMinor: Float32Array, onBasket: ReadonlyMap<string, number[]>) {
  const { segment, base, listed } = items
  const length = listed.length * RESPONSE_NUMBERS
  const ofItems = items.names.map((name, c) => ({ name, numbers: items.curves.subarray(c * length, (c + 1) * length) }))
  const ofBasket = [...onBasket].map(([name, numbers]) => ({
    name,
    numbers: Float32Array.from({ length }, (_, n) => numbers[n % RESPONSE_NUMBERS]),
  }))
  const all = [
    ...ofItems.filter(({ name }) => !onBasket.has(name)),
    ...ofBasket.filter(({ name }) => !items.names.includes(name)),
  ].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
  const { bytes, offsets } = encodeStrings(all.map(({ name }) => name))
  const curves = new Float32Array(all.length * length)
  for (const [c, { numbers }] of all.entries()) curves.set(numbers, c * length)
  return { segment, base, listed, usual_minor: usualMinor, curves_bytes: bytes, curves_offsets: offsets, curves }
}
