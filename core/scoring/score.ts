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
import { addSources } from './sources.ts'

export interface Ranked {
  items: ItemIndex[]
  /** Bigger is better; descending. */
  scores: number[]
  /** How this answer's scores become a probability of buying. */
  calibration: Logistic
}

/** Neighbours of the shopper's taste that are asked of the vector index where the rows reach too few items. */
const ANN_NEIGHBOURS = 200

/** The `k` best eligible items, of `candidates` where the request names them, else of the whole catalogue. */
export function rank(g: Generation, history: History, eligible: Eligible, k: number, candidates?: string[]): Ranked {
  const { arena, kernel } = g
  const { model } = g.image.manifest
  const scored = history.length > 0
  const base = scored ? g.tables.similarity.bias : g.tables.popularity.score
  const order = scored ? g.tables.similarity.biasOrder : g.tables.popularity.order

  let nTouched = scored ? addSources(g, history) : 0
  if (candidates !== undefined) nTouched = keepCandidates(g, candidates, nTouched)
  else if (scored && nTouched < 2 * k) nTouched = addTasteNeighbours(g, history, nTouched)

  const n = kernel.topK(
    arena.accumulator.pointer,
    base.pointer,
    arena.touched.pointer,
    nTouched,
    candidates === undefined ? order.pointer : 0,
    g.nItems,
    arena.excluded.pointer,
    eligible.nExcluded,
    eligible.allow,
    k,
    arena.resultItems.pointer,
    arena.resultScores.pointer,
  )
  kernel.clearTouched(arena.accumulator.pointer, arena.touched.pointer, nTouched)
  return {
    items: Array.from(arena.resultItems.view.subarray(0, n)),
    scores: Array.from(arena.resultScores.view.subarray(0, n)),
    calibration: scored ? model.calibration.history : model.calibration.popular,
  }
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

/** The vector index answers where collaborative filtering reaches too few items: a tail item, a new shopper's first click. */
function addTasteNeighbours(g: Generation, history: History, nTouched: number): number {
  const { dim, weight } = g.image.manifest.model.vectors
  if (weight === 0) return nTouched
  const taste = tasteOf(g, history, dim)
  if (taste === null) return nTouched
  const { items, distances } = g.ann.search(taste, Math.min(ANN_NEIGHBOURS, g.nItems))
  let n = nTouched
  for (let i = 0; i < items.length; i++) n = touch(g, items[i], weight * Math.max(0, 1 - distances[i]), n)
  return n
}

/** Weighted mean of the history's unit vectors, of unit length itself; null where no history item has a vector. */
function tasteOf(g: Generation, history: History, dim: number): Float32Array | null {
  const vectors = g.tables.vectors.items.view
  const taste = new Float32Array(dim)
  for (let r = 0; r < history.length; r++) {
    const start = g.arena.rows.view[r] * dim
    for (let d = 0; d < dim; d++) taste[d] += g.arena.weights.view[r] * vectors[start + d]
  }
  const length = Math.hypot(...taste)
  return length === 0 ? null : taste.map((x) => x / length)
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
