/**
 * How the item-item rows changed.
 *
 *   overlap(i) = |A ∩ B| / |A ∪ B|      A, B: keys of item i's nearest `neighbours` before and after
 *
 * in [0, 1]; 1 for an item without neighbours in both. Nearest: weight descending, then index ascending.
 */
import type { SnapshotTables } from '../tables.ts'
import type { DiffOptions } from './diff.ts'

export interface NeighbourChanges {
  /** Mean overlap of the items that both snapshots have; 1 where there are none. */
  meanOverlap: number
  /** Items whose nearest neighbours are other items than before. */
  changed: number
  /** The ones that changed most, then by key. */
  examples: NeighbourChange[]
}

export interface NeighbourChange {
  item: string
  overlap: number
  before: string[]
  after: string[]
}

interface Items {
  keysBefore: string[]
  keysAfter: string[]
  common: [before: number, after: number][]
}

export function neighbourChanges(
  a: SnapshotTables,
  b: SnapshotTables,
  { keysBefore, keysAfter, common }: Items,
  { examples, neighbours }: DiffOptions,
): NeighbourChanges {
  const changed: NeighbourChange[] = []
  let sum = 0
  for (const [i, j] of common) {
    const before = nearest(a, i, neighbours).map((index) => keysBefore[index])
    const after = nearest(b, j, neighbours).map((index) => keysAfter[index])
    const overlap = overlapOf(before, after)
    sum += overlap
    if (overlap < 1) changed.push({ item: keysBefore[i], overlap, before, after })
  }
  changed.sort((x, y) => x.overlap - y.overlap || (x.item < y.item ? -1 : 1))
  const meanOverlap = common.length === 0 ? 1 : sum / common.length
  return { meanOverlap, changed: changed.length, examples: changed.slice(0, examples) }
}

function nearest({ similarity: { indptr, indices, data } }: SnapshotTables, item: number, most: number): number[] {
  const [start, end] = [indptr.view[item], indptr.view[item + 1]]
  const places = Array.from({ length: end - start }, (_, p) => start + p)
  places.sort((p, q) => data.view[q] - data.view[p] || p - q)
  return places.slice(0, most).map((p) => indices.view[p])
}

function overlapOf(before: string[], after: string[]): number {
  const union = new Set([...before, ...after])
  return union.size === 0 ? 1 : (before.length + after.length - union.size) / union.size
}
