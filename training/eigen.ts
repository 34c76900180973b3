/**
 * Eigenvectors of a small symmetric matrix: Householder tridiagonalisation and implicit QL (Golub, Van Loan, Matrix
 * Computations, §8.3), O(n³). One thread and one order of operations, so equal matrices give equal bits.
 */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix'

export interface Eigen {
  /** Descending. */
  values: Float64Array
  /** Column c (of row-major n × n) belongs to values[c]. */
  vectors: Float64Array
}

/** `symmetric`: row-major n × n; left as it was. */
export function eigenOf(symmetric: Float64Array, n: number): Eigen {
  const found = new EigenvalueDecomposition(Matrix.from1DArray(n, n, symmetric), { assumeSymmetric: true })
  const values = found.realEigenvalues
  const order = values.map((_, i) => i).sort((x, y) => values[y] - values[x] || x - y)
  const vectors = new Float64Array(n * n)
  for (let row = 0; row < n; row++)
    for (let c = 0; c < n; c++) vectors[row * n + c] = found.eigenvectorMatrix.get(row, order[c])
  return { values: Float64Array.from(order, (i) => values[i]), vectors }
}
