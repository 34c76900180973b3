import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { type Matrix, matrix, placeMatrix, rowOf, transpose, weight } from './matrices.ts'

const { fround } = Math
type Neighbours = { index: number; share: number }[]

function normsOf(columns: Matrix): number[] {
  return Array.from({ length: columns.nRows }, (_, item) => {
    const squares = rowOf(columns, item).reduce((sum, [, value]) => sum + value * value, 0)
    return squares === 0 ? 0 : fround(1 / Math.sqrt(squares))
  })
}

/** Every pair of items, every shopper; no sparsity is used but the order of the sum. */
function naiveNeighbours(shoppers: Matrix, columns: Matrix, item: number, k: number): Neighbours {
  const norms = normsOf(columns)
  const kept = Array.from({ length: columns.nRows }, (_, other) => {
    let sum = 0
    for (const [shopper, value] of rowOf(columns, item))
      for (const [index, theirs] of rowOf(shoppers, shopper))
        if (index === other) sum = fround(sum + fround(value * theirs))
    return { index: other, cosine: fround(fround(sum * norms[item]) * norms[other]) }
  })
    .filter((c) => c.index !== item && c.cosine > 0)
    .sort((a, b) => b.cosine - a.cosine || a.index - b.index)
    .slice(0, k)
  const total = kept.reduce((sum, c) => sum + c.cosine, 0)
  return kept.map((c) => ({ index: c.index, share: fround(c.cosine / total) }))
}

const purchases = fc.record({ m: matrix({ rows: 12, cols: 15 }, weight), k: fc.integer({ min: 1, max: 17 }) })

describe.each(BUILDS)('item similarity, %s build', (build) => {
  const arena = new Arena(build)

  /** Neighbours of all items, computed in blocks that end at `ends`. */
  function neighbours(shoppers: Matrix, k: number, ends: number[]): Neighbours[] {
    arena.reset()
    const columns = transpose(shoppers)
    const n = shoppers.nCols
    const r = placeMatrix(arena, shoppers)
    const c = placeMatrix(arena, columns)
    const norms = arena.f32(normsOf(columns))
    const [acc, touched] = [arena.room(n * 4), arena.room((n + 1) * 4)]
    const [indices, data, counts] = [arena.room(n * k * 4), arena.room(n * k * 4), arena.room(n * 4)]
    arena.kernel.fillUntouched(acc, n)
    const tables = [r.indptr, r.indices, r.data, c.indptr, c.indices, c.data, norms] as const
    let from = 0
    for (const to of ends) {
      const [row, count] = [from * k * 4, from * 4]
      const out = [indices + row, data + row, counts + count] as const
      arena.kernel.similarityBlock(...tables, from, to, k, acc, touched, ...out)
      from = to
    }
    expect(arena.readU32(acc, n)).toEqual(Array(n).fill(0x80000000))
    return arena.readU32(counts, n).map((count, item) => {
      const shares = arena.readF32(data + item * k * 4, count)
      return arena.readU32(indices + item * k * 4, count).map((index, i) => ({ index, share: shares[i] }))
    })
  }

  it('equals comparing every pair of items, to the bit', () => {
    fc.assert(
      fc.property(purchases, ({ m, k }) => {
        const columns = transpose(m)
        const expected = Array.from({ length: m.nCols }, (_, item) => naiveNeighbours(m, columns, item, k))
        expect(neighbours(m, k, [m.nCols])).toEqual(expected)
      }),
      SEEDED,
    )
  })

  it('does not depend on how the items are split into blocks', () => {
    fc.assert(
      fc.property(purchases, fc.array(fc.nat(15), { maxLength: 5 }), ({ m, k }, cuts) => {
        const ends = [...cuts.map((cut) => cut % (m.nCols + 1)).sort((a, b) => a - b), m.nCols]
        expect(neighbours(m, k, ends)).toEqual(neighbours(m, k, [m.nCols]))
      }),
      SEEDED,
    )
  })

  it('gives an item that nobody shares with another no neighbours', () => {
    const m = { nRows: 2, nCols: 3, indptr: [0, 1, 2], indices: [0, 2], data: [1, 1] }
    expect(neighbours(m, 2, [3])).toEqual([[], [], []])
  })
})
