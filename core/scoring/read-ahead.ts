/**
 * What is told of a decision's items lies in several tables, each item somewhere else in each: read when it is needed, every
 * one of those cells is a wait for the memory. Read at once, with nothing between, the waits overlap.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Generation } from './generation.ts'

export function readAhead(g: Generation, items: ItemIndex[]): void {
  const { keysBytes, keysOffsets, titlesBytes, titlesOffsets } = g.tables.catalogue
  const { priceMinor, priorPriceMinor } = g.live
  let sum = 0
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    sum += keysBytes.view[keysOffsets.view[item]] + titlesBytes.view[titlesOffsets.view[item]]
    sum += priceMinor[item] + priorPriceMinor[item]
  }
  // It means nothing, but what is never used is never read.
  g.arena.readAhead.view[0] = sum
}
