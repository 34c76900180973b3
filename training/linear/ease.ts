/**
 * EASE, a linear autoencoder (Steck, Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019):
 *
 *   P = (XᵀX + λI)^−1,   W[j, i] = −P_ij / P_ii,   j ≠ i,   the K largest positive W of each source j kept
 *
 * X: shoppers × items, the weights of their interactions. P is never made: the kernel finds its columns by conjugate gradients.
 * Row j of W is column j of P over the diagonal of P, which is known when every column has been found. So that columns are
 * found once and not twice, the kernel keeps 2 K candidates by −P_ij (XᵀX + λI)_ii, whose second factor is the first-order
 * value of 1 / P_ii, and the K largest are chosen here by the diagonal as found. Where only some rows are asked for, the
 * diagonal of the other targets stays at first order.
 */
import type { Interactions } from '../histories.ts'
import { type Csr, largestOf } from '../sparse.ts'
import { type Placed, placeCsr, Workspace } from '../workspace.ts'
import { type RowsCall, SourceRows } from './source-rows.ts'

/** Conjugate-gradient steps: the cost of a row grows with them. */
const STEPS = 10
const CANDIDATES_PER_KEPT = 2

export interface EaseParameters {
  neighbours: number
  /** λ: above 0. */
  l2: number
  threads: number
  /** Items whose rows are computed; the others' stay empty. Absent: all. */
  sources?: Uint32Array
}

/** Items × items; row j holds the weights of history item j, indices ascending. `onDone` counts sources. */
export async function easeRows(
  interactions: Interactions,
  { neighbours, l2, threads, sources }: EaseParameters,
  onDone: (sources: number) => void = () => undefined,
): Promise<Csr> {
  const { nRows: nItems, nCols: nShoppers } = interactions.byItem
  const workspace = new Workspace()
  const diagonal = workspace.f32(nItems)
  diagonal.view.set(squaresOf(interactions.byItem).map((squares) => squares + l2))
  const candidates = CANDIDATES_PER_KEPT * neighbours
  const found = new SourceRows(workspace, nItems, candidates, sources)
  const own = workspace.f32(found.nSources)
  const call = easeCall(workspace, interactions, { diagonal, own, l2, candidates }, found)
  await found.fill(threads, nShoppers + 4 * nItems + 8, call, onDone)
  const weights = scaledColumns(found.packed(), corrections(diagonal.view, own.view, sources))
  return largestOf(weights, neighbours)
}

/** Places X and its transpose. */
function easeCall(
  workspace: Workspace,
  { byShopper, byItem }: Interactions,
  given: { diagonal: Placed<Float32Array>; own: Placed<Float32Array>; l2: number; candidates: number },
  found: SourceRows,
): RowsCall {
  const rows = placeCsr(workspace, byShopper)
  const cols = placeCsr(workspace, byItem)
  return (scratch, from, to) => ({
    name: 'easeRows',
    args: [
      rows.indptr,
      rows.indices,
      rows.data,
      byShopper.nRows,
      cols.indptr,
      cols.indices,
      cols.data,
      byItem.nRows,
      given.diagonal.pointer,
      given.l2,
      STEPS,
      found.sourcesAt(from),
      to - from,
      given.candidates,
      scratch,
      given.own.pointer + 4 * from,
      ...found.outputAt(from),
    ],
  })
}

/** From the first-order 1 / P_ii to the one found, where it was. */
function corrections(diagonal: Float32Array, own: Float32Array, sources?: Uint32Array): Float32Array {
  const factors = new Float32Array(diagonal.length).fill(1)
  for (let s = 0; s < own.length; s++) {
    const item = sources?.[s] ?? s
    factors[item] = 1 / (own[s] * diagonal[item])
  }
  return factors
}

function squaresOf({ nRows, indptr, data }: Csr): Float64Array {
  const squares = new Float64Array(nRows)
  for (let r = 0; r < nRows; r++) for (let p = indptr[r]; p < indptr[r + 1]; p++) squares[r] += data[p] * data[p]
  return squares
}

function scaledColumns(matrix: Csr, by: Float32Array): Csr {
  for (let p = 0; p < matrix.data.length; p++) matrix.data[p] *= by[matrix.indices[p]]
  return matrix
}
