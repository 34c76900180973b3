/**
 * Items that few shoppers met, by what they are like, beside item-item rows W:
 *
 *   C[j, i] = strength · fade(n_i) · s(i, j) · w̄_j,   fade(n) = max(0, 1 − n / enough)
 *
 * s(i, j): content similarity of target i and source j; w̄_j: mean weight of the source's row, so that C speaks
 * in the row's own scale (that of all rows where j has none); n_i: shoppers who met i. From `enough` of them on the
 * item's own row says more, and nothing is added.
 */
import { type Csr, largestOf, transpose } from '../sparse.ts'

export interface ColdParameters {
  /** Shoppers who met each item. */
  interactions: Uint32Array
  strength: number
  enough: number
  /** Most weights added to one source's row, the largest. */
  added: number
}

export function fade(interactions: number, enough: number): number {
  return Math.max(0, 1 - interactions / enough)
}

/**
 * C by source, indices ascending, at most `added` weights a row. `base`: W by source; `content`: similarities by target.
 */
export function coldRows(base: Csr, content: Csr, { interactions, strength, enough, added }: ColdParameters): Csr {
  const bySource = transpose(content)
  const typical = typicalWeights(base)
  for (let source = 0; source < bySource.nRows; source++)
    for (let p = bySource.indptr[source]; p < bySource.indptr[source + 1]; p++)
      bySource.data[p] *= strength * fade(interactions[bySource.indices[p]], enough) * typical[source]
  return largestOf(bySource, added)
}

/** Mean weight of each row; of all entries for a row without any, 1 where there are none at all. */
function typicalWeights({ nRows, indptr, data }: Csr): Float64Array {
  const overall = data.length === 0 ? 1 : meanOf(data)
  return Float64Array.from({ length: nRows }, (_, row) => {
    const weights = data.subarray(indptr[row], indptr[row + 1])
    return weights.length === 0 ? overall : meanOf(weights)
  })
}

function meanOf(values: Float32Array): number {
  let sum = 0
  for (const value of values) sum += value
  return sum / values.length
}
