import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { eigenOf } from '../../training/eigen.ts'
import { itemFactors } from '../../training/factors.ts'
import { interactionsOf } from '../../training/histories.ts'
import { TRAINING_DEFAULTS } from '../../training/parameters.ts'
import type { Csr } from '../../training/sparse.ts'
import { type SmallEvent, tableOf } from './small-shop.ts'

describe('eigenvectors of a symmetric matrix', () => {
  test('are orthonormal, belong to their values, and the values descend', () => {
    const size = 5
    const entries = fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 25, maxLength: 25 })
    fc.assert(
      fc.property(entries, (drawn) => {
        const a = Float64Array.from(drawn, (_, at) => {
          const [row, col] = [Math.floor(at / size), at % size]
          return drawn[Math.min(row, col) * size + Math.max(row, col)]
        })
        const { values, vectors } = eigenOf(a, size)
        expect([...values]).toEqual([...values].sort((x, y) => y - x))
        for (let c = 0; c < size; c++)
          for (let row = 0; row < size; row++) {
            let product = 0
            let inner = 0
            for (let k = 0; k < size; k++) {
              product += a[row * size + k] * vectors[k * size + c]
              inner += vectors[k * size + row] * vectors[k * size + c]
            }
            expect(product).toBeCloseTo(values[c] * vectors[row * size + c], 8)
            expect(inner).toBeCloseTo(row === c ? 1 : 0, 8)
          }
      }),
      { seed: 41 },
    )
  })
})

/** Rows of V Λ^½ of NᵀN without its trivial pair, as unit vectors, by the definition on dense matrices. */
function denseFactors({ nRows, nCols, indptr, indices, data }: Csr, dim: number): Float32Array {
  const dense = Array.from({ length: nRows }, () => new Array<number>(nCols).fill(0))
  dense.forEach((row, item) => {
    for (let p = indptr[item]; p < indptr[item + 1]; p++) row[indices[p]] = data[p]
  })
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
  const itemSums = dense.map(sum)
  const shopperSums = Array.from({ length: nCols }, (_, shopper) => sum(dense.map((row) => row[shopper])))
  const normal = dense.map((row, i) => row.map((r, u) => (r === 0 ? 0 : r / Math.sqrt(itemSums[i] * shopperSums[u]))))
  const gram = normal.flatMap((a, i) =>
    normal.map((b, j) => sum(a.map((x, u) => x * b[u])) - Math.sqrt(itemSums[i] * itemSums[j]) / sum(itemSums)),
  )
  const { values, vectors } = eigenOf(Float64Array.from(gram), nRows)
  return Float32Array.from({ length: nRows * dim }, (_, at) => {
    const row = Math.floor(at / dim)
    const scaled = Array.from({ length: dim }, (_, c) => vectors[row * nRows + c] * Math.sqrt(values[c]))
    const length = Math.hypot(...scaled)
    return length < 1e-9 ? 0 : scaled[at % dim] / length
  })
}

describe('item factors', () => {
  const nItems = 24
  const nShoppers = 90
  /** Three groups of shoppers; each looks at eight items of its own, and everybody at item 0. */
  const events = Array.from({ length: 1200 }, (_, n): SmallEvent => {
    const shopper = n % nShoppers
    const own = (shopper % 3) * 8 + ((Math.imul(n, 0x9e3779b1) >>> 8) % 8)
    return { shopper, item: n % 9 === 0 ? 0 : own, kind: 'view', timeMs: n }
  })
  const interactions = interactionsOf(
    tableOf(events),
    { items: nItems + 1, shoppers: nShoppers },
    TRAINING_DEFAULTS.eventWeights,
    null,
  )
  const dim = 2
  const parameters = { dim, powerIterations: 6, seed: 3, threads: 1 }
  const cosine = (v: Float32Array, i: number, j: number) =>
    Array.from({ length: dim }, (_, d) => v[i * dim + d] * v[j * dim + d]).reduce((sum, x) => sum + x, 0)

  test('are unit vectors, closer within a group than across, and zero without events', async () => {
    const v = await itemFactors(interactions, parameters)
    for (let item = 0; item < nItems; item++) expect(cosine(v, item, item)).toBeCloseTo(1, 5)
    expect(cosine(v, nItems, nItems)).toBe(0)
    for (let i = 1; i < nItems; i++)
      for (let j = 1; j < nItems; j++) {
        if (Math.floor(i / 8) === Math.floor(j / 8)) expect(cosine(v, i, j)).toBeGreaterThan(0.5)
        else expect(cosine(v, i, j)).toBeLessThan(0.3)
      }
  })

  test('span what a dense decomposition spans', async () => {
    const v = await itemFactors(interactions, parameters)
    const exact = denseFactors(interactions.byItem, dim)
    for (let i = 0; i <= nItems; i++)
      for (let j = 0; j <= nItems; j++) expect(cosine(v, i, j)).toBeCloseTo(cosine(exact, i, j), 3)
  })

  test('do not depend on the number of threads', async () => {
    const one = await itemFactors(interactions, parameters)
    expect(await itemFactors(interactions, { ...parameters, threads: 2 })).toEqual(one)
  })

  test('leave zeros where the data has less rank than dimensions', async () => {
    const table = tableOf([
      { shopper: 0, item: 0, kind: 'view', timeMs: 1 },
      { shopper: 1, item: 1, kind: 'view', timeMs: 2 },
    ])
    const two = interactionsOf(table, { items: 2, shoppers: 2 }, TRAINING_DEFAULTS.eventWeights, null)
    const v = await itemFactors(two, parameters)
    expect(v.every(Number.isFinite)).toBe(true)
    expect(cosine(v, 0, 1)).toBeCloseTo(-1, 5)
  })
})
