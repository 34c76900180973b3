/**
 * A generalised linear model with a ridge for each coefficient, by Newton's method:
 *   maximise log-likelihood − Σ_j ridge_j β_j² / 2
 * link `logistic` for outcomes 0 and 1, p = 1 / (1 + e^−xβ); `linear` for any others, by least squares.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import type { Design } from './features.ts'

export type Link = 'logistic' | 'linear'

const STEPS = 30
const CONVERGED = 1e-8
/** Keeps a coefficient finite that the data says nothing of. */
const LEAST_RIDGE = 1e-6

export interface LinearModel {
  link: Link
  coefficients: Float64Array
}

/** `outcome` by row of the design; `ridge` by column. */
export function fitLinear(design: Design, outcome: Float64Array, ridge: Float64Array, link: Link): LinearModel {
  const { nCols } = design
  const coefficients = new Float64Array(nCols)
  for (let step = 0; step < STEPS; step++) {
    const { score, information } = derivatives(design, outcome, coefficients, link)
    for (let j = 0; j < nCols; j++) {
      const least = Math.max(ridge[j], LEAST_RIDGE)
      score[j] -= least * coefficients[j]
      information.set(j, j, information.get(j, j) + least)
    }
    const change = new CholeskyDecomposition(information).solve(Matrix.columnVector(score)).to1DArray()
    let largest = 0
    for (let j = 0; j < nCols; j++) {
      coefficients[j] += change[j]
      largest = Math.max(largest, Math.abs(change[j]))
    }
    if (largest < CONVERGED || link === 'linear') break
  }
  return { link, coefficients }
}

function derivatives({ nRows, nCols, data }: Design, outcome: Float64Array, coefficients: Float64Array, link: Link) {
  const score = new Array<number>(nCols).fill(0)
  const gram = new Float64Array(nCols * nCols)
  for (let row = 0; row < nRows; row++) {
    const at = row * nCols
    let z = 0
    for (let j = 0; j < nCols; j++) z += data[at + j] * coefficients[j]
    const mean = link === 'linear' ? z : 1 / (1 + Math.exp(-z))
    const weight = link === 'linear' ? 1 : Math.max(1e-9, mean * (1 - mean))
    const residual = outcome[row] - mean
    for (let j = 0; j < nCols; j++) {
      const x = data[at + j]
      if (x === 0) continue
      score[j] += residual * x
      const weighted = weight * x
      for (let k = 0; k <= j; k++) gram[j * nCols + k] += weighted * data[at + k]
    }
  }
  const information = new Matrix(nCols, nCols)
  for (let j = 0; j < nCols; j++)
    for (let k = 0; k <= j; k++) {
      information.set(j, k, gram[j * nCols + k])
      information.set(k, j, gram[j * nCols + k])
    }
  return { score, information }
}

/** Expected outcome of every row. */
export function predictLinear({ nRows, nCols, data }: Design, { link, coefficients }: LinearModel): Float64Array {
  return Float64Array.from({ length: nRows }, (_, row) => {
    let z = 0
    for (let j = 0; j < nCols; j++) z += data[row * nCols + j] * coefficients[j]
    return link === 'linear' ? z : 1 / (1 + Math.exp(-z))
  })
}
