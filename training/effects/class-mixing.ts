/**
 * How likely each class is by what is known of a shopper: P(k) = softmax_k(x β_k), x 1 at some columns, β ~ N(0, 1 / RIDGE).
 * A step climbs under Böhning's bound, by which half of XᵀX is at least the curvature, so that it never lowers the likelihood.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'

const RIDGE = 2

/** x of each shopper: 1 at `perShopper` columns. */
export interface ShopperColumns {
  nShoppers: number
  nCols: number
  perShopper: number
  columns: Uint32Array
}

export class Mixing {
  /** β, class-major. */
  readonly beta: Float64Array
  readonly #x: ShopperColumns
  readonly #classes: number
  readonly #bound: CholeskyDecomposition

  constructor(x: ShopperColumns, classes: number) {
    this.beta = new Float64Array(classes * x.nCols)
    this.#x = x
    this.#classes = classes
    this.#bound = new CholeskyDecomposition(boundOf(x))
  }

  shares(shopper: number, into: Float64Array): void {
    const { columns, perShopper, nCols } = this.#x
    for (let k = 0; k < this.#classes; k++) {
      into[k] = 0
      for (let at = shopper * perShopper; at < (shopper + 1) * perShopper; at++)
        into[k] += this.beta[k * nCols + columns[at]]
    }
    normalise(into)
  }

  /** `weights`: P(k | shopper) of the first shoppers, shopper-major. */
  maximise(weights: Float64Array, nShoppers: number): void {
    const { columns, perShopper, nCols } = this.#x
    const score = this.beta.map((value) => -RIDGE * value)
    const shares = new Float64Array(this.#classes)
    for (let s = 0; s < nShoppers; s++) {
      this.shares(s, shares)
      for (let k = 0; k < this.#classes; k++) {
        const beyond = weights[s * this.#classes + k] - shares[k]
        for (let at = s * perShopper; at < (s + 1) * perShopper; at++) score[k * nCols + columns[at]] += beyond
      }
    }
    for (let k = 0; k < this.#classes; k++) {
      const own = Matrix.columnVector(score.subarray(k * nCols, (k + 1) * nCols))
      for (const [column, change] of this.#bound.solve(own).to1DArray().entries())
        this.beta[k * nCols + column] += change
    }
  }
}

function boundOf({ nShoppers, nCols, perShopper, columns }: ShopperColumns): Matrix {
  const bound = new Float64Array(nCols ** 2)
  for (let s = 0; s < nShoppers; s++)
    for (let a = s * perShopper; a < (s + 1) * perShopper; a++)
      for (let b = s * perShopper; b < (s + 1) * perShopper; b++) bound[columns[a] * nCols + columns[b]] += 0.5
  for (let column = 0; column < nCols; column++) bound[column * (nCols + 1)] += RIDGE
  return Matrix.from1DArray(nCols, nCols, bound)
}

/** Logarithms to shares that add up to 1; returns the logarithm of their sum. */
export function normalise(values: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY
  for (let k = 0; k < values.length; k++) most = Math.max(most, values[k])
  let sum = 0
  for (let k = 0; k < values.length; k++) {
    values[k] = Math.exp(values[k] - most)
    sum += values[k]
  }
  for (let k = 0; k < values.length; k++) values[k] /= sum
  return most + Math.log(sum)
}
