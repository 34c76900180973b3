import { inverse, Matrix } from 'ml-matrix'
import { expect, test } from 'vitest'
import type { Interactions } from '../../training/histories.ts'
import { ialsFactors } from '../../training/linear/ials.ts'
import type { Csr } from '../../training/sparse.ts'
import { patterned } from './patterned.ts'

const N_SHOPPERS = 60
const N_ITEMS = 45
const PARAMETERS = { dim: 8, alpha: 10, regularization: 3, epochs: 200, seed: 5, threads: 1 }

function matrixOf(values: Float32Array, dim: number): Matrix {
  return Matrix.from1DArray(values.length / dim, dim, values)
}

/** Scores of all items for each shopper, folded in from the history. */
function foldedIn({ byShopper }: Interactions, items: Matrix, alpha: number): Matrix {
  const scores = Matrix.zeros(byShopper.nRows, items.rows)
  for (let u = 0; u < byShopper.nRows; u++) {
    const history = [...byShopper.indices.subarray(byShopper.indptr[u], byShopper.indptr[u + 1])]
    if (history.length === 0) continue
    const h = items.subMatrixRow(history)
    const system = Matrix.eye(history.length).add(h.mmul(h.transpose()).mul(alpha))
    const ones = Matrix.ones(history.length, 1).mul(1 + alpha)
    const shopper = h.transpose().mmul(inverse(system)).mmul(ones)
    scores.setRow(u, items.mmul(shopper).to1DArray())
  }
  return scores
}

/** Rows solved exactly against the vectors of the other side. */
function solvedSide({ nRows, indptr, indices }: Csr, other: Matrix): Matrix {
  const { dim, alpha, regularization } = PARAMETERS
  const shared = other.transpose().mmul(other).add(Matrix.eye(dim).mul(regularization))
  const solved = Matrix.zeros(nRows, dim)
  for (let row = 0; row < nRows; row++) {
    const entries = [...indices.subarray(indptr[row], indptr[row + 1])]
    if (entries.length === 0) continue
    const h = other.subMatrixRow(entries)
    const system = h.transpose().mmul(h).mul(alpha).add(shared)
    const wanted = h
      .transpose()
      .mmul(Matrix.ones(entries.length, 1))
      .mul(1 + alpha)
    solved.setRow(row, inverse(system).mmul(wanted).to1DArray())
  }
  return solved
}

test('scores of folded-in histories equal those of exact alternating least squares', async () => {
  const interactions = patterned(N_SHOPPERS, N_ITEMS)
  let items = Matrix.zeros(N_ITEMS, PARAMETERS.dim)
  for (let i = 0; i < N_ITEMS; i++) for (let d = 0; d < PARAMETERS.dim; d++) items.set(i, d, Math.sin(i * 7 + d * d))
  for (let epoch = 0; epoch < 400; epoch++)
    items = solvedSide(interactions.byItem, solvedSide(interactions.byShopper, items))
  const expected = solvedSide(interactions.byShopper, items).mmul(items.transpose())
  const found = matrixOf(await ialsFactors(interactions, PARAMETERS), PARAMETERS.dim)
  const difference = foldedIn(interactions, found, PARAMETERS.alpha).sub(expected)
  expect(difference.abs().max()).toBeLessThan(0.02)
})

test('does not depend on the number of threads; items of nobody have no vector', async () => {
  const interactions = patterned(N_SHOPPERS, N_ITEMS)
  const one = await ialsFactors(interactions, PARAMETERS)
  expect(await ialsFactors(interactions, { ...PARAMETERS, threads: 2 })).toEqual(one)
  const last = one.subarray((N_ITEMS - 1) * PARAMETERS.dim)
  expect([...last]).toEqual(Array(PARAMETERS.dim).fill(0))
})
