import fc from 'fast-check'
import type { Arena } from './arena.ts'

export interface Matrix {
  nRows: number
  nCols: number
  indptr: number[]
  indices: number[]
  data: number[]
}

/** Halves and tenths, negative ones too: ties and cancelling sums are frequent, and so are sums that round. */
export const weight = fc.integer({ min: -20, max: 20 }).map((n) => Math.fround(n % 2 === 0 ? n / 4 : n / 10))
export const positiveWeight = fc.integer({ min: 1, max: 20 }).map((n) => Math.fround(n % 2 === 0 ? n / 4 : n / 10))

/** A CSR matrix with empty rows among the others, columns ascending. */
export function matrix(size: { rows: number; cols: number }, value = weight): fc.Arbitrary<Matrix> {
  return fc.integer({ min: 1, max: size.cols }).chain((nCols) =>
    fc
      .array(fc.uniqueArray(fc.tuple(fc.nat(nCols - 1), value), { selector: ([column]) => column }), {
        minLength: 1,
        maxLength: size.rows,
      })
      .map((rows) => fromRows(rows, nCols)),
  )
}

function fromRows(rows: [number, number][][], nCols: number): Matrix {
  const sorted = rows.map((row) => row.toSorted((a, b) => a[0] - b[0]))
  const indptr = [0]
  for (const row of sorted) indptr.push((indptr.at(-1) ?? 0) + row.length)
  const cells = sorted.flat()
  return { nRows: rows.length, nCols, indptr, indices: cells.map((c) => c[0]), data: cells.map((c) => c[1]) }
}

export function transpose(m: Matrix): Matrix {
  const rows: [number, number][][] = Array.from({ length: m.nCols }, () => [])
  for (let r = 0; r < m.nRows; r++) for (const [column, value] of rowOf(m, r)) rows[column].push([r, value])
  return fromRows(rows, m.nRows)
}

export function rowOf(m: Matrix, row: number): [number, number][] {
  const cells: [number, number][] = []
  for (let p = m.indptr[row]; p < m.indptr[row + 1]; p++) cells.push([m.indices[p], m.data[p]])
  return cells
}

export function placeMatrix(arena: Arena, m: Matrix): { indptr: number; indices: number; data: number } {
  return { indptr: arena.u32(m.indptr), indices: arena.u32(m.indices), data: arena.f32(m.data) }
}
