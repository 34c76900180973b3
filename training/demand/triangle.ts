/**
 * Least squares by orthogonal elimination: rows [A | b] are turned by Householder reflections until A is triangular, which
 * keeps ‖Ax − b‖ for every x and never squares the condition number as normal equations do (Golub, Van Loan, Matrix
 * Computations, §5.2 and §5.3). Rows may come in any number of pieces: the triangle of the pieces so far stands for them.
 *
 * A column that the columns before it explain up to `ALIASED` of its length has no coefficient of its own: it is left out,
 * as statistical packages do, and its pivot is `NO_PIVOT`.
 */

export const NO_PIVOT = -1
const ALIASED = 1e-9
/** Length of a column whose squares would underflow: it is 0. */
const SMALLEST = 1e-140
/** Rows gathered, in widths of the triangle, before they are reduced. */
const PIECE = 6

/** Rows of one width, the right-hand side last, reduced as they come. */
export class Triangle {
  readonly width: number
  readonly #rows: Float64Array
  #filled = 0

  constructor(width: number) {
    this.width = width
    this.#rows = new Float64Array(width * width * (PIECE + 1))
  }

  append(row: ArrayLike<number>, from = 0): void {
    if ((this.#filled + 1) * this.width > this.#rows.length) this.#reduce()
    const start = this.#filled * this.width
    for (let c = 0; c < this.width; c++) this.#rows[start + c] = row[from + c]
    this.#filled++
  }

  /** Row-major, `width` rows, zero below the diagonal. */
  reduced(): Float64Array {
    this.#reduce()
    return this.#rows.slice(0, this.width * this.width)
  }

  #reduce(): void {
    eliminate(this.#rows, this.#filled, this.width, this.width, new Float64Array(this.width))
    this.#rows.fill(0, Math.min(this.#filled, this.width) * this.width)
    this.#filled = Math.min(this.#filled, this.width)
  }
}

/** The row that holds each of the columns' pivots. Rows from `rank` on speak of the later columns alone. */
export interface Pivots {
  rowOf: Int32Array
  rank: number
}

/** Turns `rows`, in place, until the first `columns` are triangular. `lengths`: of the columns as they were once. */
export function eliminate(
  rows: Float64Array,
  nRows: number,
  width: number,
  columns: number,
  lengths: ArrayLike<number>,
): Pivots {
  const rowOf = new Int32Array(columns).fill(NO_PIVOT)
  const products = new Float64Array(width)
  let rank = 0
  for (let column = 0; column < columns; column++) {
    const length = lengthBelow(rows, nRows, width, column, rank)
    if (length < SMALLEST || length <= ALIASED * lengths[column]) continue
    reflect(rows, nRows, width, column, rank, length, products)
    rowOf[column] = rank
    rank++
  }
  return { rowOf, rank }
}

/** Of the part of a column from row `from` on. */
export function lengthBelow(rows: Float64Array, nRows: number, width: number, column: number, from: number): number {
  let squares = 0
  for (let at = from * width + column; at < nRows * width; at += width) squares += rows[at] * rows[at]
  return Math.sqrt(squares)
}

/** I − v vᵀ / (length · |v_pivot|) over rows `pivot` and below, which sends the column to ∓length · e. */
function reflect(
  rows: Float64Array,
  nRows: number,
  width: number,
  column: number,
  pivot: number,
  length: number,
  products: Float64Array,
): void {
  const head = rows[pivot * width + column]
  const target = head > 0 ? -length : length
  const first = head - target
  rows[pivot * width + column] = first
  products.fill(0, column)
  for (let row = pivot; row < nRows; row++) {
    const start = row * width
    const v = rows[start + column]
    if (v !== 0) for (let c = column + 1; c < width; c++) products[c] += v * rows[start + c]
  }
  const scale = 1 / (length * Math.abs(first))
  for (let row = pivot; row < nRows; row++) {
    const start = row * width
    const v = rows[start + column] * scale
    if (v !== 0) for (let c = column + 1; c < width; c++) rows[start + c] -= v * products[c]
    rows[start + column] = 0
  }
  rows[pivot * width + column] = target
}

/** x of R x = r over the columns that have a pivot; 0 for the others. `right[row]`: r of a row. */
export function backSubstitute(
  rows: Float64Array,
  width: number,
  { rowOf }: Pivots,
  right: ArrayLike<number>,
): Float64Array {
  const x = new Float64Array(rowOf.length)
  for (let column = rowOf.length - 1; column >= 0; column--) {
    const row = rowOf[column]
    if (row === NO_PIVOT) continue
    let rest = right[row]
    for (let later = column + 1; later < rowOf.length; later++) rest -= rows[row * width + later] * x[later]
    x[column] = rest / rows[row * width + column]
  }
  return x
}

/** z of Rᵀ z = a, by row of the triangle, over the columns that have a pivot: ‖z‖² is aᵀ (RᵀR)⁻¹ a. */
export function forwardSubstitute(
  rows: Float64Array,
  width: number,
  { rowOf, rank }: Pivots,
  a: ArrayLike<number>,
): Float64Array {
  const z = new Float64Array(rank)
  for (let column = 0; column < rowOf.length; column++) {
    const row = rowOf[column]
    if (row === NO_PIVOT) continue
    let rest = a[column]
    for (let above = 0; above < row; above++) rest -= rows[above * width + column] * z[above]
    z[row] = rest / rows[row * width + column]
  }
  return z
}
