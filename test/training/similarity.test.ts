import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Interactions } from '../../training/histories.ts'
import { similarityOf } from '../../training/similarity.ts'
import { transpose } from '../../training/sparse.ts'

/** Dense rows of shoppers; 0 is no interaction. */
function interactionsOfDense(dense: number[][], nItems: number): Interactions {
  const rows = dense.map((row) => row.flatMap((value, item) => (value === 0 ? [] : [{ item, value }])))
  const indptr = Uint32Array.from([0, ...rows.map((_, r) => rows.slice(0, r + 1).flat().length)])
  const entries = rows.flat()
  const byShopper = {
    nRows: dense.length,
    nCols: nItems,
    indptr,
    indices: Uint32Array.from(entries, ({ item }) => item),
    data: Float32Array.from(entries, ({ value }) => value),
  }
  const activeShoppers = rows.filter((row) => row.length > 0).length
  return { byShopper, byItem: transpose(byShopper), activeShoppers, cut: 0 }
}

/** S and bias by the definition, dense and in f64. */
function naive(dense: number[][], nItems: number, k: number) {
  const column = (item: number) => dense.map((row) => row[item])
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0)
  const active = Math.max(1, dense.filter((row) => row.some((value) => value !== 0)).length)
  const means = Array.from({ length: nItems }, (_, item) => column(item).reduce((sum, v) => sum + v, 0) / active)
  const S = Array.from({ length: nItems }, (_, i) => {
    const all = Array.from({ length: nItems }, (_, j) => {
      const norms = Math.sqrt(dot(column(i), column(i)) * dot(column(j), column(j)))
      return { j, cosine: i === j || norms === 0 ? 0 : dot(column(i), column(j)) / norms }
    })
    const kept = all
      .filter(({ cosine }) => cosine > 0)
      .sort((a, b) => b.cosine - a.cosine || a.j - b.j)
      .slice(0, k)
    const sum = kept.reduce((total, { cosine }) => total + cosine, 0)
    const row = new Array<number>(nItems).fill(0)
    for (const { j, cosine } of kept) row[j] = cosine / sum
    return row
  })
  const bias = S.map((row, i) => means[i] - dot(row, means))
  return { S, bias }
}

test('rows hold the normalised nearest neighbours of each target, by source', async () => {
  const dense = [
    [1, 1, 0, 0],
    [1, 1, 1, 0],
    [0, 1, 1, 0],
    [0.4, 0, 1, 0],
  ]
  const { S, bias } = naive(dense, 4, 2)
  const found = await similarityOf(interactionsOfDense(dense, 4), 2, 1)
  for (let j = 0; j < 4; j++) {
    const columns = [...found.indices.subarray(found.indptr[j], found.indptr[j + 1])]
    expect(columns).toEqual([0, 1, 2, 3].filter((i) => S[i][j] > 0))
    columns.forEach((i, at) => {
      expect(found.data[found.indptr[j] + at]).toBeCloseTo(S[i][j], 6)
    })
  }
  bias.forEach((value, i) => {
    expect(found.bias[i]).toBeCloseTo(value, 6)
  })
  expect([...found.bias_order]).toEqual([0, 1, 2, 3].sort((a, b) => found.bias[b] - found.bias[a] || a - b))
})

test('equals the dense definition when every neighbour is kept, whatever the data', async () => {
  const shops = fc.array(fc.array(fc.constantFrom(0, 0, 0, 0.4, 0.8, 1), { minLength: 7, maxLength: 7 }), {
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(shops, async (dense) => {
      const { S, bias } = naive(dense, 7, 7)
      const found = await similarityOf(interactionsOfDense(dense, 7), 7, 1)
      const weights = Array.from({ length: 7 }, () => new Array<number>(7).fill(0))
      for (let j = 0; j < 7; j++)
        for (let p = found.indptr[j]; p < found.indptr[j + 1]; p++) weights[found.indices[p]][j] = found.data[p]
      S.forEach((row, i) => {
        row.forEach((value, j) => {
          expect(weights[i][j]).toBeCloseTo(value, 5)
        })
        expect(found.bias[i]).toBeCloseTo(bias[i], 5)
      })
    }),
    { seed: 31, numRuns: 15 },
  )
})

test('gives the same bytes on one thread, on two and on three', async () => {
  const dense = Array.from({ length: 80 }, (_, u) =>
    Array.from({ length: 700 }, (_, i) => ((u * 31 + i * 17) % 23 === 0 ? 1 : (u * 7 + i) % 41 === 0 ? 0.4 : 0)),
  )
  const interactions = interactionsOfDense(dense, 700)
  const one = await similarityOf(interactions, 20, 1)
  expect(await similarityOf(interactions, 20, 2)).toEqual(one)
  expect(await similarityOf(interactions, 20, 3)).toEqual(one)
})
