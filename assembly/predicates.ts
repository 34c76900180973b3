/**
 * A filter as predicates on an item's own columns, so that it is asked of the items that come into question and not of the
 * whole catalogue. An item meets it when it meets every predicate.
 *
 * predicates u32[4 · (count + 1)]: a kind, a column and two arguments each; the last kind is END.
 *
 *   CODES   column u32[n], wanted: bitmap, nCodes     the code is below nCodes and its bit is set
 *   RANGE   column i32[n], lowest i32, highest i32    lowest <= value <= highest
 *   BITS    bitmap of n bits                          the bit is set
 */
import { bitIsSet } from './bitmap'
import { expect, expectArray, INDEX } from './contract'

const END: u32 = 0
export const PREDICATE_CODES: u32 = 1
export const PREDICATE_RANGE: u32 = 2
export const PREDICATE_BITS: u32 = 3
const PREDICATE_BYTES: usize = 16

/** Whether an item of n meets all predicates. */
export function meetsAll(predicates: usize, index: u32): bool {
  for (let at = predicates; load<u32>(at) != END; at += PREDICATE_BYTES) if (!meets(at, index)) return false
  return true
}

/**
 * Keeps the items of a list that meet all predicates, and returns their end. One predicate after the other and without a branch,
 * so that the waits for their columns overlap and nothing has to be foreseen.
 */
export function keepMeeting(from: usize, end: usize, predicates: usize): usize {
  if (predicates == 0) return end
  for (let at = predicates; load<u32>(at) != END; at += PREDICATE_BYTES) {
    const kind = load<u32>(at)
    const column = <usize>load<u32>(at, 4)
    if (kind == PREDICATE_BITS) end = keepBits(from, end, column)
    else if (kind == PREDICATE_RANGE) end = keepRange(from, end, column, load<i32>(at, 8), load<i32>(at, 12))
    else end = keepCodes(from, end, column, <usize>load<u32>(at, 8), load<u32>(at, 12))
  }
  return end
}

/** Keeps the items of a list that are in a bitmap, and returns their end. */
export function keepBits(from: usize, end: usize, bitmap: usize): usize {
  let top = from
  for (let at = from; at < end; at += 4) {
    const index = load<u32>(at)
    store<u32>(top, index)
    top += (<usize>bitIsSet(bitmap, index)) << 2
  }
  return top
}

function keepRange(from: usize, end: usize, column: usize, lowest: i32, highest: i32): usize {
  let top = from
  for (let at = from; at < end; at += 4) {
    const index = load<u32>(at)
    const value = load<i32>(column + ((<usize>index) << 2))
    store<u32>(top, index)
    top += (<usize>(<u32>(value >= lowest) & <u32>(value <= highest))) << 2
  }
  return top
}

function keepCodes(from: usize, end: usize, column: usize, wanted: usize, nCodes: u32): usize {
  let top = from
  for (let at = from; at < end; at += 4) {
    const index = load<u32>(at)
    const code = load<u32>(column + ((<usize>index) << 2))
    const isKnown = code < nCodes
    store<u32>(top, index)
    top += (<usize>(<u32>isKnown & <u32>bitIsSet(wanted, select<u32>(code, 0, isKnown)))) << 2
  }
  return top
}

/** Bit i of out, a bitmap of n bits: item i meets all predicates. */
export function bitmapFromPredicates(predicates: usize, n: u32, out: usize): void {
  expectPredicates(predicates, n)
  expectArray(out, (n + 31) >>> 5, 4)
  for (let from: u32 = 0; from < n; from += 32) {
    let left: u32 = n - from < 32 ? (1 << (n - from)) - 1 : 0xffffffff
    for (let at = predicates; left != 0 && load<u32>(at) != END; at += PREDICATE_BYTES) left = meeting(at, from, left)
    store<u32>(out + ((<usize>(from >>> 5)) << 2), left)
  }
}

/** The bits of `left` whose items, counted from `from`, meet one predicate. */
function meeting(predicate: usize, from: u32, left: u32): u32 {
  let met: u32 = 0
  for (let rest = left; rest != 0; rest &= rest - 1) {
    const bit = <u32>ctz<u32>(rest)
    met |= (<u32>meets(predicate, from + bit)) << bit
  }
  return met
}

function meets(predicate: usize, index: u32): bool {
  const kind = load<u32>(predicate)
  const column = <usize>load<u32>(predicate, 4)
  if (kind == PREDICATE_BITS) return bitIsSet(column, index)
  const at = column + ((<usize>index) << 2)
  if (kind == PREDICATE_RANGE) {
    const value = load<i32>(at)
    return value >= load<i32>(predicate, 8) && value <= load<i32>(predicate, 12)
  }
  const code = load<u32>(at)
  return code < load<u32>(predicate, 12) && bitIsSet(<usize>load<u32>(predicate, 8), code)
}

/** Kinds are known and columns lie in memory; 0: there are no predicates. */
export function expectPredicates(predicates: usize, n: u32): void {
  if (ASC_NO_ASSERT || predicates == 0) return
  for (let at = predicates; ; at += PREDICATE_BYTES) {
    expectArray(at, 4, 4)
    const kind = load<u32>(at)
    if (kind == END) return
    expect(kind <= PREDICATE_BITS, INDEX, <f64>kind)
    expectArray(<usize>load<u32>(at, 4), kind == PREDICATE_BITS ? (n + 31) >>> 5 : n, 4)
    if (kind == PREDICATE_CODES) expectArray(<usize>load<u32>(at, 8), (load<u32>(at, 12) + 31) >>> 5, 4)
  }
}
