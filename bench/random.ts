/** Draws for the benchmarks, from a seed: xoshiro128** (Blackman, Vigna, ACM TOMS 2021), one word a draw. */

export class Random {
  readonly #s: Uint32Array

  constructor(seed: number) {
    this.#s = Uint32Array.from({ length: 4 }, (_, i) => mixed(seed + i))
  }

  /** In [0, 1). */
  uniform(): number {
    const s = this.#s
    const result = Math.imul(rotated(Math.imul(s[1], 5), 7), 9) >>> 0
    const t = s[1] << 9
    s[2] ^= s[0]
    s[3] ^= s[1]
    s[1] ^= s[2]
    s[0] ^= s[3]
    s[2] ^= t
    s[3] = rotated(s[3], 11)
    return result / 2 ** 32
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /**
   * A rank in [0, n), P(rank) about proportional to (rank + 1)^−exponent, by inversion of the continuous density.
   * `exponent` is not 1.
   */
  zipf(n: number, exponent: number): number {
    const power = 1 - exponent
    return Math.floor((1 + this.uniform() * ((n + 1) ** power - 1)) ** (1 / power)) - 1
  }
}

const rotated = (x: number, by: number) => (x << by) | (x >>> (32 - by))

/** The finaliser of MurmurHash3 on a Weyl sequence: neighbouring seeds give unlike states, none all zero in practice. */
function mixed(seed: number): number {
  let x = Math.imul(seed + 1, 0x9e3779b9)
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return x ^ (x >>> 16)
}

/**
 * A bijection of [0, n) that spreads neighbouring ranks all over it, so that what is popular does not lie side by side
 * in memory: multiples of a stride near n times the golden ratio. Products stay exact up to n = 10⁷.
 */
export function scatter(n: number): (rank: number) => number {
  let stride = Math.max(1, Math.floor(n * 0.6180339887))
  while (commonDivisor(stride, n) !== 1) stride++
  return (rank) => (rank * stride) % n
}

function commonDivisor(a: number, b: number): number {
  return b === 0 ? a : commonDivisor(b, a % b)
}
