/** Sparse matrices in compressed rows (CSR): row r holds the columns `indices[indptr[r] .. indptr[r + 1])`. */

export interface Csr {
  nRows: number
  nCols: number
  indptr: Uint32Array
  indices: Uint32Array
  data: Float32Array
}

/** A square matrix without entries. */
export function emptyRows(n: number): Csr {
  const indices = new Uint32Array(0)
  return { nRows: n, nCols: n, indptr: new Uint32Array(n + 1), indices, data: new Float32Array(0) }
}

/** Columns of each row of the result ascend, whatever their order in `matrix`. */
export function transpose({ nRows, nCols, indptr, indices, data }: Csr): Csr {
  const starts = rowStarts(indices, nCols)
  const next = starts.slice()
  const rows = new Uint32Array(indices.length)
  const values = new Float32Array(indices.length)
  for (let r = 0; r < nRows; r++)
    for (let p = indptr[r]; p < indptr[r + 1]; p++) {
      const to = next[indices[p]]++
      rows[to] = r
      values[to] = data[p]
    }
  return { nRows: nCols, nCols: nRows, indptr: starts, indices: rows, data: values }
}

/** The k largest positive entries of each row, columns in the order they have; of equal ones at the limit the first. */
export function largestOf(matrix: Csr, k: number): Csr {
  const indptr = new Uint32Array(matrix.nRows + 1)
  const indices = new Uint32Array(matrix.indices.length)
  const data = new Float32Array(matrix.data.length)
  let end = 0
  for (let row = 0; row < matrix.nRows; row++) {
    const [from, to] = [matrix.indptr[row], matrix.indptr[row + 1]]
    const ascending = to - from > k ? matrix.data.slice(from, to).sort() : null
    const limit = ascending === null ? 0 : Math.max(0, ascending[ascending.length - k])
    let ties = ascending === null ? 0 : k - ascending.filter((value) => value > limit).length
    for (let p = from; p < to; p++) {
      const value = matrix.data[p]
      if (value <= 0 || value < limit || (value === limit && ties-- <= 0)) continue
      indices[end] = matrix.indices[p]
      data[end++] = value
    }
    indptr[row + 1] = end
  }
  return { ...matrix, indptr, indices: indices.slice(0, end), data: data.slice(0, end) }
}

/** One matrix of the rows of several, one below the other. */
export function stacked(blocks: Csr[], nCols: number): Csr {
  const nRows = blocks.reduce((sum, block) => sum + block.nRows, 0)
  const nnz = blocks.reduce((sum, block) => sum + block.indices.length, 0)
  const indptr = new Uint32Array(nRows + 1)
  const indices = new Uint32Array(nnz)
  const data = new Float32Array(nnz)
  let row = 0
  let end = 0
  for (const block of blocks) {
    for (let r = 1; r <= block.nRows; r++) indptr[row + r] = end + block.indptr[r]
    indices.set(block.indices, end)
    data.set(block.data, end)
    row += block.nRows
    end += block.indices.length
  }
  return { nRows, nCols, indptr, indices, data }
}

/** `indptr` of a counting sort: where each row begins when `rows[i]` are put in order. */
export function rowStarts(rows: Uint32Array, nRows: number): Uint32Array {
  const starts = new Uint32Array(nRows + 1)
  for (let i = 0; i < rows.length; i++) starts[rows[i] + 1]++
  for (let r = 0; r < nRows; r++) starts[r + 1] += starts[r]
  return starts
}

/** Indexes by score descending, then index ascending: the total order of every ranking. */
export function descendingOrder(scores: Float32Array): Uint32Array {
  return Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b)
}
