import { inverse, Matrix } from 'ml-matrix'
import { expect, test } from 'vitest'
import { easeRows } from '../../training/linear/ease.ts'
import type { Csr } from '../../training/sparse.ts'
import { patterned } from './patterned.ts'

const N_SHOPPERS = 60
const N_ITEMS = 45
const L2 = 30

function denseWeights({ nRows, nCols, indptr, indices, data }: Csr): number[][] {
  const x = Matrix.zeros(nRows, nCols)
  for (let r = 0; r < nRows; r++) for (let p = indptr[r]; p < indptr[r + 1]; p++) x.set(r, indices[p], data[p])
  const p = inverse(x.transpose().mmul(x).add(Matrix.eye(nCols).mul(L2)))
  return Array.from({ length: nCols }, (_, j) =>
    Array.from({ length: nCols }, (_, i) => (i === j ? 0 : -p.get(i, j) / p.get(i, i))),
  )
}

function rowOf({ indptr, indices, data }: Csr, row: number): [number, number][] {
  return [...indices.subarray(indptr[row], indptr[row + 1])].map((index, at) => [index, data[indptr[row] + at]])
}

test('weights equal those of the inverted Gram matrix, the largest of each source', async () => {
  const interactions = patterned(N_SHOPPERS, N_ITEMS)
  const weights = denseWeights(interactions.byShopper)
  const found = await easeRows(interactions, { neighbours: 6, l2: L2, threads: 1 })
  weights.forEach((row, source) => {
    const largest = row.toSorted((a, b) => b - a).filter((value) => value > 1e-6)
    const listed = rowOf(found, source)
    expect(listed.length).toBe(Math.min(6, largest.length))
    for (const [target, value] of listed) {
      expect(value).toBeCloseTo(row[target], 3)
      expect(value).toBeGreaterThan(largest[listed.length - 1] - 1e-3)
    }
  })
})

test('does not depend on threads, and computes only the sources asked for', async () => {
  const interactions = patterned(N_SHOPPERS, N_ITEMS)
  const parameters = { neighbours: 6, l2: L2, threads: 1 }
  const all = await easeRows(interactions, parameters)
  expect(await easeRows(interactions, { ...parameters, threads: 2 })).toEqual(all)
  const some = await easeRows(interactions, { ...parameters, sources: Uint32Array.of(31, 4) })
  for (let item = 0; item < N_ITEMS; item++) {
    const columns = rowOf(some, item).map(([target]) => target)
    if (item === 31 || item === 4) expect(columns.length).toBe(rowOf(all, item).length)
    else expect(columns).toEqual([])
  }
})
