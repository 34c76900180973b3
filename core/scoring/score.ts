/**
 * Scores and the best k of them: score(i) = Σ_sources weight · contribution + bias_i, the sources being those of
 * `sources.ts`. Items that no source reaches score their bias, and the top-k is exact over the whole catalogue. Without a
 * history the score is the time-decayed popularity.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Logistic } from '../snapshot/manifest.ts'
import type { Eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import type { History } from './history.ts'
import { itemIndexOf } from './keys.ts'
import { addSources, weightsFor } from './sources.ts'
import { foldIn, innerProducts, nearestItems } from './vectors.ts'

export interface Ranked {
  items: ItemIndex[]
  /** Bigger is better; descending. */
  scores: number[]
  /** How this answer's scores become a probability of buying. */
  calibration: Logistic
}

/** Neighbours of the shopper's vector that are asked of the vector index. */
const ANN_NEIGHBOURS = 200
/** Items that vectors rank again. */
const SHORTLIST = 200

/** The `k` best eligible items, of `candidates` where the request names them, else of the whole catalogue. */
export function rank(g: Generation, history: History, eligible: Eligible, k: number, candidates?: string[]): Ranked {
  const { model } = g.image.manifest
  const scored = history.length > 0
  const base = scored ? g.tables.similarity.bias : g.tables.popularity.score
  const order = scored ? g.tables.similarity.biasOrder : g.tables.popularity.order
  const byVectors = scored ? weightsFor(g, history).vectors : 0

  let nTouched = scored ? addSources(g, history) : 0
  if (candidates !== undefined) nTouched = keepCandidates(g, candidates, nTouched)
  else if (scored && byVectors === 0 && nTouched < 2 * k) nTouched = addTasteNeighbours(g, history, eligible, nTouched)

  const depth = byVectors > 0 ? Math.max(k, SHORTLIST) : k
  const considered = { base: base.pointer, order: candidates === undefined ? order.pointer : 0 }
  let n = best(g, eligible, considered, nTouched, depth)
  if (byVectors > 0) {
    const added = candidates === undefined
    nTouched = shortlistByVectors(g, history, eligible, byVectors, nTouched, n, added)
    n = best(g, eligible, { base: 0, order: 0 }, nTouched, k)
  }
  g.kernel.clearTouched(g.arena.accumulator.pointer, g.arena.touched.pointer, nTouched)
  return {
    items: Array.from(g.arena.resultItems.view.subarray(0, n)),
    scores: Array.from(g.arena.resultScores.view.subarray(0, n)),
    calibration: scored ? model.calibration.history : model.calibration.popular,
  }
}

/** The k best into the arena's results; order 0: of the touched items only. */
function best(
  { arena, kernel, nItems }: Generation,
  { allow, nExcluded }: Eligible,
  { base, order }: { base: number; order: number },
  nTouched: number,
  k: number,
): number {
  return kernel.topK(
    arena.accumulator.pointer,
    base,
    arena.touched.pointer,
    nTouched,
    order,
    nItems,
    arena.excluded.pointer,
    nExcluded,
    allow,
    k,
    arena.resultItems.pointer,
    arena.resultScores.pointer,
  )
}

/** p0 = 1 / (1 + e^−(intercept + slope · ln max(score, 10⁻⁴))): the calibrated probability of buying without an offer. */
export function purchaseProbability({ intercept, slope }: Logistic, score: number): number {
  return 1 / (1 + Math.exp(-(intercept + slope * Math.log(Math.max(score, 1e-4)))))
}

/** Adds `value` to an item's score, listing the item as touched. Untouched cells hold −0, which no sum yields. */
function touch(g: Generation, item: ItemIndex, value: number, nTouched: number): number {
  const { accumulator, touched } = g.arena
  const before = accumulator.view[item]
  accumulator.view[item] = before + value + 0
  if (!Object.is(before, -0)) return nTouched
  touched.view[nTouched] = item
  return nTouched + 1
}

/** The vector index answers where the other sources reach too few items: a tail item, a new shopper's first click. */
function addTasteNeighbours(g: Generation, history: History, eligible: Eligible, nTouched: number): number {
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
 * Leaves in the accumulator only the `n` best so far and, where `added`, the shopper's nearest items, each with its score
 * so far and `weight` times its inner product. Returns the number of touched items.
 */
function shortlistByVectors(
  g: Generation,
  history: History,
  eligible: Eligible,
  weight: number,
  nTouched: number,
  n: number,
  added: boolean,
): number {
  const { accumulator, touched, resultItems, resultScores, products } = g.arena
  const hasVector = foldIn(g, history)
  const bias = g.tables.similarity.bias.view
  const near = hasVector && added ? Array.from(nearestItems(g, eligible, ANN_NEIGHBOURS)) : []
  const nearScores = near.map((item) => accumulator.view[item] + bias[item])
  g.kernel.clearTouched(accumulator.pointer, touched.pointer, nTouched)
  let kept = 0
  for (let i = 0; i < n; i++) kept = touch(g, resultItems.view[i], resultScores.view[i], kept)
  near.forEach((item, i) => {
    if (Object.is(accumulator.view[item], -0)) kept = touch(g, item, nearScores[i], kept)
  })
  if (!hasVector) return kept
  innerProducts(g, touched.pointer, kept)
  for (let t = 0; t < kept; t++) accumulator.view[touched.view[t]] += weight * products.view[t]
  return kept
}

/** Narrows the touched list to the request's candidates; those that no row reached are touched with 0. */
function keepCandidates(g: Generation, candidates: string[], nTouched: number): number {
  const { accumulator, touched, seen } = g.arena
  const kept: ItemIndex[] = []
  for (const key of candidates) {
    const item = itemIndexOf(g, key)
    if (item < 0 || (seen.view[item >> 5] & (1 << (item & 31))) !== 0) continue
    seen.view[item >> 5] |= 1 << (item & 31)
    kept.push(item)
  }
  for (let t = 0; t < nTouched; t++) {
    const item = touched.view[t]
    if ((seen.view[item >> 5] & (1 << (item & 31))) === 0) accumulator.view[item] = -0
  }
  kept.forEach((item, t) => {
    seen.view[item >> 5] = 0
    if (Object.is(accumulator.view[item], -0)) accumulator.view[item] = 0
    touched.view[t] = item
  })
  return kept.length
}
