/**
 * Item-item weights as a graph filter: a polynomial of the item graph for its wide middle band, an ideal low-pass for the
 * directions that carry taste, both de-biased by popularity.
 *
 *   N = Du^−½ R Di^−½ (R binary),   G = NᵀN,   V: its 512 leading eigenvectors,   d: shoppers of an item
 *   W[j, i] = max(0, d_j^−.4 · (p(G) + .2 V Vᵀ)_ji · d_i^.4),   j ≠ i,   the K largest of each source j kept
 *   score(i) = Σ_j∈history W[j, i]
 *
 * p is the plateau filter of ChebyCF (order 8, φ = 1.5; arXiv 2505.00552) written in powers of an eigenvalue of G; the
 * low-pass beside a linear filter is GF-CF's (Shen et al., CIKM 2021). These constants are published ones. Cutting a row by
 * source keeps an item's strongest effects and lets popular targets stay in many rows; cutting by target loses more.
 */
import type { Interactions } from '../histories.ts'
import type { Csr } from '../sparse.ts'
import { placeCsr, Workspace } from '../workspace.ts'
import { type Normalised, normalised, trivialDirection } from './normalised.ts'
import { singularVectors } from './singular.ts'
import { type RowsCall, SourceRows } from './source-rows.ts'

/** Of x, x², … x⁵. The constant term, −.0037, touches only the diagonal. */
const COEFFICIENTS = [0.4975, 7.0189, -22.9767, 27.4461, -10.9784]
const LOW_PASS_DIM = 512
const LOW_PASS_WEIGHT = 0.2
const POPULARITY_EXPONENT = 0.4
const POWER_ITERATIONS = 4
/** Of a wide base that is cut off: the cut is sharper, and directions of an eigenvalue below .02 are lost, if any are left. */
const POWERS_PER_ITERATION = 3

export interface GraphFilterParameters {
  /** Weights kept of each source item. */
  neighbours: number
  threads: number
  seed: number
  /** Items whose rows are computed; the others' stay empty. Absent: all. */
  sources?: Uint32Array
}

/** Items × items; row j holds the weights of history item j, indices ascending. `onDone` counts sources. */
export async function graphFilterRows(
  interactions: Interactions,
  { neighbours, threads, seed, sources }: GraphFilterParameters,
  onDone: (sources: number) => void = () => undefined,
): Promise<Csr> {
  const n = normalised(binary(interactions))
  const { nRows: nItems, nCols: nShoppers } = n.byItem
  const dim = Math.max(1, Math.min(LOW_PASS_DIM, nItems, nShoppers))
  const lowPass = await lowPassOf(n, dim, seed, threads)
  const workspace = new Workspace()
  const found = new SourceRows(workspace, nItems, neighbours, sources)
  const call = filterCall(workspace, n, lowPass, dim, neighbours, found)
  await found.fill(threads, nShoppers + nItems + dim + 4, call, onDone)
  return found.packed()
}

/** Places what the filter reads. */
function filterCall(
  workspace: Workspace,
  n: Normalised,
  lowPass: Float32Array,
  dim: number,
  neighbours: number,
  found: SourceRows,
): RowsCall {
  const rows = placeCsr(workspace, n.byShopper)
  const cols = placeCsr(workspace, n.byItem)
  const coefficients = placeNumbers(workspace, COEFFICIENTS)
  const vectors = placeNumbers(workspace, lowPass)
  const sourceScales = placeNumbers(
    workspace,
    n.itemSums.map((d) => (d === 0 ? 0 : d ** -POPULARITY_EXPONENT)),
  )
  const targetScales = placeNumbers(
    workspace,
    n.itemSums.map((d) => d ** POPULARITY_EXPONENT),
  )
  return (scratch, from, to) => ({
    name: 'filterRows',
    args: [
      rows.indptr,
      rows.indices,
      rows.data,
      n.byShopper.nRows,
      cols.indptr,
      cols.indices,
      cols.data,
      n.byItem.nRows,
      coefficients,
      COEFFICIENTS.length,
      vectors,
      dim,
      LOW_PASS_WEIGHT,
      sourceScales,
      targetScales,
      found.sourcesAt(from),
      to - from,
      neighbours,
      scratch,
      ...found.outputAt(from),
    ],
  })
}

function placeNumbers(workspace: Workspace, numbers: ArrayLike<number>): number {
  const { pointer, view } = workspace.f32(numbers.length)
  view.set(numbers)
  return pointer
}

function binary({ byShopper, byItem, ...counts }: Interactions): Interactions {
  const ones = (matrix: Csr): Csr => ({ ...matrix, data: new Float32Array(matrix.data.length).fill(1) })
  return { byShopper: ones(byShopper), byItem: ones(byItem), ...counts }
}

/** V: f32[items, dim], the trivial direction first, which is known exactly. */
async function lowPassOf(n: Normalised, dim: number, seed: number, threads: number): Promise<Float32Array> {
  const iterations = {
    powerIterations: POWER_ITERATIONS,
    powersPerIteration: dim < LOW_PASS_DIM ? 1 : POWERS_PER_ITERATION,
  }
  const { vectors } = await singularVectors(n, { dim: dim - 1, ...iterations, seed, threads }, () => undefined)
  const trivial = trivialDirection(n)
  const lowPass = new Float32Array(trivial.length * dim)
  for (let item = 0; item < trivial.length; item++) {
    lowPass[item * dim] = trivial[item]
    lowPass.set(vectors.subarray(item * (dim - 1), (item + 1) * (dim - 1)), item * dim + 1)
  }
  return lowPass
}
