/**
 * The best k of the scores, exact over the whole catalogue: score descending, then item index ascending. On top of that
 * order, in this turn: what campaigns boost, what they pin, and the variety that the request asks for.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Diversity } from '../contract/requests.ts'
import type { Logistic } from '../snapshot/manifest.ts'
import { type Best, diversify, type Picked } from './diversity.ts'
import type { Eligible } from './eligible.ts'
import { type Allowed, allowedBitmap } from './filter.ts'
import type { Generation } from './generation.ts'
import type { History } from './history.ts'
import {
  boosted,
  boostedScore,
  boostReasons,
  type Merchandise,
  merged,
  NO_MERCHANDISE,
  openPins,
  type Pin,
  withTargets,
} from './merchandise.ts'
import type { Reason } from './reasons.ts'
import { type Scores, scoreHistory } from './score.ts'
import { closeItem, openItems } from './scratch.ts'
import { type Found, weightsFor } from './sources.ts'
import { SHORTLIST, shortlistByVectors } from './vectors.ts'

export interface Ranked extends Picked {
  /** Before campaigns raised them. */
  plainScores: number[]
  /** How this answer's scores become a probability of buying. */
  calibration: Logistic
  found: Found
  /** By slot, what campaigns did for the item. */
  merchandised: Reason[][]
}

export interface RankRequest {
  candidates?: string[]
  diversity?: Diversity
}

/** Raises some of the best items over others, before campaigns boost and pin; `calibration` is that of this answer. */
export type Raise = (best: Best, allowed: Allowed, calibration: Logistic) => Best

/** The `k` best eligible items, of `candidates` where the request names them, else of the whole catalogue. */
export function rank(
  g: Generation,
  history: History,
  eligible: Eligible,
  k: number,
  asked: RankRequest,
  merchandise: Merchandise,
  raise?: Raise,
): Ranked {
  const calibration = g.image.manifest.model.calibration[history.length > 0 ? 'history' : 'popular']
  const { scores: first, found } = scoreHistory(g, history, eligible, k, asked.candidates)
  const pins = openPins(g, merchandise, k, eligible.allowed, (item) => isRanked(g, first, eligible, item))
  const scores = rankByVectors(g, history, eligible, first, k, asked.candidates, merchandise, pins)
  const best: Best = (n, within) => bestOf(g, scores, within, eligible.nExcluded, n)
  const raised = raise === undefined ? best : raise(best, eligible.allowed, calibration)
  const picked = merchandised(g, scores, raised, eligible.allowed, k, asked.diversity, merchandise, pins)
  const isPlain = merchandise === NO_MERCHANDISE
  const plainScores =
    isPlain && raise === undefined ? picked.scores : picked.items.map((item) => scoreOf(g, scores, item))
  clear(g, scores)
  return {
    items: picked.items,
    scores: picked.scores,
    plainScores,
    calibration,
    found,
    merchandised: picked.items.map((item) => (isPlain ? UNMARKED : marksOf(merchandise, pins, item))),
  }
}

const UNMARKED: Reason[] = []

function marksOf(merchandise: Merchandise, pins: Map<number, Pin>, item: ItemIndex): Reason[] {
  const marks = boostReasons(merchandise, item)
  for (const pin of pins.values()) if (pin.item === item) marks.push({ code: 'pinned', campaign: pin.campaign })
  return marks
}

/** Where vectors take part: the shortlist of the other sources and the shopper's nearest items, with their inner products. */
function rankByVectors(
  g: Generation,
  history: History,
  eligible: Eligible,
  scores: Scores,
  k: number,
  candidates: string[] | undefined,
  merchandise: Merchandise,
  pins: Map<number, Pin>,
): Scores {
  const weight = history.length > 0 ? weightsFor(g, history).vectors : 0
  if (weight === 0) return scores
  const shortlist = shortlistOf(g, scores, eligible, k, merchandise, pins)
  const isOpen = candidates === undefined
  const nTouched = shortlistByVectors(g, history, eligible, weight, scores, shortlist, isOpen)
  return { base: 0, order: 0, nTouched, isMarked: scores.isMarked, onlyPositive: false }
}

/** The best items, the best of each boosting campaign's targets, and what is pinned. */
function shortlistOf(
  g: Generation,
  scores: Scores,
  { allowed, nExcluded }: Eligible,
  k: number,
  merchandise: Merchandise,
  pins: Map<number, Pin>,
): Picked {
  const best: Best = (n, within) => bestOf(g, scores, within, nExcluded, n)
  const plain = best(Math.max(k, SHORTLIST), allowed)
  if (merchandise === NO_MERCHANDISE) return plain
  const found = withTargets(g, best, k, allowed, merchandise, plain)
  for (const { item } of pins.values()) found.set(item, scoreOf(g, scores, item))
  return { items: [...found.keys()], scores: [...found.values()] }
}

