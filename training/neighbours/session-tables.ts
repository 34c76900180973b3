/**
 * Visits as the section `sessions`:
 *
 *   idf_i = ln(E / E_i)      E: entries of all visits, E_i: visits that hold item i
 *   row_weight[v] = e^(−v / (V · recency)) · |v|^−lengthPower,   v of V visits, the newest first
 *   item_data[i, v] = idf_i^matchIdf,   item_scale[i] = plain + weight · idf_i
 *
 * Tensors that would be all 1 are left empty. Bytes: 8 + 8 a visit, 4 an entry, 4 or 8 a posting, 8 an item.
 */
import type { SectionTables } from '../sections.ts'
import type { SessionModel } from './models.ts'
import type { Visits } from './visits.ts'

const NONE = new Float32Array(0)

export function sessionTables(visits: Visits, nItems: number, model: SessionModel): SectionTables<'sessions'> {
  const { indptr, items } = visits
  const postings = newestPostings(visits, nItems, model.postings)
  const idf = idfOf(items, nItems)
  return {
    row_indptr: indptr,
    row_items: items,
    row_data: NONE,
    row_weight: rowWeights(indptr, model),
    item_indptr: postings.indptr,
    item_rows: postings.rows,
    item_data: model.matchIdf === 0 ? NONE : spread(postings.indptr, (item) => idf[item] ** model.matchIdf),
    item_scale: model.scale.idf === 0 ? NONE : idf.map((x) => model.scale.plain + model.scale.idf * x),
  }
}

/** Rows that hold each item, ascending, the first `most` of them. */
export function newestPostings(
  { indptr, items }: Visits,
  nItems: number,
  most: number,
): { indptr: Uint32Array; rows: Uint32Array } {
  const starts = new Uint32Array(nItems + 1)
  for (const item of items) starts[item + 1]++
  for (let item = 0; item < nItems; item++) starts[item + 1] = starts[item] + Math.min(most, starts[item + 1])
  const rows = new Uint32Array(starts[nItems])
  const next = starts.slice(0, nItems)
  for (let v = 0; v + 1 < indptr.length; v++)
    for (let p = indptr[v]; p < indptr[v + 1]; p++) {
      const item = items[p]
      if (next[item] < starts[item + 1]) rows[next[item]++] = v
    }
  return { indptr: starts, rows }
}

function idfOf(items: Uint32Array, nItems: number): Float32Array {
  const counts = new Float64Array(nItems)
  for (const item of items) counts[item]++
  return Float32Array.from(counts, (count) => (count === 0 ? 0 : Math.log(items.length / count)))
}

function rowWeights(indptr: Uint32Array, { recency, lengthPower }: SessionModel): Float32Array {
  if (recency === null && lengthPower === 0) return NONE
  const n = indptr.length - 1
  return Float32Array.from({ length: n }, (_, v) => {
    const age = recency === null ? 1 : Math.exp(-v / (n * recency))
    return age * (indptr[v + 1] - indptr[v]) ** -lengthPower
  })
}

/** One value for each posting of an item. */
function spread(indptr: Uint32Array, weightOf: (item: number) => number): Float32Array {
  const values = new Float32Array(indptr[indptr.length - 1])
  for (let item = 0; item + 1 < indptr.length; item++) values.fill(weightOf(item), indptr[item], indptr[item + 1])
  return values
}
