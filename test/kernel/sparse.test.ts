import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { type Matrix, matrix, placeMatrix, rowOf, weight } from './matrices.ts'

const { fround } = Math

const history = matrix({ rows: 12, cols: 40 }).chain((m) =>
  fc.record({ m: fc.constant(m), rows: fc.array(fc.tuple(fc.nat(m.nRows - 1), weight), { maxLength: 20 }) }),
)

/** Sums by column in a Map, which knows what it has seen by itself. */
function naiveSums(m: Matrix, rows: [number, number][]): Map<number, number> {
  const sums = new Map<number, number>()
  for (const [row, w] of rows)
    for (const [column, value] of rowOf(m, row)) sums.set(column, fround((sums.get(column) ?? 0) + fround(w * value)))
  return sums
}

function naiveLargest(m: Matrix, rows: [number, number][], column: number): { at: number; share: number } {
  const contributions = rows.map(([row, w]) => fround(w * (new Map(rowOf(m, row)).get(column) ?? 0)))
  const positive = contributions.filter((c) => c > 0)
  if (positive.length === 0) return { at: -1, share: 0 }
  const largest = Math.max(...positive)
  return {
    at: contributions.indexOf(largest),
    share: fround(largest / positive.reduce((sum, c) => fround(sum + c), 0)),
  }
}

/** The matrix of the entries at some places alone. */
function withMarks(m: Matrix, isKept: (place: number) => boolean): Matrix {
  const places = m.indices.map((_, p) => p).filter(isKept)
  return {
    ...m,
    indptr: m.indptr.map((end) => places.filter((p) => p < end).length),
    indices: places.map((p) => m.indices[p]),
    data: places.map((p) => m.data[p]),
  }
}

describe.each(BUILDS)('sums of sparse rows, %s build', (build) => {
  const arena = new Arena(build)
  const { kernel } = arena

  function place(m: Matrix, rows: [number, number][]) {
    arena.reset()
    const { indptr, indices, data } = placeMatrix(arena, m)
    const acc = arena.room(m.nCols * 4)
    kernel.fillUntouched(acc, m.nCols)
    const touched = arena.room((m.nCols + 1) * 4)
    const listed = arena.u32(rows.map(([row]) => row))
    const weights = arena.f32(rows.map(([, w]) => w))
    return { indptr, indices, data, acc, touched, listed, weights }
  }

  it('equal a naive sum to the bit and list each column once, in order of first touch', () => {
    fc.assert(
      fc.property(history, ({ m, rows }) => {
        const at = place(m, rows)
        const { listed, weights, indptr, indices, data, acc, touched } = at
        const n = kernel.accumulateRows(listed, weights, rows.length, indptr, indices, data, acc, touched, 0)
        const sums = naiveSums(m, rows)
        expect(arena.readU32(at.touched, n)).toEqual([...sums.keys()])
        const untouched = -0
        expect(arena.readF32(at.acc, m.nCols)).toEqual(
          Array.from({ length: m.nCols }, (_, column) => sums.get(column) ?? untouched),
        )
      }),
      SEEDED,
    )
  })

  it('go on from where an earlier call stopped', () => {
    fc.assert(
      fc.property(history, fc.nat(20), ({ m, rows }, cut) => {
        const first = rows.slice(0, cut)
        const rest = rows.slice(cut)
        const at = place(m, rows)
        const csr = [at.indptr, at.indices, at.data, at.acc, at.touched] as const
        const n = kernel.accumulateRows(at.listed, at.weights, first.length, ...csr, 0)
        const offset = first.length * 4
        const total = kernel.accumulateRows(at.listed + offset, at.weights + offset, rest.length, ...csr, n)
        expect(arena.readU32(at.touched, total)).toEqual([...naiveSums(m, rows).keys()])
      }),
      SEEDED,
    )
  })

  it('leave out the entries whose mark is not wanted, in lists of several lengths', () => {
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 60 }), fc.infiniteStream(fc.nat(255)), (asked, times, stream) => {
        const { m } = asked
        const rows = Array.from({ length: times }, () => asked.rows).flat()
        const marks = [...stream.take(m.indices.length)].map((mark) => mark % 4)
        const at = place(m, rows)
        const wanted = arena.u8(Array.from({ length: 256 }, (_, mark) => Number(mark % 4 < 2)))
        const scratch = arena.room(4 * 4096)
        const { listed, weights, indptr, indices, data, acc, touched } = at
        const csr = [indptr, indices, data] as const
        const asks = [arena.u8(marks), wanted, scratch] as const
        const n = kernel.accumulateMarkedRows(listed, weights, rows.length, ...csr, ...asks, acc, touched, 0)
        const sums = naiveSums(
          withMarks(m, (p) => marks[p] < 2),
          rows,
        )
        expect(arena.readU32(touched, n)).toEqual([...sums.keys()])
        expect(arena.readF32(acc, m.nCols)).toEqual(
          Array.from({ length: m.nCols }, (_, column) => sums.get(column) ?? -0),
        )
      }),
      SEEDED,
    )
  })

  it('count a column as touched when its contributions cancel or are zero', () => {
    const m = { nRows: 2, nCols: 3, indptr: [0, 2, 3], indices: [0, 2, 0], data: [1, 0, -1] }
    const rows: [number, number][] = [
      [0, 1],
      [1, 1],
      [0, -1],
      [1, -1],
      [0, 1],
    ]
    const at = place(m, rows)
    const n = kernel.accumulateRows(at.listed, at.weights, 5, at.indptr, at.indices, at.data, at.acc, at.touched, 0)
    expect(arena.readU32(at.touched, n)).toEqual([0, 2])
    expect(arena.readF32(at.acc, 3)).toEqual([1, -0, 0])
  })

  it('leave no trace once cleared', () => {
    fc.assert(
      fc.property(history, ({ m, rows }) => {
        const at = place(m, rows)
        const before = arena.readU32(at.acc - 4, m.nCols + 2)
        const { listed, weights, indptr, indices, data, acc, touched } = at
        const n = kernel.accumulateRows(listed, weights, rows.length, indptr, indices, data, acc, touched, 0)
        kernel.clearTouched(acc, touched, n)
        expect(arena.readU32(acc - 4, m.nCols + 2)).toEqual(before)
      }),
      SEEDED,
    )
  })

  it('are explained by the largest positive contribution and its share', () => {
    fc.assert(
      fc.property(history, fc.nat(39), ({ m, rows }, any) => {
        const column = any % m.nCols
        const at = place(m, rows)
        const share = arena.room(4)
        const { listed, weights, indptr, indices, data } = at
        const csr = [indptr, indices, data] as const
        const found = kernel.largestContribution(listed, weights, rows.length, ...csr, column, share)
        expect({ at: found, share: arena.readF32(share, 1)[0] }).toEqual(naiveLargest(m, rows, column))
      }),
      SEEDED,
    )
  })

  it('start from an accumulator filled exactly to its end', () => {
    for (let n = 0; n < 20; n++) {
      arena.reset()
      const acc = arena.room(n * 4)
      kernel.fillUntouched(acc, n)
      expect(arena.readU32(acc - 4, n + 2)).toEqual([0xa5a5a5a5, ...Array(n).fill(0x80000000), 0xa5a5a5a5])
    }
  })
})
