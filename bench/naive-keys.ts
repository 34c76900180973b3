/** Keys and names for the oracle, by the tables alone: rows lie in byte order of their keys. */
import type { Generation } from '../core/scoring/generation.ts'
import { NO_CODE } from '../core/snapshot/layout.ts'
import { stringAt } from '../core/snapshot/strings.ts'

type Keys = Pick<Generation['tables']['shoppers'], 'keysBytes' | 'keysOffsets'>

/** By bisection; -1: there is none. */
export function indexOfKey({ keysBytes, keysOffsets }: Keys, key: string): number {
  const wanted = Buffer.from(key)
  const offsets = keysOffsets.view
  let [low, high] = [0, offsets.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    const order = Buffer.compare(keysBytes.view.subarray(offsets[middle], offsets[middle + 1]), wanted)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle
  }
  return -1
}

export function keyAt({ keysBytes, keysOffsets }: Keys, index: number): string {
  return stringAt(keysBytes.view, keysOffsets.view, index)
}

/** Null: the item has none. */
export function categoryOf({ tables: { catalogue } }: Generation, item: number): string | null {
  const code = catalogue.category.view[item]
  return code === NO_CODE ? null : stringAt(catalogue.categoriesBytes.view, catalogue.categoriesOffsets.view, code)
}

/** Null: the item has none. */
export function brandOf({ tables: { catalogue } }: Generation, item: number): string | null {
  const code = catalogue.brand.view[item]
  return code === NO_CODE ? null : stringAt(catalogue.brandsBytes.view, catalogue.brandsOffsets.view, code)
}

/** Whether a name is among those that are asked for; absent: any. */
export const isAmong = (names: string[] | undefined, name: string | null) =>
  names === undefined || (name !== null && names.includes(name))
