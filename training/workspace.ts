/**
 * The shared memory in which a stage's tables lie, so that the kernel runs on them from several threads
 * without a copy. Tables are placed one after the other and live as long as the workspace.
 */
import { OfferwrightError } from '../core/contract/errors.ts'
import type { Csr } from './sparse.ts'

const PAGE_BYTES = 65_536
const MAX_PAGES = 65_536
const ALIGNMENT = 64

/** A table in shared memory: a view of it for JavaScript, its first byte for the kernel. */
export interface Placed<View> {
  pointer: number
  view: View
}

export class Workspace {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true })
  /** Byte 0 stays unused: the kernel reads a zero pointer as "absent". */
  #free = ALIGNMENT

  /** Zeroed, as all below. */
  u8(length: number): Placed<Uint8Array> {
    const pointer = this.#take(length)
    return { pointer, view: new Uint8Array(this.memory.buffer, pointer, length) }
  }

  u32(length: number): Placed<Uint32Array> {
    const pointer = this.#take(length * 4)
    return { pointer, view: new Uint32Array(this.memory.buffer, pointer, length) }
  }

  i32(length: number): Placed<Int32Array> {
    const pointer = this.#take(length * 4)
    return { pointer, view: new Int32Array(this.memory.buffer, pointer, length) }
  }

  f32(length: number): Placed<Float32Array> {
    const pointer = this.#take(length * 4)
    return { pointer, view: new Float32Array(this.memory.buffer, pointer, length) }
  }

  f64(length: number): Placed<Float64Array> {
    const pointer = this.#take(length * 8)
    return { pointer, view: new Float64Array(this.memory.buffer, pointer, length) }
  }

  u64(length: number): Placed<BigUint64Array> {
    const pointer = this.#take(length * 8)
    return { pointer, view: new BigUint64Array(this.memory.buffer, pointer, length) }
  }

  #take(bytes: number): number {
    const pointer = this.#free
    const end = Math.ceil((pointer + bytes) / ALIGNMENT) * ALIGNMENT
    if (end > MAX_PAGES * PAGE_BYTES)
      throw new OfferwrightError('snapshot_too_large', `training tables need ${end} bytes; one memory holds 4 GiB`, {
        field: 'bytes',
        value: end,
      })
    const missing = Math.ceil((end - this.memory.buffer.byteLength) / PAGE_BYTES)
    if (missing > 0) this.memory.grow(missing)
    this.#free = end
    return pointer
  }
}

/** Pointers of a matrix in the workspace. */
export interface PlacedCsr {
  indptr: number
  indices: number
  data: number
}

export function placeCsr(workspace: Workspace, matrix: Csr): PlacedCsr {
  const indptr = workspace.u32(matrix.indptr.length)
  const indices = workspace.u32(matrix.indices.length)
  const data = workspace.f32(matrix.data.length)
  indptr.view.set(matrix.indptr)
  indices.view.set(matrix.indices)
  data.view.set(matrix.data)
  return { indptr: indptr.pointer, indices: indices.pointer, data: data.pointer }
}
