/** Least squares of whole numbers in exact fractions: normal equations by Cramer's rule, determinants by Bareiss (1968). */

/** Coefficients of y on the columns of X, and the diagonal of (XᵀX)⁻¹. XᵀX is not singular. */
export function exactLeastSquares(x: number[][], y: number[]): { coefficients: number[]; inverseDiagonal: number[] } {
  const gram = x[0].map((_, a) => x[0].map((_, b) => x.reduce((sum, row) => sum + BigInt(row[a]) * BigInt(row[b]), 0n)))
  const right = x[0].map((_, a) => x.reduce((sum, row, r) => sum + BigInt(row[a]) * BigInt(y[r]), 0n))
  const whole = determinant(gram)
  const ratio = (part: bigint) => Number((part * 10n ** 25n) / whole) / 1e25
  const columns = gram.map((_, c) => c)
  return {
    coefficients: columns.map((c) => ratio(determinant(gram.map((row, r) => row.with(c, right[r]))))),
    inverseDiagonal: columns.map((c) => ratio(determinant(gram.toSpliced(c, 1).map((row) => row.toSpliced(c, 1))))),
  }
}

export function determinant(matrix: bigint[][]): bigint {
  const m = matrix.map((row) => [...row])
  const n = m.length
  let sign = 1n
  let before = 1n
  for (let k = 0; k < n - 1; k++) {
    const swap = m.findIndex((row, r) => r >= k && row[k] !== 0n)
    if (swap < 0) return 0n
    if (swap !== k) {
      ;[m[k], m[swap]] = [m[swap], m[k]]
      sign = -sign
    }
    for (let i = k + 1; i < n; i++)
      for (let j = k + 1; j < n; j++) m[i][j] = (m[i][j] * m[k][k] - m[i][k] * m[k][j]) / before
    before = m[k][k]
  }
  return n === 0 ? 1n : sign * m[n - 1][n - 1]
}
