/** Which items a campaign is for, as a bitmap over one generation's catalogue. */
import type { Targets } from '../../contract/campaigns.ts'
import type { Condition } from '../../contract/filters.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { bitmapWords } from '../arena.ts'
import { itemsMeeting } from '../conditions.ts'
import type { Generation } from '../generation.ts'
import { itemIndexOf } from '../keys.ts'

/** An item must match every list that is there, and the expression. */
export function targetBitmap(g: Generation, { items, categories, brands, where }: Targets): Uint32Array {
  const conditions: Condition[] = []
  if (categories !== undefined) conditions.push({ attribute: 'category', in: categories })
  if (brands !== undefined) conditions.push({ attribute: 'brand', in: brands })
  if (where !== undefined) conditions.push(where)
  const bitmap = items === undefined ? everyItem(g.nItems) : namedItems(g, items)
  for (const condition of conditions) {
    const met = itemsMeeting(g, condition)
    for (let w = 0; w < bitmap.length; w++) bitmap[w] &= met[w]
  }
  return bitmap
}

function everyItem(n: number): Uint32Array {
  const bitmap = new Uint32Array(bitmapWords(n)).fill(0xffffffff)
  if (n % 32 > 0) bitmap[bitmap.length - 1] >>>= 32 - (n % 32)
  return bitmap
}

/** Keys that the snapshot does not know name nothing. */
function namedItems(g: Generation, keys: string[]): Uint32Array {
  const bitmap = new Uint32Array(bitmapWords(g.nItems))
  for (const key of keys) {
    const item = itemIndexOf(g, key)
    if (item >= 0) bitmap[item >> 5] |= 1 << (item & 31)
  }
  return bitmap
}

export function targetsItem({ targets }: { targets: Uint32Array | null }, item: ItemIndex): boolean {
  return targets === null || ((targets[item >> 5] >>> (item & 31)) & 1) === 1
}
