/**
 * Philox4x32-10, a counter-based generator: the same counter and key give the same numbers on any machine and in any
 * order, so a draw is replayed from what names it.
 * J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw: Parallel Random Numbers: As Easy as 1, 2, 3. SC'11.
 */
import { expectArray } from './contract'

/** out u32[4] = block of counter (c0, c1, c2, c3) under key (k0, k1). */
export function philox4x32(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32, out: usize): void {
  expectArray(out, 4, 4)
  v128.store(out, philox(words(c0, c1, c2, c3), words(k0, 0, k1, 0)))
}

/** Uniform in [0, 1): upper 27 bits of the block's first word, then upper 26 of its second, over 2^53. */
export function uniform(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32): f64 {
  const block = philox(words(c0, c1, c2, c3), words(k0, 0, k1, 0))
  const high = <u64>(<u32>i32x4.extract_lane(block, 0) >>> 5)
  const low = <u64>(<u32>i32x4.extract_lane(block, 1) >>> 6)
  return <f64>((high << 26) | low) * (1.0 / 9007199254740992.0)
}

/**
 * Ten rounds. With (hi, lo) the halves of a 64-bit product, a round is
 * (x0, x1, x2, x3) → (hi(M1·x2) ^ x1 ^ k0, lo(M1·x2), hi(M0·x0) ^ x3 ^ k1, lo(M0·x0)), and the key grows by (W0, W1).
 */
function philox(counter: v128, key: v128): v128 {
  const multipliers = words(0xd2511f53, 0xcd9e8d57, 0, 0)
  const weyl = words(0x9e3779b9, 0, 0xbb67ae85, 0)
  const zero = i32x4.splat(0)
  for (let round = 0; round < 10; round++) {
    const products = i64x2.extmul_low_i32x4_u(v128.shuffle<u32>(counter, counter, 0, 2, 0, 2), multipliers)
    const crossed = v128.shuffle<u32>(products, products, 3, 2, 1, 0)
    const odd = v128.shuffle<u32>(counter, zero, 1, 4, 3, 4)
    counter = v128.xor(v128.xor(crossed, odd), key)
    key = i32x4.add(key, weyl)
  }
  return counter
}

function words(a: u32, b: u32, c: u32, d: u32): v128 {
  return i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(a), 1, b), 2, c), 3, d)
}
