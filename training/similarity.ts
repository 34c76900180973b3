/**
 * Item-item similarity in the target-side normalised form (ItemCF of the BARS benchmark, github.com/reczoo/BARS):
 *
 *   s(i, j) = Σ_u r_ui r_uj / (‖r_·i‖ ‖r_·j‖)        cosine over shoppers
 *   S[i, :] = the K largest s(i, j), j ≠ i, divided by their sum
 *   score(i) = Σ_j S[i, j] (x_j − m_j) + m_i = Σ_j x_j S[i, j] + bias_i,   bias_i = m_i − Σ_j S[i, j] m_j
 *
 * r_ui: weight of shopper u's strongest event on item i; m_i: its mean over the shoppers who did anything, which for
 * weights of 1 is the item's share of shoppers; x: the asking shopper's row. Neighbours are chosen per target i and
 * stored by source j, so that scoring adds the rows of the history. Never items × items: K entries a target.
 */
import type { Interactions } from './histories.ts'
import { KernelThreads } from './kernel-threads.ts'
import type { SectionTables } from './sections.ts'
import { type Csr, descendingOrder, transpose } from './sparse.ts'
import { type Placed, placeCsr, Workspace } from './workspace.ts'

/** Targets of one kernel call. */
const BLOCK_ITEMS = 256

export async function similarityOf(
  interactions: Interactions,
  neighbours: number,
  threads: number,
  onDone: (items: number) => void = () => undefined,
): Promise<SectionTables<'similarity'>> {
  const byTarget = await neighboursOf(interactions, neighbours, threads, onDone)
  const bias = biasOf(byTarget, meansOf(interactions))
  const { indptr, indices, data } = transpose(byTarget)
  return { indptr, indices, data, bias, bias_order: descendingOrder(bias) }
}

/** Row i: the neighbours of target i and their weights, best first. */
async function neighboursOf(
  { byShopper, byItem }: Interactions,
  k: number,
  threads: number,
  onDone: (items: number) => void,
): Promise<Csr> {
  const nItems = byItem.nRows
  const workspace = new Workspace()
  const rows = placeCsr(workspace, byShopper)
  const cols = placeCsr(workspace, byItem)
  const norms = workspace.f32(nItems)
  norms.view.set(inverseNorms(byItem))
  const scratch = Array.from({ length: threads }, () => ({
    sums: workspace.f32(nItems),
    touched: workspace.u32(nItems),
  }))
  for (const { sums } of scratch) sums.view.fill(-0)
  const found = { indices: workspace.u32(nItems * k), data: workspace.f32(nItems * k), counts: workspace.u32(nItems) }
  const kernel = new KernelThreads(workspace.memory, threads)
  try {
    await kernel.blocks(
      nItems,
      BLOCK_ITEMS,
      (lane, from, to) => ({
        name: 'similarityBlock',
        args: [
          rows.indptr,
          rows.indices,
          rows.data,
          cols.indptr,
          cols.indices,
          cols.data,
          norms.pointer,
          from,
          to,
          k,
          scratch[lane].sums.pointer,
          scratch[lane].touched.pointer,
          found.indices.pointer + 4 * from * k,
          found.data.pointer + 4 * from * k,
          found.counts.pointer + 4 * from,
        ],
      }),
      onDone,
    )
  } finally {
    await kernel.close()
  }
  return packed(found, nItems, k)
}

function inverseNorms({ nRows, indptr, data }: Csr): Float32Array {
  return Float32Array.from({ length: nRows }, (_, item) => {
    let squares = 0
    for (let p = indptr[item]; p < indptr[item + 1]; p++) squares += data[p] * data[p]
    return squares === 0 ? 0 : 1 / Math.sqrt(squares)
  })
}

/** Rows of k places, of which `counts` are taken, as rows without gaps. */
function packed(
  found: { indices: Placed<Uint32Array>; data: Placed<Float32Array>; counts: Placed<Uint32Array> },
  nItems: number,
  k: number,
): Csr {
  const indptr = new Uint32Array(nItems + 1)
  for (let item = 0; item < nItems; item++) indptr[item + 1] = indptr[item] + found.counts.view[item]
  const indices = new Uint32Array(indptr[nItems])
  const data = new Float32Array(indptr[nItems])
  for (let item = 0; item < nItems; item++) {
    const end = item * k + found.counts.view[item]
    indices.set(found.indices.view.subarray(item * k, end), indptr[item])
    data.set(found.data.view.subarray(item * k, end), indptr[item])
  }
  return { nRows: nItems, nCols: nItems, indptr, indices, data }
}

function meansOf({ byItem, activeShoppers }: Interactions): Float64Array {
  const means = new Float64Array(byItem.nRows)
  for (let item = 0; item < byItem.nRows; item++) {
    for (let p = byItem.indptr[item]; p < byItem.indptr[item + 1]; p++) means[item] += byItem.data[p]
    means[item] /= Math.max(1, activeShoppers)
  }
  return means
}

function biasOf({ nRows, indptr, indices, data }: Csr, means: Float64Array): Float32Array<ArrayBuffer> {
  const bias = new Float32Array(nRows)
  for (let item = 0; item < nRows; item++) {
    let expected = 0
    for (let p = indptr[item]; p < indptr[item + 1]; p++) expected += data[p] * means[indices[p]]
    bias[item] = means[item] - expected
  }
  return bias
}
