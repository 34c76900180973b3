/**
 * Truncated singular value decomposition of the normalised interactions N (normalised.ts) by randomised block power
 * iteration (Halko, Martinsson, Tropp, SIAM Review 53(2), 2011):
 *
 *   Q ← orth(Ω);   repeat: Q ← orth((NᵀN)^s Q);   B = N Q;   BᵀB = U Λ Uᵀ;   V = Q U
 *
 * N's trivial pair, singular value 1 and popularity alone, is projected out: V holds the vectors that follow it. Columns
 * are made orthonormal by their Gram matrix G = E D Eᵀ, Q ← Q E D^−½; directions with D below 1e-10 of the largest are
 * dropped, which leaves zero columns where the data has less rank than asked.
 */
import { instantiateKernel } from '../../core/native/kernel.ts'
import { type Eigen, eigenOf } from '../eigen.ts'
import { KernelThreads } from '../kernel-threads.ts'
import { type Placed, type PlacedCsr, placeCsr, Workspace } from '../workspace.ts'
import { mirrored } from './gram.ts'
import { type Normalised, trivialDirection } from './normalised.ts'

/** Columns iterated beyond those kept: they take up what the cut-off directions leave. */
const OVERSAMPLING = 8
/** The kernel's dense products work on whole tiles. */
const TILE = 8
const BLOCK_ROWS = 1024
const BLOCK_COLUMNS = 16
const LEAST_SHARE = 1e-10

export interface SingularParameters {
  dim: number
  powerIterations: number
  /** s: products between two orthonormalisations, which cost several times as much when V is wide. */
  powersPerIteration: number
  seed: number
  threads: number
}

export interface SingularVectors {
  /** V: f32[items, dim], columns orthonormal or zero. */
  vectors: Float32Array<ArrayBuffer>
  /** Λ: the squared singular values, descending. */
  values: Float64Array
}

export async function singularVectors(
  interactions: Normalised,
  { dim, powerIterations, powersPerIteration, seed, threads }: SingularParameters,
  onDone: (iterations: number) => void,
): Promise<SingularVectors> {
  const workspace = new Workspace()
  const width = wholeTiles(dim + OVERSAMPLING)
  const basis = new Basis(workspace, interactions, width, threads)
  try {
    fillRandom(basis.q, workspace.memory, seed)
    await basis.orthonormalise()
    for (let iteration = 0; iteration < powerIterations; iteration++) {
      for (let power = 0; power < powersPerIteration; power++) await basis.multiplyByGram()
      await basis.orthonormalise()
      onDone(iteration + 1)
    }
    // Once more: what rounding left of the last round.
    await basis.orthonormalise()
    const { values, vectors } = await basis.eigenOfImage()
    return { vectors: await basis.rotated(vectors, dim), values: values.slice(0, dim) }
  } finally {
    await basis.close()
  }
}

/** Q f32[items, width], and what its products need. */
class Basis {
  readonly q: Placed<Float32Array>
  /** N Q. */
  readonly #image: Placed<Float32Array>
  /** Where a product that cannot be made in place is written first. */
  readonly #product: Placed<Float32Array>
  readonly #square: Placed<Float64Array>
  readonly #width: number
  readonly #n: PlacedCsr
  readonly #transposed: PlacedCsr
  readonly #trivial: Float64Array
  readonly #kernel: KernelThreads

  constructor(workspace: Workspace, interactions: Normalised, width: number, threads: number) {
    const { byShopper, byItem } = interactions
    this.#width = width
    this.#n = placeCsr(workspace, byShopper)
    this.#transposed = placeCsr(workspace, byItem)
    this.q = workspace.f32(byItem.nRows * width)
    this.#product = workspace.f32(byItem.nRows * width)
    this.#image = workspace.f32(byShopper.nRows * width)
    this.#square = workspace.f64(width * width)
    this.#trivial = trivialDirection(interactions)
    this.#kernel = new KernelThreads(workspace.memory, threads)
  }

