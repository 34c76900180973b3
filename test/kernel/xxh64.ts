/** XXH64 (Collet) in big integers, as the specification is written: any length, any seed. */

const MASK = 0xffff_ffff_ffff_ffffn
const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

export function xxh64(bytes: Uint8Array, seed = 0n): bigint {
  const lanes = [seed + P1 + P2, seed + P2, seed, seed - P1].map((lane) => lane & MASK)
  const whole = bytes.length - (bytes.length % 32)
  for (let at = 0; at < whole; at += 8) lanes[(at / 8) % 4] = round(lanes[(at / 8) % 4], little(bytes, at, 8))
  let hash = whole === 0 ? (seed + P5) & MASK : merged(lanes)
  hash = (hash + BigInt(bytes.length)) & MASK
  return avalanche(tail(hash, bytes, whole))
}

function merged(lanes: bigint[]): bigint {
  const turns = [1n, 7n, 12n, 18n]
  let hash = lanes.reduce((sum, lane, i) => sum + rotate(lane, turns[i]), 0n) & MASK
  for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK
  return hash
}

function tail(hash: bigint, bytes: Uint8Array, at: number): bigint {
  const left = bytes.length - at
  if (left >= 8) return tail((rotate(hash ^ round(0n, little(bytes, at, 8)), 27n) * P1 + P4) & MASK, bytes, at + 8)
  if (left >= 4) return tail((rotate(hash ^ ((little(bytes, at, 4) * P1) & MASK), 23n) * P2 + P3) & MASK, bytes, at + 4)
  if (left >= 1) return tail((rotate(hash ^ ((little(bytes, at, 1) * P5) & MASK), 11n) * P1) & MASK, bytes, at + 1)
  return hash
}

function avalanche(hash: bigint): bigint {
  const once = ((hash ^ (hash >> 33n)) * P2) & MASK
  const twice = ((once ^ (once >> 29n)) * P3) & MASK
  return twice ^ (twice >> 32n)
}

function round(lane: bigint, input: bigint): bigint {
  return (rotate((lane + input * P2) & MASK, 31n) * P1) & MASK
}

function rotate(word: bigint, bits: bigint): bigint {
  return ((word << bits) | (word >> (64n - bits))) & MASK
}

function little(bytes: Uint8Array, at: number, width: number): bigint {
  let value = 0n
  for (let i = width - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i])
  return value
}
