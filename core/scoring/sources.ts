/**
 * The sources of a score. Each adds its part, times its weight in the context's blend, to `arena.accumulator`, and lists
 * what it touched for the first time.
 *
 *   rows      Σ_j w_j W[j, i] over the history's items j with weights w_j: item-based collaborative filtering in any form
 *             that training compiles into item-item rows (cosine, co-purchase, EASE, graph filters)
 *   content   the same sum over rows of what items are like, for items that few shoppers met
 *   sessions  what visits similar to the history hold
 *   peers     what shoppers similar to the history hold
 *   links     what linked shoppers hold
 *   popular   what sells, the same for everybody
 *   trends    what sells more of late than it did, the same for everybody
 *   rhythm    what this shopper is due to buy again
 */
import type { SourceWeights } from '../snapshot/manifest.ts'
import type { Generation } from './generation.ts'
import type { History } from './history.ts'
import { addFound, addLinked, findNeighbours, NOBODY } from './neighbours.ts'
import { addRanking } from './rankings.ts'
import { addDue } from './rhythm.ts'

/** How many neighbours of each kind the arena holds for this request. */
export interface Found {
  sessions: number
  peers: number
}

/** The history is not empty. `wantedMarks`: pointer of the marks of items that rows may add; 0: of all. */
export function addSources(g: Generation, history: History, wantedMarks: number): { nTouched: number; found: Found } {
  const weights = weightsFor(g, history)
  const own = history.shopper >= 0 ? history.shopper : NOBODY
  const found: Found = { sessions: 0, peers: 0 }
  let nTouched = addRows(g, history, 'similarity', weights.rows, wantedMarks, 0)
  nTouched = addRows(g, history, 'content', weights.content, wantedMarks, nTouched)
  nTouched = addNeighbours(g, history, 'sessions', NOBODY, found, nTouched)
  nTouched = addNeighbours(g, history, 'peers', own, found, nTouched)
  if (weights.links > 0) nTouched = addLinked(g, history.shopper, weights.links, nTouched)
  for (const name of ['popular', 'trends'] as const) nTouched = addRanking(g, name, weights[name], nTouched)
  nTouched = addDue(g, history.due, weights.rhythm, nTouched)
  return { nTouched, found }
}

function addNeighbours(
  g: Generation,
  history: History,
  name: keyof Found,
  skip: number,
  found: Found,
  nTouched: number,
): number {
  const source = g.neighbourhoods[name]
  const weight = weightsFor(g, history)[name]
  if (source === null || weight === 0) return nTouched
  found[name] = findNeighbours(g, source, history, skip)
  return addFound(g, source, found[name], weight, nTouched)
}

/** Shoppers of the snapshot and everybody else with a history have a blend each. */
export function weightsFor(g: Generation, history: Pick<History, 'shopper'>): SourceWeights {
  return history.shopper >= 0 ? g.blend.known : g.blend.session
}

function addRows(
  g: Generation,
  history: History,
  name: 'similarity' | 'content',
  weight: number,
  wantedMarks: number,
  nTouched: number,
): number {
  const table = g.tables[name]
  if (weight === 0 || table === null) return nTouched
  const { rows, weights, scaled, tiers, accumulator, touched } = g.arena
  for (let r = 0; r < history.length; r++) scaled.view[r] = weight * weights.view[r]
  const csr = [table.indptr.pointer, table.indices.pointer, table.data.pointer] as const
  const sums = [accumulator.pointer, touched.pointer, nTouched] as const
  if (wantedMarks === 0) return g.kernel.accumulateRows(rows.pointer, scaled.pointer, history.length, ...csr, ...sums)
  const marks = [g.live.marks[name].pointer, wantedMarks, tiers.pointer] as const
  return g.kernel.accumulateMarkedRows(rows.pointer, scaled.pointer, history.length, ...csr, ...marks, ...sums)
}
