/**
 * Key → index by open addressing with linear probing, on the XXH64 (seed 0) of the key's bytes.
 * bytes u8[*] holds the keys end to end, key i at offsets[i]..offsets[i + 1]-1 (offsets u32[n + 1]); hashes u64[n];
 * table u32[mask + 1], a power of two larger than n: 0 for an empty slot, else index + 1.
 * A table never holds two equal hashes, so a hash that is found is the only one.
 */
import { COUNT, expect, expectArray, expectIndex } from './contract'
import { hashBytes } from './hash'

/**
 * Fills hashes and table, which is zeroed before. Returns -1, or the index of the second of two keys with equal hashes:
 * a duplicate, or a collision (about n² / 2^65 likely).
 */
export function buildKeyTable(bytes: usize, offsets: usize, n: u32, hashes: usize, table: usize, mask: u32): i32 {
  expectTable(hashes, table, mask)
  expectIndex(n, mask + 1)
  expectArray(offsets, n + 1, 4)
  for (let i: u32 = 0; i < n; i++) {
    const at = offsets + ((<usize>i) << 2)
    const hash = hashBytes(bytes + load<u32>(at), load<u32>(at, 4) - load<u32>(at), 0)
    const slot = slotOf(hash, hashes, table, mask)
    if (load<u32>(slot) != 0) return i
    store<u64>(hashes + ((<usize>i) << 3), hash)
    store<u32>(slot, i + 1)
  }
  return -1
}

/** Index of the key whose hash is high · 2^32 + low, or -1. */
export function findHash(low: u32, high: u32, hashes: usize, table: usize, mask: u32): i32 {
  expectTable(hashes, table, mask)
  return indexOf(((<u64>high) << 32) | <u64>low, hashes, table, mask)
}

/** out i32[n] = index of each hash of queries u64[n], or -1. */
export function findHashes(queries: usize, n: u32, hashes: usize, table: usize, mask: u32, out: usize): void {
  expectTable(hashes, table, mask)
  expectArray(queries, n, 8)
  expectArray(out, n, 4)
  for (let i: u32 = 0; i < n; i++)
    store<i32>(out + ((<usize>i) << 2), indexOf(load<u64>(queries + ((<usize>i) << 3)), hashes, table, mask))
}

/** Index of the key u8[length], compared byte by byte, or -1. */
export function findKey(
  key: usize,
  length: u32,
  bytes: usize,
  offsets: usize,
  hashes: usize,
  table: usize,
  mask: u32,
): i32 {
  expectTable(hashes, table, mask)
  const index = indexOf(hashBytes(key, length, 0), hashes, table, mask)
  if (index < 0) return -1
  const at = offsets + ((<usize>index) << 2)
  const start = load<u32>(at)
  return load<u32>(at, 4) - start == length && memory.compare(bytes + start, key, length) == 0 ? index : -1
}

function indexOf(hash: u64, hashes: usize, table: usize, mask: u32): i32 {
  return <i32>load<u32>(slotOf(hash, hashes, table, mask)) - 1
}

/** The slot that holds `hash`, or the empty one where it belongs. */
function slotOf(hash: u64, hashes: usize, table: usize, mask: u32): usize {
  let probe = <u32>hash & mask
  let slot = table + ((<usize>probe) << 2)
  let held = load<u32>(slot)
  while (held != 0 && load<u64>(hashes + ((<usize>(held - 1)) << 3)) != hash) {
    probe = (probe + 1) & mask
    slot = table + ((<usize>probe) << 2)
    held = load<u32>(slot)
  }
  return slot
}

function expectTable(hashes: usize, table: usize, mask: u32): void {
  expectArray(hashes, 0, 8)
  expectArray(table, mask, 4)
  if (!ASC_NO_ASSERT) expect((mask & (mask + 1)) == 0, COUNT, <f64>mask)
}
