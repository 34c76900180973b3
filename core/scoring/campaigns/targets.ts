/** Which items a campaign is for, as a bitmap over one generation's catalogue. */
import type { Targets } from '../../contract/campaigns.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { bitmapWords } from '../arena.ts'
import { itemsMeeting } from '../conditions.ts'
import type { Generation } from '../generation.ts'
import { itemIndexOf } from '../keys.ts'

/** An item must match every list that is there, and the expression. */
export function targetBitmap(g: Generation, { items, categories, brands, where }: Targets): Uint32Array {
  const { category, brand } = g.tables.catalogue
  const named = items === undefined ? null : new Set(items.map((key) => itemIndexOf(g, key)))
  const inCategories = wantedCodes(categories, g.categoryCodes)
  const inBrands = wantedCodes(brands, g.brandCodes)
  const bitmap = new Uint32Array(bitmapWords(g.nItems))
  for (let item = 0; item < g.nItems; item++)
    if (
      (named === null || named.has(item)) &&
      (inCategories === null || inCategories[category.view[item]] === 1) &&
      (inBrands === null || inBrands[brand.view[item]] === 1)
    )
      bitmap[item >> 5] |= 1 << (item & 31)
  if (where !== undefined) {
    const met = itemsMeeting(g, where)
    for (let w = 0; w < bitmap.length; w++) bitmap[w] &= met[w]
  }
  return bitmap
}

/** By code, 1 where wanted; null: all. */
function wantedCodes(names: string[] | undefined, known: Map<string, number>): Uint8Array | null {
  if (names === undefined) return null
  const wanted = new Uint8Array(known.size)
  for (const name of names) {
    const code = known.get(name)
    if (code !== undefined) wanted[code] = 1
  }
  return wanted
}

export function targetsItem({ targets }: { targets: Uint32Array | null }, item: ItemIndex): boolean {
  return targets === null || ((targets[item >> 5] >>> (item & 31)) & 1) === 1
}