function merchandised(
  g: Generation,
  scores: Scores,
  plain: Best,
  allowed: Allowed,
  k: number,
  diversity: Diversity | undefined,
  merchandise: Merchandise,
  pins: Map<number, Pin>,
): Picked {
  const best = boosted(g, plain, merchandise)
  if (pins.size === 0) return varied(g, best, allowed, k, diversity)
  const unpinned = openItems(g, allowed.bits, 'unpinned')
  const pinScores = new Map<ItemIndex, number>()
  for (const { item } of pins.values()) {
    closeItem(unpinned, item)
    pinScores.set(item, boostedScore(merchandise.boosting, item, scoreOf(g, scores, item)))
  }
  const left = k - pins.size
  const rest =
    left === 0
      ? NOTHING
      : varied(g, best, { ...allowed, bits: unpinned.pointer }, left, diversity, [...pinScores.keys()])
  return merged(pins, pinScores, rest)
}

const NOTHING: Picked = { items: [], scores: [] }

function varied(
  g: Generation,
  best: Best,
  allowed: Allowed,
  k: number,
  diversity: Diversity | undefined,
  taken: ItemIndex[] = [],
): Picked {
  return diversity === undefined ? best(k, allowed) : diversify(g, best, allowed, k, diversity, taken)
}

/** Whether an item is not excluded and, where only touched items are meant, touched. */
function isRanked(g: Generation, { order }: Scores, { nExcluded }: Eligible, item: ItemIndex): boolean {
  if (g.arena.excluded.view.subarray(0, nExcluded).includes(item)) return false
  return order !== 0 || !Object.is(g.arena.accumulator.view[item], -0)
}

/** What the kernel's ranking gives an item. */
function scoreOf(g: Generation, { base }: Scores, item: ItemIndex): number {
  const added = g.arena.accumulator.view[item] + 0
  return base === 0 ? added : Math.fround(added + new Float32Array(g.image.memory.buffer, base, g.nItems)[item])
}

/** The `k` best eligible items, or as varied as asked; the accumulator is untouched afterwards. */
export function rankScores(
  g: Generation,
  scores: Scores,
  { allowed, nExcluded }: Eligible,
  k: number,
  diversity: Diversity | undefined,
): Picked {
  const picked = varied(g, (n, within) => bestOf(g, scores, within, nExcluded, n), allowed, k, diversity)
  clear(g, scores)
  return picked
}

function clear(g: Generation, { nTouched }: Scores): void {
  g.kernel.clearTouched(g.arena.accumulator.pointer, g.arena.touched.pointer, nTouched)
}

/** Columns that the kernel walks for each item that it has to find before those that may appear are listed. */
const WALKED = 64
/** Touched columns for each item of the answer that the kernel asks first: where nearly all may appear, and where about one in ten does. */
const OPEN_TIER = 2
const FILTERED_TIER = 16

function bestOf(g: Generation, scores: Scores, allowed: Allowed, nExcluded: number, k: number): Picked {
  const n = topK(g, scores, allowed, nExcluded, k)
  if (n === g.kernel.INCOMPLETE.value)
    return bestOf(g, scores, { bits: allowedBitmap(g, allowed), filter: null }, nExcluded, k)
  const { resultItems, resultScores } = g.arena
  const items: ItemIndex[] = []
  const found: number[] = []
  for (let slot = 0; slot < n && !(scores.onlyPositive && resultScores.view[slot] <= 0); slot++) {
    items.push(resultItems.view[slot])
    found.push(resultScores.view[slot])
  }
  return { items, scores: found }
}

function topK(g: Generation, scores: Scores, { bits, filter }: Allowed, nExcluded: number, k: number): number {
  const { arena } = g
  return g.kernel.topK(
    arena.accumulator.pointer,
    scores.base,
    arena.touched.pointer,
    scores.nTouched,
    scores.order,
    g.nItems,
    arena.excluded.pointer,
    nExcluded,
    bits,
    filter?.predicates ?? 0,
    WALKED * (WALKED + k),
    k,
    k * (filter === null || scores.isMarked ? OPEN_TIER : FILTERED_TIER),
    arena.tiers.pointer,
    arena.resultItems.pointer,
    arena.resultScores.pointer,
  )
}
