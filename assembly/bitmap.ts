/** Sets of indexes as bitmaps: bit i is bit (i & 31) of u32 word (i >> 5). Bits past the last index are zero. */
import { expectArray, expectIndex } from './contract'

export function bitIsSet(bitmap: usize, index: u32): bool {
  return ((load<u32>(bitmap + ((<usize>(index >>> 5)) << 2)) >>> (index & 31)) & 1) == 1
}

/** out = a ∩ b, each u32[nWords]; out may be a or b. */
export function bitmapAnd(a: usize, b: usize, out: usize, nWords: u32): void {
  expectArray(a, nWords, 4)
  expectArray(b, nWords, 4)
  expectArray(out, nWords, 4)
  const bytes = (<usize>nWords) << 2
  const vectorBytes = bytes & ~15
  let at: usize = 0
  for (; at < vectorBytes; at += 16) v128.store(out + at, v128.and(v128.load(a + at), v128.load(b + at)))
  for (; at < bytes; at += 4) store<u32>(out + at, load<u32>(a + at) & load<u32>(b + at))
}

/** out = a ∪ b, each u32[nWords]; out may be a or b. */
export function bitmapOr(a: usize, b: usize, out: usize, nWords: u32): void {
  expectArray(a, nWords, 4)
  expectArray(b, nWords, 4)
  expectArray(out, nWords, 4)
  const bytes = (<usize>nWords) << 2
  const vectorBytes = bytes & ~15
  let at: usize = 0
  for (; at < vectorBytes; at += 16) v128.store(out + at, v128.or(v128.load(a + at), v128.load(b + at)))
  for (; at < bytes; at += 4) store<u32>(out + at, load<u32>(a + at) | load<u32>(b + at))
}

/** out = the indexes below n that are not in a; bitmaps of n bits; out may be a. */
export function bitmapNot(a: usize, n: u32, out: usize): void {
  const nWords = (n + 31) >>> 5
  expectArray(a, nWords, 4)
  expectArray(out, nWords, 4)
  const bytes = (<usize>nWords) << 2
  const vectorBytes = bytes & ~15
  let at: usize = 0
  for (; at < vectorBytes; at += 16) v128.store(out + at, v128.not(v128.load(a + at)))
  for (; at < bytes; at += 4) store<u32>(out + at, ~load<u32>(a + at))
  if ((n & 31) != 0) store<u32>(out + bytes - 4, load<u32>(out + bytes - 4) & ((1 << (n & 31)) - 1))
}

/** Sets the bit of each of indexes u32[count] in out, a bitmap of n bits; the others stay. */
export function bitmapAdd(indexes: usize, count: u32, n: u32, out: usize): void {
  expectArray(indexes, count, 4)
  expectArray(out, (n + 31) >>> 5, 4)
  for (let i: u32 = 0; i < count; i++) {
    const index = load<u32>(indexes + ((<usize>i) << 2))
    expectIndex(index, n)
    const word = out + ((<usize>(index >>> 5)) << 2)
    store<u32>(word, load<u32>(word) | (1 << (index & 31)))
  }
}

/** Bit i is set when lowest <= values[i] <= highest. values f32[n], finite; out: bitmap of n bits. */
export function bitmapFromNumbers(values: usize, n: u32, lowest: f32, highest: f32, out: usize): void {
  expectArray(values, n, 4)
  expectArray(out, (n + 31) >>> 5, 4)
  for (let from: u32 = 0; from < n; from += 32) {
    const count = min<u32>(32, n - from)
    let word: u32 = 0
    for (let bit: u32 = 0; bit < count; bit++) {
      const value = load<f32>(values + ((<usize>(from + bit)) << 2))
      if (value >= lowest && value <= highest) word |= 1 << bit
    }
    store<u32>(out + ((<usize>(from >>> 5)) << 2), word)
  }
}

/**
 * Bit i is set when codes[i] < nCodes and bit codes[i] of `wanted` is set.
 * codes u32[n]; wanted: bitmap of nCodes bits; out: bitmap of n bits.
 */
export function bitmapFromCodes(codes: usize, n: u32, wanted: usize, nCodes: u32, out: usize): void {
  expectArray(codes, n, 4)
  expectArray(wanted, (nCodes + 31) >>> 5, 4)
  expectArray(out, (n + 31) >>> 5, 4)
  for (let from: u32 = 0; from < n; from += 32) {
    const count = min<u32>(32, n - from)
    let word: u32 = 0
    for (let bit: u32 = 0; bit < count; bit++) {
      const code = load<u32>(codes + ((<usize>(from + bit)) << 2))
      if (code < nCodes && bitIsSet(wanted, code)) word |= 1 << bit
    }
    store<u32>(out + ((<usize>(from >>> 5)) << 2), word)
  }
}

/** Bit i is set when lowest <= values[i] <= highest. values i32[n]; out: bitmap of n bits. */
export function bitmapFromRange(values: usize, n: u32, lowest: i32, highest: i32, out: usize): void {
  expectArray(values, n, 4)
  expectArray(out, (n + 31) >>> 5, 4)
  const fullWords = n >>> 5
  for (let word: u32 = 0; word < fullWords; word++)
    store<u32>(out + ((<usize>word) << 2), wordOfRange(values + ((<usize>word) << 7), lowest, highest))
  if ((n & 31) != 0)
    store<u32>(
      out + ((<usize>fullWords) << 2),
      tailOfRange(values + ((<usize>fullWords) << 7), n & 31, lowest, highest),
    )
}

/** 32 values at once. */
function wordOfRange(values: usize, lowest: i32, highest: i32): u32 {
  const low = i32x4.splat(lowest)
  const high = i32x4.splat(highest)
  let word: u32 = 0
  for (let bit: u32 = 0; bit < 32; bit += 4) {
    const four = v128.load(values + ((<usize>bit) << 2))
    word |= i32x4.bitmask(v128.and(i32x4.ge_s(four, low), i32x4.le_s(four, high))) << bit
  }
  return word
}

function tailOfRange(values: usize, count: u32, lowest: i32, highest: i32): u32 {
  let word: u32 = 0
  for (let bit: u32 = 0; bit < count; bit++) {
    const value = load<i32>(values + ((<usize>bit) << 2))
    if (value >= lowest && value <= highest) word |= 1 << bit
  }
  return word
}

/** How many of the first n bits are set. */
export function bitmapCount(bitmap: usize, n: u32): u32 {
  expectArray(bitmap, (n + 31) >>> 5, 4)
  const end = bitmap + ((<usize>((n + 31) >>> 5)) << 2)
  let count: u32 = 0
  for (let at = bitmap; at < end; at += 4) count += <u32>popcnt<u32>(load<u32>(at))
  return count
}

/** out u32[.] = the set bits among the first n, ascending; the caller has room for all. Returns how many. */
export function bitmapIndexes(bitmap: usize, n: u32, out: usize): u32 {
  expectArray(bitmap, (n + 31) >>> 5, 4)
  const words = (n + 31) >>> 5
  let at = out
  for (let word: u32 = 0; word < words; word++) {
    let rest = load<u32>(bitmap + ((<usize>word) << 2))
    while (rest != 0) {
      store<u32>(at, (word << 5) | <u32>ctz<u32>(rest))
      rest &= rest - 1
      at += 4
    }
  }
  return <u32>((at - out) >> 2)
}
