/**
 * Draws for the simulated shop: Philox4x32-10 of the kernel, keyed by the seed and counted by (stream, a, b, c).
 * A draw depends on what it is for and never on what was drawn before, so shopper 7 behaves alike in a shop of
 * ten shoppers and of a million, and the closed loop sees the truth that wrote the files.
 */
import { instantiateKernel, type KernelExports } from '../../core/native/kernel.ts'

/** What a draw is for. A number never gets a second meaning: old seeds would give another shop. */
export const STREAM = {
  shopper: 1,
  taste: 2,
  item: 3,
  itemVector: 4,
  price: 5,
  promotion: 6,
  depth: 7,
  sessionDay: 8,
  session: 9,
  page: 10,
  pick: 11,
  purchase: 12,
  due: 13,
  dirt: 14,
  visit: 15,
  sample: 16,
} as const
export type Stream = (typeof STREAM)[keyof typeof STREAM]

const WORD = 2 ** 32

export class Random {
  /** The four words of the last block. */
  readonly words: Uint32Array
  private readonly kernel: KernelExports
  private readonly keyLow: number
  private readonly keyHigh: number

  constructor(seed: number) {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
    this.kernel = instantiateKernel(memory)
    this.words = new Uint32Array(memory.buffer, 0, 4)
    this.keyLow = seed % WORD
    this.keyHigh = Math.floor(seed / WORD)
  }

  /** Draws the four words of (stream, a, b, c), each an unsigned 32-bit integer. */
  block(stream: Stream, a: number, b: number, c: number): void {
    this.kernel.philox4x32(a, b, c, stream, this.keyLow, this.keyHigh, 0)
  }

  /** Word `lane` of the last block as a number inside (0, 1). */
  uniform(lane: number): number {
    return (this.words[lane] + 0.5) / WORD
  }

  /** Two words of the last block, `lane` and the one after, as a standard normal number (Box and Muller, 1958). */
  normal(lane: number): number {
    return Math.sqrt(-2 * Math.log(this.uniform(lane))) * Math.cos(2 * Math.PI * this.uniform(lane + 1))
  }

  /** Fills `out`, of even length, with standard normal numbers. */
  normals(stream: Stream, a: number, b: number, out: Float32Array, from: number, count: number): void {
    for (let i = 0; i < count; i += 2) {
      this.block(stream, a, b, i >> 1)
      out[from + i] = this.normal(0)
      out[from + i + 1] = this.normal(2)
    }
  }
}

/** Number of arrivals at rate `mean`, by inversion of the one uniform `u`. Exact for the means of a shop (below 700). */
export function poisson(mean: number, u: number): number {
  let probability = Math.exp(-mean)
  let cumulative = probability
  let count = 0
  while (u > cumulative && probability > 0) {
    count++
    probability *= mean / count
    cumulative += probability
  }
  return count
}
