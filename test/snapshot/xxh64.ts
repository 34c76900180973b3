/** XXH64 (Collet), seed 0, for keys under 32 bytes, in big integers as the specification is written. */

const MASK = 0xffff_ffff_ffff_ffffn
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

export function xxh64(bytes: Buffer): bigint {
  let hash = (P5 + BigInt(bytes.length)) & MASK
  let at = 0
  for (; at + 8 <= bytes.length; at += 8) {
    const word = (rotate((bytes.readBigUInt64LE(at) * P2) & MASK, 31n) * P1) & MASK
    hash = (rotate(hash ^ word, 27n) * P1 + P4) & MASK
  }
  if (at + 4 <= bytes.length) {
    hash = (rotate(hash ^ ((BigInt(bytes.readUInt32LE(at)) * P1) & MASK), 23n) * P2 + P3) & MASK
    at += 4
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]) * P5) & MASK), 11n) * P1) & MASK
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK
  return hash ^ (hash >> 32n)
}

function rotate(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (64n - bits))) & MASK
}
