/** The accumulator of one request, cell by cell. Untouched cells hold −0, which no sum yields. */
import type { ItemIndex } from '../contract/ids.ts'
import type { Generation } from './generation.ts'

/** Adds `value` to an item's score; lists the item as touched where it was not. Returns the number of touched items. */
export function touch(g: Generation, item: ItemIndex, value: number, nTouched: number): number {
  const { accumulator, touched } = g.arena
  const before = accumulator.view[item]
  accumulator.view[item] = before + value + 0
  if (!Object.is(before, -0)) return nTouched
  touched.view[nTouched] = item
  return nTouched + 1
}
