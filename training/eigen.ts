/**
 * Eigenvectors of a small symmetric matrix by cyclic Jacobi rotations (Golub, Van Loan, Matrix Computations, §8.5).
 * Sweeps visit the same pairs in the same order, so equal matrices give equal bits.
 */

const SWEEPS = 50
const TOLERANCE = 1e-15

export interface Eigen {
  /** Descending. */
  values: Float64Array
  /** Column c (of row-major n × n) belongs to values[c]. */
  vectors: Float64Array
}

/** `symmetric`: row-major n × n; left as it was. */
export function eigenOf(symmetric: Float64Array, n: number): Eigen {
  const a = symmetric.slice()
  const v = new Float64Array(n * n)
  for (let i = 0; i < n; i++) v[i * n + i] = 1
  for (let sweep = 0; sweep < SWEEPS && offDiagonal(a, n) > TOLERANCE * diagonal(a, n); sweep++)
    for (let p = 0; p < n - 1; p++) for (let q = p + 1; q < n; q++) rotate(a, v, n, p, q)
  return sorted(a, v, n)
}

function rotate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): void {
  const apq = a[p * n + q]
  if (apq === 0) return
  const theta = (a[q * n + q] - a[p * n + p]) / (2 * apq)
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1))
  const c = 1 / Math.sqrt(t * t + 1)
  const s = t * c
  for (let k = 0; k < n; k++) turn(a, k * n + p, k * n + q, c, s)
  for (let k = 0; k < n; k++) turn(a, p * n + k, q * n + k, c, s)
  for (let k = 0; k < n; k++) turn(v, k * n + p, k * n + q, c, s)
}

function turn(m: Float64Array, x: number, y: number, c: number, s: number): void {
  const mx = m[x]
  const my = m[y]
  m[x] = c * mx - s * my
  m[y] = s * mx + c * my
}

function sorted(a: Float64Array, v: Float64Array, n: number): Eigen {
  const order = Array.from({ length: n }, (_, i) => i).sort((x, y) => a[y * n + y] - a[x * n + x] || x - y)
  const vectors = new Float64Array(n * n)
  for (let row = 0; row < n; row++) for (let c = 0; c < n; c++) vectors[row * n + c] = v[row * n + order[c]]
  return { values: Float64Array.from(order, (i) => a[i * n + i]), vectors }
}

function offDiagonal(a: Float64Array, n: number): number {
  let largest = 0
  for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) largest = Math.max(largest, Math.abs(a[p * n + q]))
  return largest
}

function diagonal(a: Float64Array, n: number): number {
  let largest = 0
  for (let p = 0; p < n; p++) largest = Math.max(largest, Math.abs(a[p * n + p]))
  return largest
}
