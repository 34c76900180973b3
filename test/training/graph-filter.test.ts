import { expect, test } from 'vitest'
import { eigenOf } from '../../training/eigen.ts'
import type { Interactions } from '../../training/histories.ts'
import { graphFilterRows } from '../../training/linear/graph-filter.ts'
import type { Csr } from '../../training/sparse.ts'
import { patterned } from './patterned.ts'

const N_SHOPPERS = 60
const N_ITEMS = 45

/** W by the definition, dense: p and the low-pass act on the eigenvalues of G. */
function denseWeights({ byItem }: Interactions): number[][] {
  const has = Array.from({ length: byItem.nRows }, (_, item) => {
    const shoppers = new Set(byItem.indices.subarray(byItem.indptr[item], byItem.indptr[item + 1]))
    return Array.from({ length: byItem.nCols }, (_, shopper) => (shoppers.has(shopper) ? 1 : 0))
  })
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  const degrees = has.map(sum)
  const baskets = Array.from({ length: byItem.nCols }, (_, shopper) => sum(has.map((row) => row[shopper])))
  const n = has.map((row, item) => row.map((r, u) => (r === 0 ? 0 : 1 / Math.sqrt(degrees[item] * baskets[u]))))
  const gram = n.flatMap((a) => n.map((b) => sum(a.map((x, u) => x * b[u]))))
  const { values, vectors } = eigenOf(Float64Array.from(gram), byItem.nRows)
  const filtered = [...values].map((x) => {
    const plateau = ((((-10.9784 * x + 27.4461) * x - 22.9767) * x + 7.0189) * x + 0.4975) * x - 0.0037
    return plateau + (x > 1e-9 ? 0.2 : 0)
  })
  return degrees.map((dj, j) =>
    degrees.map((di, i) => {
      if (i === j || dj === 0 || di === 0) return 0
      const at = (item: number, c: number) => vectors[item * byItem.nRows + c]
      const value = sum(filtered.map((f, c) => f * at(j, c) * at(i, c)))
      return Math.max(0, dj ** -0.4 * value * di ** 0.4)
    }),
  )
}

function rowOf({ indptr, indices, data }: Csr, row: number): [number, number][] {
  return [...indices.subarray(indptr[row], indptr[row + 1])].map((index, at) => [index, data[indptr[row] + at]])
}

test('weights equal the filter of the whole spectrum, cut by source', async () => {
  const interactions = patterned(N_SHOPPERS, N_ITEMS)
  const weights = denseWeights(interactions)
  const found = await graphFilterRows(interactions, { neighbours: 8, threads: 1, seed: 5 })
  weights.forEach((row, source) => {
    const least = row.toSorted((a, b) => b - a)[7]
    const listed = rowOf(found, source)
    expect(listed.length).toBe(Math.min(8, row.filter((value) => value > 1e-6).length))
    for (const [target, value] of listed) {
      expect(value).toBeCloseTo(row[target], 4)
      expect(value).toBeGreaterThan(least - 1e-4)
    }
    expect(listed.map(([target]) => target)).toEqual(listed.map(([target]) => target).sort((a, b) => a - b))
  })
})

test('does not depend on threads, and computes only the sources asked for', async () => {
  const interactions = patterned(N_SHOPPERS, N_ITEMS)
  const parameters = { neighbours: 8, threads: 1, seed: 5 }
  const all = await graphFilterRows(interactions, parameters)
  expect(await graphFilterRows(interactions, { ...parameters, threads: 2 })).toEqual(all)
  const some = await graphFilterRows(interactions, { ...parameters, sources: Uint32Array.of(31, 4) })
  for (let item = 0; item < N_ITEMS; item++)
    expect(rowOf(some, item)).toEqual(item === 31 || item === 4 ? rowOf(all, item) : [])
})
