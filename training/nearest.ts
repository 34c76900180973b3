/**
 * The nearest items of each item by the cosine of sparse vectors, in blocks on several threads: `similarityBlock` over one
 * shared memory, for items that share shoppers as for items that share terms. Room for k neighbours of one block a
 * thread, whatever the catalogue's size.
 */
import { KernelThreads } from './kernel-threads.ts'
import { type Csr, stacked } from './sparse.ts'
import { type Placed, placeCsr, Workspace } from './workspace.ts'

/** Targets of one kernel call. */
const BLOCK_ITEMS = 256

export interface NearestTask {
  /** What is shared × items: the items that can be neighbours. */
  rows: Csr
  /** Items × what is shared: the items whose neighbours are wanted; the others' rows are empty. */
  cols: Csr
  /** 1 / ‖vector‖ of each item. */
  inverseNorms: Float64Array
  k: number
  threads: number
}

/**
 * Row i: the k nearest of item i, best first, each with its cosine divided by the row's sum. `finish` may replace a block
 * as it comes, its row 0 being item `from`.
 */
export async function nearestItems(
  { rows, cols, inverseNorms, k, threads }: NearestTask,
  onDone: (items: number) => void,
  finish: (block: Csr, from: number) => Csr = (block) => block,
): Promise<Csr> {
  const nItems = cols.nRows
  const workspace = new Workspace()
  const placedRows = placeCsr(workspace, rows)
  const placedCols = placeCsr(workspace, cols)
  const norms = workspace.f32(nItems)
  norms.view.set(inverseNorms)
  const lanes = Array.from({ length: threads }, () => new Lane(workspace, nItems, k))
  const blocks = new Map<number, Csr>()
  const kernel = new KernelThreads(workspace.memory, threads)
  try {
    await kernel.blocks(
      nItems,
      BLOCK_ITEMS,
      (lane, from, to) => ({
        name: 'similarityBlock',
        args: [
          placedRows.indptr,
          placedRows.indices,
          placedRows.data,
          placedCols.indptr,
          placedCols.indices,
          placedCols.data,
          norms.pointer,
          from,
          to,
          k,
          lanes[lane].sums.pointer,
          lanes[lane].touched.pointer,
          lanes[lane].indices.pointer,
          lanes[lane].data.pointer,
          lanes[lane].counts.pointer,
        ],
      }),
      (done, { lane, from, to }) => {
        blocks.set(from, finish(lanes[lane].packed(to - from), from))
        onDone(done)
      },
    )
  } finally {
    await kernel.close()
  }
  const inOrder = [...blocks].sort(([a], [b]) => a - b)
  return stacked(
    inOrder.map(([, block]) => block),
    nItems,
  )
}

/** 1 / ‖row‖; 0 for a row of zeros. */
export function inverseNormsOf({ nRows, indptr, data }: Csr): Float64Array {
  return Float64Array.from({ length: nRows }, (_, row) => {
    let squares = 0
    for (let p = indptr[row]; p < indptr[row + 1]; p++) squares += data[p] * data[p]
    return squares === 0 ? 0 : 1 / Math.sqrt(squares)
  })
}

/** What one thread works in, and where it leaves a block. */
class Lane {
  readonly sums: Placed<Float32Array>
  readonly touched: Placed<Uint32Array>
  readonly indices: Placed<Uint32Array>
  readonly data: Placed<Float32Array>
  readonly counts: Placed<Uint32Array>
  readonly #nItems: number
  readonly #k: number

  constructor(workspace: Workspace, nItems: number, k: number) {
    this.#nItems = nItems
    this.#k = k
    this.sums = workspace.f32(nItems)
    this.sums.view.fill(-0)
    this.touched = workspace.u32(nItems + 1)
    this.indices = workspace.u32(BLOCK_ITEMS * k)
    this.data = workspace.f32(BLOCK_ITEMS * k)
    this.counts = workspace.u32(BLOCK_ITEMS)
  }

  /** A copy of the block's rows without the gaps of `k` places each. */
  packed(nRows: number): Csr {
    const indptr = new Uint32Array(nRows + 1)
    for (let row = 0; row < nRows; row++) indptr[row + 1] = indptr[row] + this.counts.view[row]
    const indices = new Uint32Array(indptr[nRows])
    const data = new Float32Array(indptr[nRows])
    for (let row = 0; row < nRows; row++) {
      const start = row * this.#k
      const end = start + this.counts.view[row]
      indices.set(this.indices.view.subarray(start, end), indptr[row])
      data.set(this.data.view.subarray(start, end), indptr[row])
    }
    return { nRows, nCols: this.#nItems, indptr, indices, data }
  }
}
