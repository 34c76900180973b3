/**
 * Item vectors of implicit alternating least squares (Hu, Koren, Volinsky, ICDM 2008), in a basis in which a shopper is folded in
 * at request time from the history alone.
 *
 *   min Σ_ui c_ui (x_u·y_i − r_ui)² + λ (Σ‖x_u‖² + Σ‖y_i‖²),   r_ui = 1 and c_ui = 1 + α for an interaction, else 0 and 1
 *
 * λ is the same for every row, whatever its length. The rows of one side have independent normal equations in the other's
 * vectors, solved by a few conjugate-gradient steps from their last vectors (Takács, Pilászy, Tikk, RecSys 2011). With the
 * history's item vectors as the rows of H and S = YᵀY + λI:
 *
 *   x = (S + α HᵀH)^−1 Hᵀ1 (1 + α),   score_i = y_i · x
 *   ỹ_i = S^−½ y_i,  x̃ = S^½ x:    x̃ = (I + α H̃ᵀH̃)^−1 H̃ᵀ1 (1 + α) = H̃ᵀ (I + α H̃H̃ᵀ)^−1 1 (1 + α),   score_i = ỹ_i · x̃
 *
 * so that what is stored is ỹ alone, and what is solved has as many rows as the history (kernel: foldInAls).
 */
import { instantiateKernel } from '../../core/native/kernel.ts'
import { eigenOf } from '../eigen.ts'
import type { Interactions } from '../histories.ts'
import { KernelThreads } from '../kernel-threads.ts'
import type { Csr } from '../sparse.ts'
import { type Placed, type PlacedCsr, placeCsr, Workspace } from '../workspace.ts'
import { mirrored } from './gram.ts'

const STEPS = 3
const BLOCK_ROWS = 256
const BLOCK_COLUMNS = 16
/** Half the width of the first item vectors' distribution, times √dim. */
const FIRST_LENGTH = 0.1

export interface IalsParameters {
  /** A multiple of 8. */
  dim: number
  /** What an interaction adds to a confidence of 1. */
  alpha: number
  /** λ: above 0. */
  regularization: number
  epochs: number
  seed: number
  threads: number
}

/** ỹ: f32[items, dim]; zero for items without interactions. */
export async function ialsFactors(
  interactions: Interactions,
  parameters: IalsParameters,
  onDone: (epochs: number) => void = () => undefined,
): Promise<Float32Array<ArrayBuffer>> {
  const solver = new Solver(interactions, parameters)
  try {
    for (let epoch = 0; epoch < parameters.epochs; epoch++) {
      await solver.solve(solver.shoppers, solver.items)
      await solver.solve(solver.items, solver.shoppers)
      onDone(epoch + 1)
    }
    return await solver.whitened()
  } finally {
    await solver.close()
  }
}

interface Side {
  nRows: number
  matrix: PlacedCsr
  vectors: Placed<Float32Array>
}

class Solver {
  readonly shoppers: Side
  readonly items: Side
  readonly #parameters: IalsParameters
  /** Gram matrices and rotations: dim × dim. */
  readonly #square: Placed<Float64Array>
  /** S of the side that is fixed. */
  readonly #system: Placed<Float32Array>
  readonly #whitened: Placed<Float32Array>
  readonly #scratch: number[]
  readonly #kernel: KernelThreads

  constructor({ byShopper, byItem }: Interactions, parameters: IalsParameters) {
    const { dim, seed, threads } = parameters
    const workspace = new Workspace()
    this.#parameters = parameters
    this.shoppers = placeSide(workspace, byShopper, dim)
    this.items = placeSide(workspace, byItem, dim)
    this.#square = workspace.f64(dim * dim)
    this.#system = workspace.f32(dim * dim)
    this.#whitened = workspace.f32(byItem.nRows * dim)
    this.#scratch = Array.from({ length: threads }, () => workspace.f32(3 * dim).pointer)
    this.#kernel = new KernelThreads(workspace.memory, threads)
    fillFirst(this.items.vectors.view, dim, workspace.memory, seed)
  }

  close(): Promise<void> {
    return this.#kernel.close()
  }

  /** Improves every vector of `side` while those of `fixed` stand still. */
  async solve(side: Side, fixed: Side): Promise<void> {
    const { dim, alpha } = this.#parameters
    this.#system.view.set(await this.#systemOf(fixed))
    await this.#kernel.blocks(side.nRows, BLOCK_ROWS, (lane, from, to) => ({
      name: 'alsRows',
      args: [
        side.matrix.indptr,
        side.matrix.indices,
        from,
        to,
        fixed.vectors.pointer,
        dim,
        this.#system.pointer,
        alpha,
        STEPS,
        this.#scratch[lane],
        side.vectors.pointer,
      ],
    }))
  }

  /** Y S^−½ */
  async whitened(): Promise<Float32Array<ArrayBuffer>> {
    const { dim } = this.#parameters
    const { nRows, vectors } = this.items
    this.#square.view.set(inverseRoot(await this.#systemOf(this.items), dim))
    await this.#kernel.blocks(nRows, BLOCK_ROWS, (_, from, to) => {
      const at = 4 * from * dim
      return {
        name: 'denseTimesDense',
        args: [vectors.pointer + at, to - from, dim, this.#square.pointer, dim, this.#whitened.pointer + at],
      }
    })
    return new Float32Array(this.#whitened.view)
  }

  /** S = YᵀY + λI */
  async #systemOf({ nRows, vectors }: Side): Promise<Float64Array> {
    const { dim, regularization } = this.#parameters
    await this.#kernel.blocks(dim, BLOCK_COLUMNS, (_, from, to) => ({
      name: 'gramColumns',
      args: [vectors.pointer, nRows, dim, from, to, this.#square.pointer],
    }))
    const system = mirrored(this.#square.view, dim)
    for (let d = 0; d < dim; d++) system[d * dim + d] += regularization
    return system
  }
}

function placeSide(workspace: Workspace, matrix: Csr, dim: number): Side {
  return { nRows: matrix.nRows, matrix: placeCsr(workspace, matrix), vectors: workspace.f32(matrix.nRows * dim) }
}

/** Small even numbers around 0: element e is drawn by counter e. */
function fillFirst(vectors: Float32Array, dim: number, memory: WebAssembly.Memory, seed: number): void {
  const kernel = instantiateKernel(memory)
  const width = FIRST_LENGTH / Math.sqrt(dim)
  for (let e = 0; e < vectors.length; e++) vectors[e] = width * (2 * kernel.uniform(e, 0, 0, 0, seed, 0) - 1)
}

/** S^−½ = E D^−½ Eᵀ */
function inverseRoot(system: Float64Array, n: number): Float64Array {
  const { values, vectors } = eigenOf(system, n)
  const root = new Float64Array(n * n)
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      let sum = 0
      for (let c = 0; c < n; c++) sum += (vectors[row * n + c] * vectors[column * n + c]) / Math.sqrt(values[c])
      root[row * n + column] = sum
    }
  return root
}
