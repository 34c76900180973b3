/** Rows of an item-item matrix that the kernel fills by source item, k places a row, for all items or for some. */
import { instantiateKernel } from '../../core/native/kernel.ts'
import { type KernelCall, KernelThreads } from '../kernel-threads.ts'
import type { Csr } from '../sparse.ts'
import type { Placed, Workspace } from '../workspace.ts'

/** The call that computes the rows at places from..to-1, with the lane's scratch. */
export type RowsCall = (scratch: number, from: number, to: number) => KernelCall

export class SourceRows {
  readonly nSources: number
  readonly #workspace: Workspace
  readonly #k: number
  readonly #nItems: number
  readonly #sources: Placed<Uint32Array>
  readonly #indices: Placed<Uint32Array>
  readonly #data: Placed<Float32Array>
  readonly #counts: Placed<Uint32Array>

  /** `sources`: distinct items; absent: all. */
  constructor(workspace: Workspace, nItems: number, k: number, sources?: Uint32Array) {
    this.nSources = sources?.length ?? nItems
    this.#workspace = workspace
    this.#k = k
    this.#nItems = nItems
    this.#sources = workspace.u32(this.nSources)
    this.#indices = workspace.u32(this.nSources * k)
    this.#data = workspace.f32(this.nSources * k)
    this.#counts = workspace.u32(this.nSources)
    for (let s = 0; s < this.nSources; s++) this.#sources.view[s] = sources?.[s] ?? s
  }

  sourcesAt(place: number): number {
    return this.#sources.pointer + 4 * place
  }

  /** Where indices, values and counts of the row at `place` go. */
  outputAt(place: number): [indices: number, data: number, counts: number] {
    const row = 4 * place * this.#k
    return [this.#indices.pointer + row, this.#data.pointer + row, this.#counts.pointer + 4 * place]
  }

  /** Computes all rows, a panel of sources a call. `scratchRows`: panel rows of f32 that a call needs. */
  async fill(threads: number, scratchRows: number, call: RowsCall, onDone: (sources: number) => void): Promise<void> {
    const { memory } = this.#workspace
    const panel = instantiateKernel(memory).PANEL.value
    const scratch = Array.from({ length: threads }, () => this.#workspace.f32(panel * scratchRows).pointer)
    const kernel = new KernelThreads(memory, threads)
    try {
      await kernel.blocks(this.nSources, panel, (lane, from, to) => call(scratch[lane], from, to), onDone)
    } finally {
      await kernel.close()
    }
  }

  /** One row for each item, empty where it is no source. */
  packed(): Csr {
    const placeOf = new Int32Array(this.#nItems).fill(-1)
    for (let s = 0; s < this.nSources; s++) placeOf[this.#sources.view[s]] = s
    const indptr = new Uint32Array(this.#nItems + 1)
    for (let item = 0; item < this.#nItems; item++)
      indptr[item + 1] = indptr[item] + (placeOf[item] < 0 ? 0 : this.#counts.view[placeOf[item]])
    const indices = new Uint32Array(indptr[this.#nItems])
    const data = new Float32Array(indptr[this.#nItems])
    for (let item = 0; item < this.#nItems; item++) {
      const start = placeOf[item] * this.#k
      const end = start + indptr[item + 1] - indptr[item]
      if (end <= start) continue
      indices.set(this.#indices.view.subarray(start, end), indptr[item])
      data.set(this.#data.view.subarray(start, end), indptr[item])
    }
    return { nRows: this.#nItems, nCols: this.#nItems, indptr, indices, data }
  }
}
