/** Symmetrically normalised interactions N = Du^−½ R Di^−½, Du and Di the row and column sums of R. */
import type { Interactions } from '../histories.ts'
import type { Csr } from '../sparse.ts'

export interface Normalised {
  /** Shoppers × items. */
  byShopper: Csr
  /** Its transpose. */
  byItem: Csr
  itemSums: Float64Array
}

export function normalised({ byShopper, byItem }: Interactions): Normalised {
  const shopperSums = rowSums(byShopper)
  const itemSums = rowSums(byItem)
  return {
    byShopper: divided(byShopper, shopperSums, itemSums),
    byItem: divided(byItem, itemSums, shopperSums),
    itemSums,
  }
}

/** N's right singular vector of its largest singular value, which is 1: √(Di / ΣDi), popularity alone. */
export function trivialDirection({ itemSums }: Normalised): Float64Array {
  const total = itemSums.reduce((sum, value) => sum + value, 0)
  return itemSums.map((sum) => (total === 0 ? 0 : Math.sqrt(sum / total)))
}

function rowSums({ nRows, indptr, data }: Csr): Float64Array {
  const sums = new Float64Array(nRows)
  for (let r = 0; r < nRows; r++) for (let p = indptr[r]; p < indptr[r + 1]; p++) sums[r] += data[p]
  return sums
}

function divided(matrix: Csr, ofRows: Float64Array, ofCols: Float64Array): Csr {
  const data = new Float32Array(matrix.data.length)
  for (let r = 0; r < matrix.nRows; r++)
    for (let p = matrix.indptr[r]; p < matrix.indptr[r + 1]; p++)
      data[p] = matrix.data[p] / Math.sqrt(ofRows[r] * ofCols[matrix.indices[p]])
  return { ...matrix, data }
}
