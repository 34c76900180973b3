/** Bitmaps over items for the length of one step: the arena's levels of filter expressions, free once those are evaluated. */
import { bitmapWords } from './arena.ts'
import type { Generation } from './generation.ts'

export interface Bitmap {
  pointer: number
  view: Uint32Array
}

/** Which level a step works in; steps that run one inside the other have levels of their own. */
export const SCRATCH = { open: 0, closed: 1, target: 2, unpinned: 3 } as const

export function scratchBitmap(g: Generation, level: (typeof SCRATCH)[keyof typeof SCRATCH]): Bitmap {
  const words = bitmapWords(g.nItems)
  const { pointer, view } = g.arena.conditions
  return { pointer: pointer + 4 * words * level, view: view.subarray(words * level, words * (level + 1)) }
}

/** A copy of a bitmap that a step may take items out of. */
export function openItems(g: Generation, bits: number, level: 'open' | 'unpinned'): Bitmap {
  const open = scratchBitmap(g, SCRATCH[level])
  g.kernel.bitmapAnd(bits, bits, open.pointer, open.view.length)
  return open
}

export function closeItem(open: Bitmap, item: number): void {
  open.view[item >> 5] &= ~(1 << (item & 31))
}
