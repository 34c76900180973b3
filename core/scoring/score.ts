/**
 * Scores and the best k of them: score(i) = Σ_sources weight · contribution + bias_i, the sources being those of
 * `sources.ts`. Items that no source reaches score their bias, and the top-k is exact over the whole catalogue. Without a
 * history the score is the time-decayed popularity.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Diversity } from '../contract/requests.ts'
import type { Logistic } from '../snapshot/manifest.ts'
import { type Best, diversify, type Picked } from './diversity.ts'
import type { Eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import type { History } from './history.ts'
import { itemIndexOf } from './keys.ts'
import { addSources, type Found, weightsFor } from './sources.ts'
import { addTasteNeighbours, SHORTLIST, shortlistByVectors } from './vectors.ts'

export interface Ranked extends Picked {
  /** How this answer's scores become a probability of buying. */
  calibration: Logistic
  found: Found
}

const NONE_FOUND: Found = { sessions: 0, peers: 0 }

export interface RankRequest {
  candidates?: string[]
  diversity?: Diversity
}

/** The `k` best eligible items, of `candidates` where the request names them, else of the whole catalogue. */
export function rank(g: Generation, history: History, eligible: Eligible, k: number, asked: RankRequest): Ranked {
  const { calibration } = g.image.manifest.model
  const byVectors = history.length > 0 ? weightsFor(g, history).vectors : 0
  const scores = scoreHistory(g, history, eligible, k, asked.candidates)
  const ranked = byVectors > 0 ? rankByVectors(g, history, eligible, byVectors, scores, k, asked.candidates) : scores
  return {
    ...rankScores(g, ranked, eligible, k, asked.diversity),
    calibration: history.length > 0 ? calibration.history : calibration.popular,
    found: scores.found,
  }
}

/** Scores in the accumulator, and what an item scores that is not touched. */
export interface Scores {
  /** Pointer of a score for each item that is added to its touched one; 0: none. */
  base: number
  /** Pointer of all items by that score; 0: only touched items are meant. */
  order: number
  nTouched: number
  /** Whether a score must be above 0 to be in the answer. */
  onlyPositive: boolean
}

function scoreHistory(
  g: Generation,
  history: History,
  eligible: Eligible,
  k: number,
  candidates: string[] | undefined,
): Scores & { found: Found } {
  const scored = history.length > 0
  const base = scored ? g.tables.similarity.bias : g.tables.popularity.score
  const order = scored ? g.tables.similarity.biasOrder : g.tables.popularity.order
  const { found, ...reached } = scored ? addSources(g, history) : { nTouched: 0, found: NONE_FOUND }
  let { nTouched } = reached
  if (candidates !== undefined) nTouched = keepCandidates(g, candidates, nTouched)
  else if (scored && nTouched < 2 * k && weightsFor(g, history).vectors === 0)
    nTouched = addTasteNeighbours(g, history, eligible, nTouched)
  return {
    base: base.pointer,
    order: candidates === undefined ? order.pointer : 0,
    nTouched,
    onlyPositive: false,
    found,
  }
}

/** The shortlist of the other sources and the shopper's nearest items, scored with their inner products too. */
function rankByVectors(
  g: Generation,
  history: History,
  eligible: Eligible,
  weight: number,
  scores: Scores,
  k: number,
  candidates: string[] | undefined,
): Scores {
  const shortlist = bestOf(g, scores, eligible.allow, eligible.nExcluded, Math.max(k, SHORTLIST))
  const isOpen = candidates === undefined
  const nTouched = shortlistByVectors(g, history, eligible, weight, scores, shortlist, isOpen)
  return { base: 0, order: 0, nTouched, onlyPositive: false }
}

/** The `k` best eligible items, or as varied as asked; the accumulator is untouched afterwards. */
export function rankScores(
  g: Generation,
  scores: Scores,
  eligible: Eligible,
  k: number,
  diversity: Diversity | undefined,
): Picked {
  const best: Best = (n, allow) => bestOf(g, scores, allow, eligible.nExcluded, n)
  const { allow } = eligible
  const picked = diversity === undefined ? best(k, allow) : diversify(g, best, allow, k, diversity)
  g.kernel.clearTouched(g.arena.accumulator.pointer, g.arena.touched.pointer, scores.nTouched)
  return picked
}

function bestOf(g: Generation, scores: Scores, allow: number, nExcluded: number, k: number): Picked {
  const { arena } = g
  const n = g.kernel.topK(
    arena.accumulator.pointer,
    scores.base,
    arena.touched.pointer,
    scores.nTouched,
    scores.order,
    g.nItems,
    arena.excluded.pointer,
    nExcluded,
    allow,
    k,
    arena.resultItems.pointer,
    arena.resultScores.pointer,
  )
  const items: ItemIndex[] = []
  const found: number[] = []
  for (let slot = 0; slot < n && !(scores.onlyPositive && arena.resultScores.view[slot] <= 0); slot++) {
    items.push(arena.resultItems.view[slot])
    found.push(arena.resultScores.view[slot])
  }
  return { items, scores: found }
}

/** p0 = 1 / (1 + e^−(intercept + slope · ln max(score, 10⁻⁴))): the calibrated probability of buying without an offer. */
export function purchaseProbability({ intercept, slope }: Logistic, score: number): number {
  return 1 / (1 + Math.exp(-(intercept + slope * Math.log(Math.max(score, 1e-4)))))
}

/** Narrows the touched list to the request's candidates; those that no row reached are touched with 0. */
export function keepCandidates(g: Generation, candidates: string[], nTouched: number): number {
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