  close(): Promise<void> {
    return this.#kernel.close()
  }

  /** Q ← Nᵀ N Q */
  async multiplyByGram(): Promise<void> {
    await this.#sparseTimes(this.#n, this.q, this.#image)
    await this.#sparseTimes(this.#transposed, this.#image, this.q)
  }

  /** Q ← (Q − t tᵀQ) E D^−½ */
  async orthonormalise(): Promise<void> {
    projectOut(this.q.view, this.#width, this.#trivial)
    const { values, vectors } = await this.#eigenOfGram(this.q)
    const least = LEAST_SHARE * values[0]
    scaleColumns(vectors, this.#width, (c) => (values[c] > least ? 1 / Math.sqrt(values[c]) : 0))
    this.q.view.set(await this.rotated(vectors, this.#width))
  }

  /** Of (N Q)ᵀ N Q. */
  async eigenOfImage(): Promise<Eigen> {
    await this.#sparseTimes(this.#n, this.q, this.#image)
    return this.#eigenOfGram(this.#image)
  }

  /** First `kept` columns of Q times rotation f64[width, width]. */
  async rotated(rotation: Float64Array, kept: number): Promise<Float32Array<ArrayBuffer>> {
    const width = this.#width
    const rows = this.q.view.length / width
    this.#square.view.set(rotation)
    await this.#kernel.blocks(rows, BLOCK_ROWS, (_, from, to) => {
      const at = 4 * from * width
      return {
        name: 'denseTimesDense',
        args: [this.q.pointer + at, to - from, width, this.#square.pointer, width, this.#product.pointer + at],
      }
    })
    return firstColumns(this.#product.view, width, kept)
  }

  async #eigenOfGram(m: Placed<Float32Array>): Promise<Eigen> {
    const width = this.#width
    await this.#kernel.blocks(width, BLOCK_COLUMNS, (_, from, to) => ({
      name: 'gramColumns',
      args: [m.pointer, m.view.length / width, width, from, to, this.#square.pointer],
    }))
    return eigenOf(mirrored(this.#square.view, width), width)
  }

  #sparseTimes(matrix: PlacedCsr, from: Placed<Float32Array>, to: Placed<Float32Array>): Promise<void> {
    const width = this.#width
    return this.#kernel.blocks(to.view.length / width, BLOCK_ROWS, (_, first, last) => ({
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
  }
}

function wholeTiles(columns: number): number {
  return Math.ceil(columns / TILE) * TILE
}

/** Evenly from [−1, 1): element e is drawn by counter e, whatever the size of the block. */
function fillRandom({ view }: Placed<Float32Array>, memory: WebAssembly.Memory, seed: number): void {
  const kernel = instantiateKernel(memory)
  for (let e = 0; e < view.length; e++) view[e] = 2 * kernel.uniform(e, 0, 0, 0, seed, 0) - 1
}

function projectOut(q: Float32Array, width: number, direction: Float64Array): void {
  const along = new Float64Array(width)
  for (let r = 0; r < direction.length; r++) for (let c = 0; c < width; c++) along[c] += direction[r] * q[r * width + c]
  for (let r = 0; r < direction.length; r++) for (let c = 0; c < width; c++) q[r * width + c] -= direction[r] * along[c]
}

function scaleColumns(m: Float64Array, width: number, factor: (column: number) => number): void {
  for (let c = 0; c < width; c++) {
    const by = factor(c)
    for (let r = 0; r < width; r++) m[r * width + c] *= by
  }
}

function firstColumns(m: Float32Array, width: number, kept: number): Float32Array<ArrayBuffer> {
  const rows = m.length / width
  const columns = new Float32Array(rows * kept)
  for (let r = 0; r < rows; r++) columns.set(m.subarray(r * width, r * width + kept), r * kept)
  return columns
}
