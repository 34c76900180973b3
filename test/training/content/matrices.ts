import fc from 'fast-check'
import type { Csr } from '../../../training/sparse.ts'

/** Dense rows as CSR; 0 is no entry. */
export function csrOf(dense: number[][], nCols: number): Csr {
  const rows = dense.map((row) => row.flatMap((value, col) => (value === 0 ? [] : [{ col, value }])))
  const entries = rows.flat()
  const indptr = new Uint32Array(dense.length + 1)
  rows.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + row.length
  })
  const indices = Uint32Array.from(entries, ({ col }) => col)
  return { nRows: dense.length, nCols, indptr, indices, data: Float32Array.from(entries, ({ value }) => value) }
}

/** Columns and values of a row, in stored order. */
export function rowOf({ indptr, indices, data }: Csr, row: number): { col: number; value: number }[] {
  const start = indptr[row]
  return [...indices.subarray(start, indptr[row + 1])].map((col, at) => ({ col, value: data[start + at] }))
}

/** Many entries are 0 and many are equal. */
export function dense(rows: { min: number; max: number }, nCols: number): fc.Arbitrary<number[][]> {
  const row = fc.array(fc.constantFrom(0, 0, 0, 0.5, 1, 2.25), { minLength: nCols, maxLength: nCols })
  return fc.array(row, { minLength: rows.min, maxLength: rows.max })
}
