/**
 * What is told of a decision's items lies in a dozen tables, each item somewhere else in each: read when it is needed, every
 * one of those cells is a wait for the memory. Read at once, with nothing between, the waits overlap.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Generation } from './generation.ts'

export function readAhead(g: Generation, items: ItemIndex[]): void {
  const { keysBytes, keysOffsets, titlesBytes, titlesOffsets } = g.tables.catalogue
  const { category, brand, costMinor, priorPriceMinor } = g.tables.catalogue
  const { elasticity, elasticitySe } = g.tables.prices
  let sum = 0
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    sum += keysBytes.view[keysOffsets.view[item]] + titlesBytes.view[titlesOffsets.view[item]]
    sum += category.view[item] + brand.view[item] + costMinor.view[item]
    sum += priorPriceMinor.view[item] + g.live.priceMinor[item]
    sum += elasticity.view[item] + elasticitySe.view[item]
  }
  // It means nothing, but what is never used is never read.
  g.arena.readAhead.view[0] = sum
}
