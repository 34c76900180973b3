import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { type Matrix, matrix, placeMatrix, positiveWeight, rowOf } from './matrices.ts'

const { fround } = Math
const value = fc.float({ min: -1, max: 1, noNaN: true, noDefaultInfinity: true })

interface Problem {
  m: Matrix
  dim: number
  other: number[][]
  first: number[][]
  system: number[][]
  alpha: number
  steps: number
}

function vectors(n: number, dim: number): fc.Arbitrary<number[][]> {
  const row = fc.array(value, { minLength: dim, maxLength: dim })
  return fc.array(row, { minLength: n, maxLength: n })
}

const problem: fc.Arbitrary<Problem> = fc
  .record({ m: matrix({ rows: 9, cols: 9 }), dim: fc.constantFrom(4, 8, 12) })
  .chain(({ m, dim }) =>
    fc.record({
      m: fc.constant(m),
      dim: fc.constant(dim),
      other: vectors(m.nCols, dim),
      first: vectors(m.nRows, dim),
      system: vectors(dim, dim).map((half) =>
        half.map((a, i) => half.map((b, j) => fround(a.reduce((sum, x, d) => sum + x * b[d], i === j ? 2 : 0)))),
      ),
      alpha: positiveWeight,
      steps: fc.nat(4),
    }),
  )

/** The documented order of assembly/dense.ts: four lanes, the lanes pairwise. */
function dot(a: number[], b: number[]): number {
  const lanes = [0, 0, 0, 0]
  for (let d = 0; d < a.length; d++) lanes[d % 4] = fround(lanes[d % 4] + fround(a[d] * b[d]))
  return fround(fround(lanes[0] + lanes[1]) + fround(lanes[2] + lanes[3]))
}

function add(a: number[], by: number, b: number[]): number[] {
  return a.map((x, d) => fround(x + fround(by * b[d])))
}

/** Conjugate gradients on one row, step by step. */
function naiveRow({ m, other, system, alpha, steps, first, dim }: Problem, row: number): number[] {
  const ys = rowOf(m, row).map(([column]) => other[column])
  if (ys.length === 0) return Array(dim).fill(0)
  const apply = (v: number[]) =>
    ys.reduce(
      (sum, y) => add(sum, fround(alpha * dot(v, y)), y),
      system.map((s) => dot(v, s)),
    )
  let x = first[row]
  const wanted = ys.reduce((sum, y) => add(sum, fround(1 + alpha), y), Array<number>(dim).fill(0))
  let residual = add(wanted, -1, apply(x))
  let direction = residual
  let rho = dot(residual, residual)
  for (let step = 0; step < steps && rho > 0; step++) {
    const product = apply(direction)
    const ratio = fround(rho / dot(direction, product))
    x = add(x, ratio, direction)
    residual = add(residual, -ratio, product)
    const next = dot(residual, residual)
    direction = add(residual, fround(next / rho), direction)
    rho = next
  }
  return x
}

describe.each(BUILDS)('alternating least squares, %s build', (build) => {
  const arena = new Arena(build)

  /** All rows, computed in blocks that end at `ends`. */
  function solved({ m, dim, other, first, system, alpha, steps }: Problem, ends: number[]): number[] {
    arena.reset()
    const { indptr, indices } = placeMatrix(arena, m)
    const [y, s, out] = [arena.f32(other.flat()), arena.f32(system.flat()), arena.f32(first.flat())]
    const [scratch, guard] = [arena.room(12 * dim), arena.room(4)]
    let from = 0
    for (const to of ends) {
      arena.kernel.alsRows(indptr, indices, from, to, y, dim, s, alpha, steps, scratch, out)
      from = to
    }
    expect(arena.readU32(guard, 1)).toEqual([0xa5a5a5a5])
    return arena.readF32(out, m.nRows * dim)
  }

  it('improves rows as conjugate gradients do one row at a time, to the bit', () => {
    fc.assert(
      fc.property(problem, (given) => {
        const expected = Array.from({ length: given.m.nRows }, (_, row) => naiveRow(given, row))
        expect(solved(given, [given.m.nRows])).toEqual(expected.flat())
      }),
      { ...SEEDED, numRuns: 80 },
    )
  })

  it('does not depend on how the rows are split into blocks', () => {
    fc.assert(
      fc.property(problem, fc.nat(9), (given, cut) => {
        const { nRows } = given.m
        expect(solved(given, [Math.min(cut, nRows), nRows])).toEqual(solved(given, [nRows]))
      }),
      { ...SEEDED, numRuns: 40 },
    )
  })

  const history = fc.integer({ min: 1, max: 11 }).chain((dim) =>
    fc.record({
      dim: fc.constant(dim),
      items: vectors(20, dim),
      rows: fc.array(fc.nat(19), { maxLength: arena.kernel.FOLD_IN.value }),
      alpha: positiveWeight,
    }),
  )

  it('folds a history in: the answer solves the normal equations', () => {
    fc.assert(
      fc.property(history, ({ dim, items, rows, alpha }) => {
        arena.reset()
        const h = rows.length
        const [placed, list] = [arena.f32(items.flat()), arena.u32(rows)]
        const [scratch, out, guard] = [arena.room(8 * h * (h + 1)), arena.room(4 * dim), arena.room(4)]
        arena.kernel.foldInAls(list, h, placed, dim, alpha, scratch, out)
        expect(arena.readU32(guard, 1)).toEqual([0xa5a5a5a5])
        const x = arena.readF32(out, dim)
        const ys = rows.map((row) => items[row])
        const inner = (y: number[]) => y.reduce((sum, v, d) => sum + v * x[d], 0)
        // (I + α Σ y yᵀ) x = (1 + α) Σ y
        for (let d = 0; d < dim; d++) {
          const left = ys.reduce((sum, y) => sum + alpha * y[d] * inner(y), x[d])
          const right = ys.reduce((sum, y) => sum + (1 + alpha) * y[d], 0)
          expect(Math.abs(left - right)).toBeLessThan(1e-3 * (1 + alpha) * (1 + h))
        }
      }),
      { ...SEEDED, numRuns: 80 },
    )
  })
})

describe('the debug build', () => {
  it('refuses a history longer than can be folded in, and widths that are not whole vectors', () => {
    const { kernel } = new Arena('debug')
    const tooLong = kernel.FOLD_IN.value + 1
    expect(() => kernel.foldInAls(64, tooLong, 64, 4, 1, 64, 64)).toThrow(`index out of range: ${tooLong}`)
    expect(() => kernel.alsRows(64, 64, 0, 0, 64, 6, 64, 1, 1, 64, 64)).toThrow('not a whole number of tiles: 6')
  })
})
