import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { type Matrix, matrix, placeMatrix, positiveWeight, rowOf, transpose } from './matrices.ts'

const { fround } = Math
type Row = { index: number; value: number }[]

interface Ease {
  m: Matrix
  l2: number
  steps: number
  k: number
}

const ease: fc.Arbitrary<Ease> = fc.record({
  m: matrix({ rows: 12, cols: 40 }, positiveWeight),
  l2: fc.integer({ min: 1, max: 40 }),
  steps: fc.nat(5),
  k: fc.integer({ min: 1, max: 45 }),
})

function diagonalOf({ m, l2 }: Ease): number[] {
  return Array.from({ length: m.nCols }, (_, item) =>
    fround(rowOf(transpose(m), item).reduce((sum, [, value]) => sum + value * value, l2)),
  )
}

/** M x from the sums `from` on, over the non-zeros in stored order. */
function times(m: Matrix, x: number[], from: number[]): number[] {
  return from.map((start, row) => rowOf(m, row).reduce((sum, [c, value]) => fround(sum + fround(value * x[c])), start))
}

function dot(a: number[], b: number[]): number {
  return a.reduce((sum, value, i) => fround(sum + fround(value * b[i])), 0)
}

function ratio(a: number, b: number): number {
  return b === 0 ? 0 : fround(a / b)
}

/** Column `source` of P, one column at a time, in the documented order of operations. */
function naiveColumn(given: Ease, source: number): number[] {
  const { m, l2, steps } = given
  const diagonal = diagonalOf(given)
  const columns = transpose(m)
  const preconditioned = (r: number[]) => r.map((value, i) => fround(value / diagonal[i]))
  const add = (a: number[], by: number, b: number[]) => a.map((value, i) => fround(value + fround(by * b[i])))
  let x = Array<number>(m.nCols).fill(0)
  let residual = x.map((_, i) => Number(i === source))
  let direction = preconditioned(residual)
  let rho = direction[source]
  for (let step = 0; step < steps; step++) {
    const image = times(m, direction, Array(m.nRows).fill(0))
    const damped = direction.map((value) => fround(l2 * value))
    const product = times(columns, image, damped)
    const alpha = ratio(rho, dot(direction, product))
    x = add(x, alpha, direction)
    residual = add(residual, -alpha, product)
    const next = dot(residual, preconditioned(residual))
    direction = add(preconditioned(residual), ratio(next, rho), direction)
    rho = next
  }
  return x
}

function naiveRow(given: Ease, column: number[], source: number): Row {
  const diagonal = diagonalOf(given)
  return column
    .map((value, index) => ({ index, value: -fround(value * diagonal[index]) }))
    .filter(({ index, value }) => index !== source && value > 0)
    .sort((a, b) => b.value - a.value || a.index - b.index)
    .slice(0, given.k)
    .sort((a, b) => a.index - b.index)
}

describe.each(BUILDS)('rows of EASE, %s build', (build) => {
  const arena = new Arena(build)
  const panel = arena.kernel.PANEL.value

  /** Rows and own entries of all items, computed in blocks of `block` sources. */
  function rows(given: Ease, block: number): { own: number[]; rows: Row[] } {
    const { m, l2, steps, k } = given
    arena.reset()
    const n = m.nCols
    const r = placeMatrix(arena, m)
    const c = placeMatrix(arena, transpose(m))
    const diagonal = arena.f32(diagonalOf(given))
    const sources = arena.u32(Array.from({ length: n }, (_, j) => j))
    const scratch = arena.room(4 * panel * (m.nRows + 4 * n + 8))
    const [indices, data, counts, own] = [n * k, n * k, n, n].map((cells) => arena.room(4 * cells))
    const guard = arena.room(4)
    const tables = [r.indptr, r.indices, r.data, m.nRows, c.indptr, c.indices, c.data, n, diagonal, l2, steps] as const
    for (let from = 0; from < n; from += block) {
      const asked = [sources + 4 * from, Math.min(block, n - from), k, scratch, own + 4 * from] as const
      const out = [indices + 4 * from * k, data + 4 * from * k, counts + 4 * from] as const
      arena.kernel.easeRows(...tables, ...asked, ...out)
    }
    expect(arena.readU32(guard, 1)).toEqual([0xa5a5a5a5])
    const found = arena.readU32(counts, n).map((count, item): Row => {
      const values = arena.readF32(data + item * k * 4, count)
      return arena.readU32(indices + item * k * 4, count).map((index, i) => ({ index, value: values[i] }))
    })
    return { own: arena.readF32(own, n), rows: found }
  }

  it('equal conjugate gradients column by column, to the bit', () => {
    fc.assert(
      fc.property(ease, (given) => {
        const columns = Array.from({ length: given.m.nCols }, (_, source) => naiveColumn(given, source))
        const expected = {
          own: columns.map((column, j) => column[j]),
          rows: columns.map((c, j) => naiveRow(given, c, j)),
        }
        expect(rows(given, panel)).toEqual(expected)
      }),
      { ...SEEDED, numRuns: 40 },
    )
  })

  it('do not depend on how the sources are split into blocks', () => {
    fc.assert(
      fc.property(ease, fc.integer({ min: 1, max: 9 }), (given, block) => {
        expect(rows(given, block)).toEqual(rows(given, panel))
      }),
      { ...SEEDED, numRuns: 30 },
    )
  })
})
