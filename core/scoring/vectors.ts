/**
 * Low-rank vectors: the shopper's is folded in from the history at request time and compared with items by inner product,
 * so no table grows with the number of shoppers.
 *
 *   mean   x = Σ_j w_j v_j / ‖Σ_j w_j v_j‖
 *   als    x = Vᵀ (I + α V Vᵀ)^−1 1 (1 + α), V the newest `FOLD_IN` items' vectors in the whitened basis of training: the
 *          solution of implicit alternating least squares for a shopper with this history (training/linear/ials.ts)
 *
 * The nearest items come from the vector index, or from all allowed items where a filter leaves at most `EXACT_ITEMS`.
 */
import type { ItemIndex } from '../contract/ids.ts'
import { bitmapWords, EXACT_ITEMS } from './arena.ts'
import type { Picked } from './diversity.ts'
import type { Eligible } from './eligible.ts'
import { allowedBitmap } from './filter.ts'
import type { Generation } from './generation.ts'
import type { History } from './history.ts'
import type { Scores } from './score.ts'
import { touch } from './touch.ts'

/** Neighbours of the shopper's vector that are asked of the vector index. */
const ANN_NEIGHBOURS = 200
/** Items that vectors rank again. */
export const SHORTLIST = 200

/** The vector index answers where the other sources reach too few items: a tail item, a new shopper's first click. */
export function addTasteNeighbours(g: Generation, history: History, eligible: Eligible, nTouched: number): number {
  const { weight } = g.image.manifest.model.vectors
  if (weight === 0 || !foldIn(g, history)) return nTouched
  const near = nearestItems(g, eligible, ANN_NEIGHBOURS)
  g.arena.ids.view.set(near)
  innerProducts(g, g.arena.ids.pointer, near.length)
  let n = nTouched
  for (let i = 0; i < near.length; i++) n = touch(g, near[i], weight * Math.max(0, g.arena.products.view[i]), n)
  return n
}

/**
 * Leaves in the accumulator only the shortlist and, where it is `isOpen`, the shopper's nearest items, each with its score
 * so far and `weight` times its inner product. Returns the number of touched items.
 */
export function shortlistByVectors(
  g: Generation,
  history: History,
  eligible: Eligible,
  weight: number,
  scores: Scores,
  shortlist: Picked,
  isOpen: boolean,
): number {
  const { accumulator, touched, products } = g.arena
  const hasVector = foldIn(g, history)
  const bias = g.tables.similarity.bias.view
  const near = hasVector && isOpen ? Array.from(nearestItems(g, eligible, ANN_NEIGHBOURS)) : []
  const nearScores = near.map((item) => accumulator.view[item] + bias[item])
  g.kernel.clearTouched(accumulator.pointer, touched.pointer, scores.nTouched)
  let kept = 0
  shortlist.items.forEach((item, i) => {
    kept = touch(g, item, shortlist.scores[i], kept)
  })
  near.forEach((item, i) => {
    if (Object.is(accumulator.view[item], -0)) kept = touch(g, item, nearScores[i], kept)
  })
  if (!hasVector) return kept
  innerProducts(g, touched.pointer, kept)
  for (let t = 0; t < kept; t++) accumulator.view[touched.view[t]] += weight * products.view[t]
  return kept
}

/** Writes the shopper's vector to `arena.taste`; false where no history item has one. */
export function foldIn(g: Generation, history: History): boolean {
  const { dim, fold } = g.image.manifest.model.vectors
  if (fold === 'als') foldInAls(g, history, dim)
  else foldInMean(g, history, dim)
  return g.arena.taste.view.subarray(0, dim).some((x) => x !== 0)
}

function foldInMean(g: Generation, history: History, dim: number): void {
  const { rows, weights, taste } = g.arena
  const vectors = g.tables.vectors.items.view
  const sum = taste.view.subarray(0, dim).fill(0)
  for (let r = 0; r < history.length; r++) {
    const start = rows.view[r] * dim
    for (let d = 0; d < dim; d++) sum[d] += weights.view[r] * vectors[start + d]
  }
  let squares = 0
  for (const x of sum) squares += x * x
  if (squares > 0) for (let d = 0; d < dim; d++) sum[d] /= Math.sqrt(squares)
}

function foldInAls(g: Generation, history: History, dim: number): void {
  const { rows, taste, foldScratch } = g.arena
  const { alpha = 0 } = g.image.manifest.model.vectors
  const newest = Math.min(history.length, g.kernel.FOLD_IN.value)
  g.kernel.foldInAls(
    rows.pointer,
    newest,
    g.tables.vectors.items.pointer,
    dim,
    alpha,
    foldScratch.pointer,
    taste.pointer,
  )
}

/** Allowed items near the vector in `arena.taste`, at most `most`, in no particular order. */
export function nearestItems(g: Generation, { allowed }: Eligible, most: number): ArrayLike<ItemIndex> {
  const isFiltered = allowed.filter !== null
  const allow = allowedBitmap(g, allowed)
  if (isFiltered || g.nItems <= EXACT_ITEMS) {
    const nAllowed = g.kernel.bitmapCount(allow, g.nItems)
    if (nAllowed <= EXACT_ITEMS) return exactlyNearest(g, allow, Math.min(most, nAllowed))
  }
  const { dim } = g.image.manifest.model.vectors
  const words = new Uint32Array(g.image.memory.buffer, allow, bitmapWords(g.nItems))
  const isAllowed = (item: ItemIndex) => (words[item >> 5] & (1 << (item & 31))) !== 0
  return g.ann.search(g.arena.taste.view.subarray(0, dim), most, isFiltered ? isAllowed : undefined).items
}

function exactlyNearest(g: Generation, allow: number, most: number): ItemIndex[] {
  const { ids, products } = g.arena
  const n = g.kernel.bitmapIndexes(allow, g.nItems, ids.pointer)
  innerProducts(g, ids.pointer, n)
  return Array.from(ids.view.subarray(0, n), (item, i) => ({ item, product: products.view[i] }))
    .sort((a, b) => b.product - a.product || a.item - b.item)
    .slice(0, most)
    .map(({ item }) => item)
}

/** `arena.products` f32[n] = inner products of `arena.taste` with the items that u32[n] at `ids` lists; n <= `EXACT_ITEMS`. */
export function innerProducts(g: Generation, ids: number, n: number): void {
  const { taste, products } = g.arena
  const { dim } = g.image.manifest.model.vectors
  g.kernel.dotRows(taste.pointer, g.tables.vectors.items.pointer, dim, ids, n, products.pointer)
}
