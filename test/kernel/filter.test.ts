import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { type Matrix, matrix, placeMatrix, positiveWeight, rowOf, transpose, weight } from './matrices.ts'

const { fround } = Math
type Row = { index: number; value: number }[]

interface Filter {
  m: Matrix
  coefficients: number[]
  dim: number
  vectors: number[]
  lowRankWeight: number
  sourceScales: number[]
  targetScales: number[]
  k: number
}

const filter: fc.Arbitrary<Filter> = fc
  .record({ m: matrix({ rows: 12, cols: 40 }, weight), dim: fc.nat(5) })
  .chain(({ m, dim }) =>
    fc.record({
      m: fc.constant(m),
      coefficients: fc.array(weight, { minLength: 1, maxLength: 4 }),
      dim: fc.constant(dim),
      vectors: fc.array(weight, { minLength: m.nCols * dim, maxLength: m.nCols * dim }),
      lowRankWeight: positiveWeight,
      sourceScales: fc.array(positiveWeight, { minLength: m.nCols, maxLength: m.nCols }),
      targetScales: fc.array(positiveWeight, { minLength: m.nCols, maxLength: m.nCols }),
      k: fc.integer({ min: 1, max: 45 }),
    }),
  )

/** M x from the sums `from` on, over the non-zeros in stored order. */
function times(m: Matrix, x: number[], from: number[]): number[] {
  return from.map((start, row) => rowOf(m, row).reduce((sum, [c, value]) => fround(sum + fround(value * x[c])), start))
}

/** Column `source` of the filter, item by item, by Horner's rule on the shoppers' side. */
function naiveColumn({ m, coefficients, dim, vectors, lowRankWeight }: Filter, source: number): number[] {
  const columns = transpose(m)
  let image = Array<number>(m.nRows).fill(0)
  for (let p = coefficients.length - 1; p >= 0; p--) {
    for (const [shopper, value] of rowOf(columns, source))
      image[shopper] = fround(image[shopper] + fround(fround(coefficients[p]) * value))
    if (p === 0) break
    const back = times(columns, image, Array(m.nCols).fill(0))
    image = times(m, back, Array(m.nRows).fill(0))
  }
  const lowRank = Array.from({ length: m.nCols }, (_, item) => {
    let sum = 0
    for (let d = 0; d < dim; d++)
      sum = fround(sum + fround(vectors[item * dim + d] * fround(lowRankWeight * vectors[source * dim + d])))
    return sum
  })
  return times(columns, image, lowRank)
}

function naiveRow(given: Filter, source: number): Row {
  return naiveColumn(given, source)
    .map((value, index) => ({
      index,
      value: fround(fround(value * given.targetScales[index]) * given.sourceScales[source]),
    }))
    .filter(({ index, value }) => index !== source && value > 0)
    .sort((a, b) => b.value - a.value || a.index - b.index)
    .slice(0, given.k)
    .sort((a, b) => a.index - b.index)
}

describe.each(BUILDS)('rows of a graph filter, %s build', (build) => {
  const arena = new Arena(build)
  const panel = arena.kernel.PANEL.value

  /** Rows of all items, computed in blocks of `block` sources. */
  function rows(
    { m, coefficients, dim, vectors, lowRankWeight, sourceScales, targetScales, k }: Filter,
    block: number,
  ) {
    arena.reset()
    const n = m.nCols
    const r = placeMatrix(arena, m)
    const c = placeMatrix(arena, transpose(m))
    const low = [arena.f32(coefficients), coefficients.length, arena.f32(vectors), dim, lowRankWeight] as const
    const scales = [arena.f32(sourceScales), arena.f32(targetScales)] as const
    const sources = arena.u32(Array.from({ length: n }, (_, j) => j))
    const scratch = arena.room(4 * panel * (m.nRows + n + dim + 4))
    const [indices, data, counts] = [arena.room(n * k * 4), arena.room(n * k * 4), arena.room(n * 4)]
    const guard = arena.room(4)
    const tables = [r.indptr, r.indices, r.data, m.nRows, c.indptr, c.indices, c.data, n] as const
    for (let from = 0; from < n; from += block) {
      const asked = [sources + 4 * from, Math.min(block, n - from), k, scratch] as const
      const out = [indices + 4 * from * k, data + 4 * from * k, counts + 4 * from] as const
      arena.kernel.filterRows(...tables, ...low, ...scales, ...asked, ...out)
    }
    expect(arena.readU32(guard, 1)).toEqual([0xa5a5a5a5])
    return arena.readU32(counts, n).map((count, item): Row => {
      const values = arena.readF32(data + item * k * 4, count)
      return arena.readU32(indices + item * k * 4, count).map((index, i) => ({ index, value: values[i] }))
    })
  }

  it('equal the filter computed column by column, to the bit', () => {
    fc.assert(
      fc.property(filter, (given) => {
        const expected = Array.from({ length: given.m.nCols }, (_, source) => naiveRow(given, source))
        expect(rows(given, panel)).toEqual(expected)
      }),
      { ...SEEDED, numRuns: 100 },
    )
  })

  it('do not depend on how the sources are split into blocks', () => {
    fc.assert(
      fc.property(filter, fc.integer({ min: 1, max: 9 }), (given, block) => {
        expect(rows(given, block)).toEqual(rows(given, panel))
      }),
      { ...SEEDED, numRuns: 60 },
    )
  })
})

describe('the debug build', () => {
  it('refuses more sources than a panel has columns', () => {
    const { kernel } = new Arena('debug')
    const noTables = [0, 0, 0, 0, 0, 0, 0, 0] as const
    const rest = [64, 1, 64, 0, 1, 64, 64, 64, kernel.PANEL.value + 1, 1, 64, 64, 64, 64] as const
    expect(() => kernel.filterRows(...noTables, ...rest)).toThrow('index out of range: 33')
  })
})
