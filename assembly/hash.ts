/**
 * XXH64, the hash of keys and of hold-outs.
 * Y. Collet: xxHash fast digest algorithm, specification 0.1.1, section "XXH64 algorithm description".
 */
import { expectArray } from './contract'

const PRIME_1: u64 = 0x9e3779b185ebca87
const PRIME_2: u64 = 0xc2b2ae3d27d4eb4f
const PRIME_3: u64 = 0x165667b19e3779f9
const PRIME_4: u64 = 0x85ebca77c2b2ae63
const PRIME_5: u64 = 0x27d4eb2f165667c5

/** out u32[2] (low, high) = XXH64 of bytes u8[length] under the seed seedHigh · 2^32 + seedLow. */
export function xxh64(bytes: usize, length: u32, seedLow: u32, seedHigh: u32, out: usize): void {
  expectArray(out, 2, 4)
  store<u64>(out, hashBytes(bytes, length, ((<u64>seedHigh) << 32) | <u64>seedLow))
}

export function hashBytes(bytes: usize, length: u32, seed: u64): u64 {
  expectArray(bytes, length, 1)
  const stripes = length & ~31
  let hash = length >= 32 ? hashStripes(bytes, bytes + stripes, seed) : seed + PRIME_5
  hash = hashTail(hash + <u64>length, bytes + stripes, bytes + length)
  return avalanche(hash)
}

/** Four lanes of 8 bytes each, merged into one. */
function hashStripes(at: usize, end: usize, seed: u64): u64 {
  let a = seed + PRIME_1 + PRIME_2
  let b = seed + PRIME_2
  let c = seed
  let d = seed - PRIME_1
  for (; at < end; at += 32) {
    a = round(a, load<u64>(at))
    b = round(b, load<u64>(at, 8))
    c = round(c, load<u64>(at, 16))
    d = round(d, load<u64>(at, 24))
  }
  const merged = rotl<u64>(a, 1) + rotl<u64>(b, 7) + rotl<u64>(c, 12) + rotl<u64>(d, 18)
  return merge(merge(merge(merge(merged, a), b), c), d)
}

/** The last 0 to 31 bytes. */
function hashTail(hash: u64, at: usize, end: usize): u64 {
  for (; at + 8 <= end; at += 8) hash = rotl<u64>(hash ^ round(0, load<u64>(at)), 27) * PRIME_1 + PRIME_4
  if (at + 4 <= end) {
    hash = rotl<u64>(hash ^ (<u64>load<u32>(at) * PRIME_1), 23) * PRIME_2 + PRIME_3
    at += 4
  }
  for (; at < end; at++) hash = rotl<u64>(hash ^ (<u64>load<u8>(at) * PRIME_5), 11) * PRIME_1
  return hash
}

function round(lane: u64, input: u64): u64 {
  return rotl<u64>(lane + input * PRIME_2, 31) * PRIME_1
}

function merge(hash: u64, lane: u64): u64 {
  return (hash ^ round(0, lane)) * PRIME_1 + PRIME_4
}

function avalanche(hash: u64): u64 {
  hash = (hash ^ (hash >> 33)) * PRIME_2
  hash = (hash ^ (hash >> 29)) * PRIME_3
  return hash ^ (hash >> 32)
}
