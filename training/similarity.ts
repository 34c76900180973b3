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
import { inverseNormsOf, nearestItems } from './nearest.ts'
import type { SectionTables } from './sections.ts'
import { type Csr, descendingOrder, transpose } from './sparse.ts'

export async function similarityOf(
  interactions: Interactions,
  neighbours: number,
  threads: number,
  onDone: (items: number) => void = () => undefined,
): Promise<SectionTables<'similarity'>> {
  const { byShopper: rows, byItem: cols } = interactions
  const byTarget = await nearestItems(
    { rows, cols, inverseNorms: inverseNormsOf(cols), k: neighbours, threads },
    onDone,
  )
  const bias = biasOf(byTarget, meansOf(interactions))
  const { indptr, indices, data } = transpose(byTarget)
  return { indptr, indices, data, bias, bias_order: descendingOrder(bias) }
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
