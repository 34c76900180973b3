/**
 * Item vectors: truncated singular value decomposition of the normalised interactions N = Du^−½ R Di^−½
 * (Du, Di: row and column sums) by randomised block power iteration (Halko, Martinsson, Tropp, SIAM Review 53(2), 2011).
 *
 *   Q ← orth(Ω);   repeat: Q ← orth(Nᵀ N Q);   B = N Q;   BᵀB = U Λ Uᵀ;   V = Q U;   item i ↦ row i of V Λ^½
 *
 * N's largest singular value is 1 with right vector √(Di / ΣDi): popularity alone. It is projected out, so that the
 * cosine of two vectors compares which shoppers, not how many. Columns are made orthonormal by their Gram matrix
 * G = E D Eᵀ, Q ← Q E D^−½; directions with D below 1e-10 of the largest are dropped, which leaves zero columns where
 * the data has less rank than asked.
 */
import { instantiateKernel } from '../core/native/kernel.ts'
import { eigenOf } from './eigen.ts'
import type { Interactions } from './histories.ts'
import { KernelThreads } from './kernel-threads.ts'
import { placeCsr } from './similarity.ts'
import type { Csr } from './sparse.ts'
import { type Placed, Workspace } from './workspace.ts'

/** Columns iterated beyond those kept: they take up what the cut-off directions leave. */
const OVERSAMPLING = 8
const BLOCK_ROWS = 2048
const LEAST_SHARE = 1e-10

export interface FactorParameters {
  dim: number
  powerIterations: number
  seed: number
  threads: number
}

/** f32[items, dim]: unit rows, zero for items without interactions. */
export async function itemFactors(
  { byShopper, byItem }: Interactions,
  { dim, powerIterations, seed, threads }: FactorParameters,
  onDone: (iterations: number) => void = () => undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const width = dim + OVERSAMPLING
  const workspace = new Workspace()
  const shopperSums = rowSums(byShopper)
  const itemSums = rowSums(byItem)
  const n = placeCsr(workspace, normalised(byShopper, shopperSums, itemSums))
  const transposed = placeCsr(workspace, normalised(byItem, itemSums, shopperSums))
  const q = workspace.f32(byItem.nRows * width)
  const b = workspace.f32(byShopper.nRows * width)
  const trivial = trivialDirection(itemSums)
  fillRandom(q, workspace.memory, seed)
  const kernel = new KernelThreads(workspace.memory, threads)
  const multiply = (matrix: typeof n, rows: number, from: Placed<Float32Array>, to: Placed<Float32Array>) =>
    kernel.blocks(rows, BLOCK_ROWS, (_, first, last) => ({
      name: 'sparseTimesDense',
      args: [
        matrix.indptr,
        matrix.indices,
        matrix.data,
        first,
        last,
        from.pointer,
        width,
        to.pointer + 4 * first * width,
      ],
    }))
  try {
    orthonormalise(q.view, width, trivial)
    for (let iteration = 0; iteration < powerIterations; iteration++) {
      await multiply(n, byShopper.nRows, q, b)
      await multiply(transposed, byItem.nRows, b, q)
      orthonormalise(q.view, width, trivial)
      onDone(iteration + 1)
    }
    // Once more: what rounding left of the last round.
    orthonormalise(q.view, width, trivial)
    await multiply(n, byShopper.nRows, q, b)
  } finally {
    await kernel.close()
  }
  const { values, vectors } = eigenOf(gram(b.view, width), width)
  scaleColumns(vectors, width, (c) => Math.sqrt(Math.max(0, values[c])))
  return unitRows(times(q.view, width, vectors, dim), dim)
}

function rowSums({ nRows, indptr, data }: Csr): Float64Array {
  const sums = new Float64Array(nRows)
  for (let r = 0; r < nRows; r++) for (let p = indptr[r]; p < indptr[r + 1]; p++) sums[r] += data[p]
  return sums
}

function normalised(matrix: Csr, ofRows: Float64Array, ofCols: Float64Array): Csr {
  const data = new Float32Array(matrix.data.length)
  for (let r = 0; r < matrix.nRows; r++)
    for (let p = matrix.indptr[r]; p < matrix.indptr[r + 1]; p++)
      data[p] = matrix.data[p] / Math.sqrt(ofRows[r] * ofCols[matrix.indices[p]])
  return { ...matrix, data }
}

function trivialDirection(itemSums: Float64Array): Float64Array {
  const total = itemSums.reduce((sum, value) => sum + value, 0)
  return itemSums.map((sum) => (total === 0 ? 0 : Math.sqrt(sum / total)))
}

/** Evenly from [−1, 1): element e is drawn by counter e, whatever the size of the block. */
function fillRandom({ view }: Placed<Float32Array>, memory: WebAssembly.Memory, seed: number): void {
  const kernel = instantiateKernel(memory)
  for (let e = 0; e < view.length; e++) view[e] = 2 * kernel.uniform(e, 0, 0, 0, seed, 0) - 1
}

/** Q ← (Q − t tᵀQ) E D^−½ */
function orthonormalise(q: Float32Array, width: number, trivial: Float64Array): void {
  projectOut(q, width, trivial)
  const { values, vectors } = eigenOf(gram(q, width), width)
  const least = LEAST_SHARE * values[0]
  scaleColumns(vectors, width, (c) => (values[c] > least ? 1 / Math.sqrt(values[c]) : 0))
  q.set(times(q, width, vectors, width))
}

function projectOut(q: Float32Array, width: number, direction: Float64Array): void {
  const along = new Float64Array(width)
  for (let r = 0; r < direction.length; r++) for (let c = 0; c < width; c++) along[c] += direction[r] * q[r * width + c]
  for (let r = 0; r < direction.length; r++) for (let c = 0; c < width; c++) q[r * width + c] -= direction[r] * along[c]
}

/** MᵀM of a row-major matrix, in f64. */
function gram(m: Float32Array, width: number): Float64Array {
  const product = new Float64Array(width * width)
  for (let start = 0; start < m.length; start += width)
    for (let x = 0; x < width; x++) {
      const value = m[start + x]
      for (let y = x; y < width; y++) product[x * width + y] += value * m[start + y]
    }
  for (let x = 0; x < width; x++) for (let y = 0; y < x; y++) product[x * width + y] = product[y * width + x]
  return product
}

function scaleColumns(m: Float64Array, width: number, factor: (column: number) => number): void {
  for (let c = 0; c < width; c++) {
    const by = factor(c)
    for (let r = 0; r < width; r++) m[r * width + c] *= by
  }
}

/** First `kept` columns of m (rows × width) times t (width × width). */
function times(m: Float32Array, width: number, t: Float64Array, kept: number): Float32Array<ArrayBuffer> {
  const rows = m.length / width
  const product = new Float32Array(rows * kept)
  const sums = new Float64Array(kept)
  for (let r = 0; r < rows; r++) {
    sums.fill(0)
    for (let x = 0; x < width; x++) {
      const value = m[r * width + x]
      for (let c = 0; c < kept; c++) sums[c] += value * t[x * width + c]
    }
    product.set(sums, r * kept)
  }
  return product
}

function unitRows(m: Float32Array<ArrayBuffer>, width: number): Float32Array<ArrayBuffer> {
  for (let start = 0; start < m.length; start += width) {
    let squares = 0
    for (let c = 0; c < width; c++) squares += m[start + c] ** 2
    const by = squares < 1e-24 ? 0 : 1 / Math.sqrt(squares)
    for (let c = 0; c < width; c++) m[start + c] *= by
  }
  return m
}
