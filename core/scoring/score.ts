/**
 * Scores: score(i) = Σ_sources weight · contribution + bias_i, the sources being those of `sources.ts`. Items that no source
 * reaches score their bias. Without a history the score is the time-decayed popularity.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Logistic } from '../snapshot/manifest.ts'
import type { Eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import type { History } from './history.ts'
import { itemIndexOf } from './keys.ts'
import { addSources, type Found, weightsFor } from './sources.ts'
import { addTasteNeighbours } from './vectors.ts'

const NOTHING_REACHED: { nTouched: number; found: Found } = { nTouched: 0, found: { sessions: 0, peers: 0 } }

/** Touched items for each that is asked for: with fewer the vector index is asked. */
const ENOUGH_TOUCHED = 2

/** Scores in the accumulator, and what an item scores that is not touched. */
export interface Scores {
  /** Pointer of a score for each item that is added to its touched one; 0: none. */
  base: number
  /** Pointer of all items by that score; 0: only touched items are meant. */
  order: number
  nTouched: number
  /** Whether rows touched hardly any items but those that a filter's marks leave. */
  isMarked: boolean
  /** Whether a score must be above 0 to be in the answer. */
  onlyPositive: boolean
}

/** Fills the accumulator; whoever calls it clears it. */
export function scoreHistory(
  g: Generation,
  history: History,
  eligible: Eligible,
  k: number,
  candidates: string[] | undefined,
): { scores: Scores; found: Found } {
  const scored = history.length > 0
  const base = scored ? g.tables.similarity.bias : g.tables.popularity.score
  const order = scored ? g.tables.similarity.biasOrder : g.tables.popularity.order
  const wantedMarks = scored && candidates === undefined ? marksFor(g, history, eligible, k) : 0
  const reached = scored ? addSources(g, history, wantedMarks) : NOTHING_REACHED
  let { nTouched } = reached
  if (candidates !== undefined) nTouched = keepCandidates(g, candidates, nTouched)
  else if (scored && wantedMarks === 0 && nTouched < ENOUGH_TOUCHED * k && weightsFor(g, history).vectors === 0)
    nTouched = addTasteNeighbours(g, history, eligible, nTouched)
  const walked = candidates === undefined ? order.pointer : 0
  const isMarked = wantedMarks !== 0
  return {
    scores: { base: base.pointer, order: walked, nTouched, isMarked, onlyPositive: false },
    found: reached.found,
  }
}

/** With too few touched items others are looked for; so a filter is asked first only where one row alone touches enough. */
function marksFor(g: Generation, history: History, { allowed }: Eligible, k: number): number {
  const { view } = g.tables.similarity.indptr
  const wantedMarks = allowed.filter?.wantedMarks ?? 0
  if (wantedMarks === 0 || weightsFor(g, history).rows === 0) return 0
  for (let r = 0; r < history.length; r++) {
    const row = g.arena.rows.view[r]
    if (view[row + 1] - view[row] >= ENOUGH_TOUCHED * k) return wantedMarks
  }
  return 0
}

/**
 * p0 = 1 / (1 + e^−(base + intercept + slope · ln max(score, 10⁻⁴))): the calibrated probability of buying without an offer.
 * `base`: what the shopper's segment adds to the log-odds.
 */
export function purchaseProbability({ intercept, slope }: Logistic, score: number, base = 0): number {
  return 1 / (1 + Math.exp(-(base + intercept + slope * Math.log(Math.max(score, LEAST_SCORE)))))
}

/** The score at which `purchaseProbability` gives `probability`; `slope` must be above 0. */
export function scoreAt({ intercept, slope }: Logistic, probability: number, base: number): number {
  return Math.exp((Math.log(probability / (1 - probability)) - base - intercept) / slope)
}

const LEAST_SCORE = 1e-4

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
