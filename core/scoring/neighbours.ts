/**
 * Neighbourhoods as sources of a score: visits or shoppers that are similar to the history, and what they hold.
 *
 *   similarity(v) = ρ_v · Σ_p w_p x[h_p, v] / n,   h_p: the history's item of place p, 0 the newest
 *   w_p = (L − p) / L (`linear`, L items are compared), the weight of the event (`events`), or place[p]
 *   n = ‖w‖ where the similarity is a cosine, else 1
 *
 * Of the `recent` newest rows that hold one of the `items` newest items, the `neighbours` most similar add what they hold:
 * similarity · match[newest place held] · distance[positions between] · `earlier` · r[v, i] · σ_i, as assembly/neighbours.ts
 * has it. x: `item_data`, ρ: `row_weight`, r: `row_data`, σ: `item_scale` of the section.
 *
 *   VMIS-kNN       place linear, match 1 − 0.1 (p + 1), distance 1, σ = idf
 *   STAN           place e^(−p/λ1), ρ = e^(−age/λ2) / √|v|, distance e^(−d/λ3)
 *   user-based CF  place events, cosine, x = r = the rating, ρ = 1 / ‖v‖: r̂(u, i) = Σ_v cos(u, v) r(v, i)
 */
import type { ModelParameters, Neighbourhood } from '../snapshot/manifest.ts'
import type { SnapshotTables } from '../snapshot/tables.ts'
import type { Arena, NeighbourColumns } from './arena.ts'
import type { Generation } from './generation.ts'
import type { History } from './history.ts'

export interface NeighbourSource {
  table: NonNullable<SnapshotTables['sessions']>
  parameters: Neighbourhood
  /** The neighbours found for the last request, and the weights of `parameters`. */
  kept: NeighbourColumns
}

/** Null: the snapshot has no such section, or its model does not use it. */
export interface Neighbourhoods {
  sessions: NeighbourSource | null
  peers: NeighbourSource | null
}

/** No row is skipped. */
export const NOBODY = 0xffff_ffff

export function neighbourhoodsOf(tables: SnapshotTables, model: ModelParameters, arena: Arena): Neighbourhoods {
  const { sessions, peers } = arena.neighbours
  return {
    sessions: sourceOf(tables.sessions, model.sessions, sessions),
    peers: sourceOf(tables.peers, model.peers, peers),
  }
}

function sourceOf(
  table: SnapshotTables['sessions'],
  parameters: Neighbourhood | undefined,
  kept: NeighbourColumns,
): NeighbourSource | null {
  if (table === null || parameters === undefined) return null
  kept.match.view.set(parameters.match)
  kept.distance.view.set(parameters.distance)
  return { table, parameters, kept }
}

/** Finds the neighbours of a history into `source.kept`; returns how many. */
export function findNeighbours(g: Generation, source: NeighbourSource, history: History, skip: number): number {
  const { table, parameters, kept } = source
  const { rows, rowSums, touchedRows, ends, scaled } = g.arena
  const compared = Math.min(parameters.items, history.length)
  weighPlaces(g, parameters, compared)
  return g.kernel.nearestRows(
    rows.pointer,
    scaled.pointer,
    compared,
    table.itemIndptr.pointer,
    table.itemRows.pointer,
    orAbsent(table.itemData),
    orAbsent(table.rowWeight),
    parameters.recent,
    parameters.neighbours,
    skip,
    rowSums.pointer,
    touchedRows.pointer,
    ends.pointer,
    kept.rows.pointer,
    kept.similarities.pointer,
    kept.places.pointer,
  )
}

function weighPlaces(g: Generation, { place, cosine }: Neighbourhood, compared: number): void {
  const { weights, scaled } = g.arena
  let squares = 0
  for (let p = 0; p < compared; p++) {
    if (place === 'linear') scaled.view[p] = (compared - p) / compared
    else if (place === 'events') scaled.view[p] = weights.view[p]
    else scaled.view[p] = place[Math.min(p, place.length - 1)]
    squares += scaled.view[p] ** 2
  }
  if (!cosine || squares === 0) return
  for (let p = 0; p < compared; p++) scaled.view[p] /= Math.sqrt(squares)
}

/** Adds what `n` found neighbours hold; returns the number of touched items. */
export function addFound(g: Generation, source: NeighbourSource, n: number, weight: number, nTouched: number): number {
  const { table, parameters, kept } = source
  return g.kernel.addNeighbours(
    kept.rows.pointer,
    kept.similarities.pointer,
    kept.places.pointer,
    n,
    g.arena.rows.pointer,
    kept.match.pointer,
    parameters.match.length,
    kept.distance.pointer,
    parameters.distance.length,
    parameters.earlier,
    table.rowIndptr.pointer,
    table.rowItems.pointer,
    orAbsent(table.rowData),
    orAbsent(table.itemScale),
    weight,
    g.arena.accumulator.pointer,
    g.arena.touched.pointer,
    nTouched,
  )
}

/** Shoppers linked to one of the snapshot's: their rows of `peers`, by the weight of the link. */
export function linksOf({ tables }: Generation, shopper: number): { shoppers: number; weights: number; n: number } {
  const { links } = tables
  if (links === null || shopper < 0) return { shoppers: 0, weights: 0, n: 0 }
  const start = links.indptr.view[shopper]
  const bytes = 4 * start
  const n = links.indptr.view[shopper + 1] - start
  return { shoppers: links.shoppers.pointer + bytes, weights: links.weight.pointer + bytes, n }
}

export function addLinked(g: Generation, shopper: number, weight: number, nTouched: number): number {
  const { peers } = g.tables
  const { shoppers, weights, n } = linksOf(g, shopper)
  if (peers === null || n === 0) return nTouched
  const { one, rows, accumulator, touched } = g.arena
  return g.kernel.addNeighbours(
    shoppers,
    weights,
    0,
    n,
    rows.pointer,
    one.pointer,
    1,
    one.pointer,
    1,
    1,
    peers.rowIndptr.pointer,
    peers.rowItems.pointer,
    orAbsent(peers.rowData),
    orAbsent(peers.itemScale),
    weight,
    accumulator.pointer,
    touched.pointer,
    nTouched,
  )
}

/** Pointer of a tensor that may be empty: the kernel takes 0 for "all 1". */
function orAbsent({ view, pointer }: { view: { length: number }; pointer: number }): number {
  return view.length === 0 ? 0 : pointer
}
