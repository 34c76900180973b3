/**
 * Weighted sum of sparse rows: acc[c] = Σ_r weights[r] · M[rows[r], c], the item-based and the user-based form of
 * collaborative filtering alike.
 *
 * CSR matrix: indptr u32[nRows + 1], indices u32[nnz] ascending within a row, data f32[nnz].
 * An accumulator cell that nothing was added to holds -0.0. Contributions are canonicalised by `+ 0.0`, which turns -0.0
 * into +0.0, and a round-to-nearest sum is -0.0 only when both terms are: a touched cell never reads as untouched again,
 * not even when its contributions cancel. So one load answers "seen before?" and no second array is read.
 */
import { expectArray, expectRow } from './contract'

/** Bits of -0.0. */
export const UNTOUCHED: u32 = 0x80000000

/** Most entries with a wanted mark that are listed before they are added. */
const MARKED: u32 = 2047

/** Entries of a row that are compared at once. */
const SCANNED: u32 = 16

/** In bytes; where lines are longer, some are read twice. */
const CACHE_LINE: usize = 64

/** acc f32[n] = untouched. */
export function fillUntouched(acc: usize, n: u32): void {
  expectArray(acc, n, 4)
  const end = acc + ((<usize>n) << 2)
  const vectorEnd = acc + ((<usize>(n & ~3)) << 2)
  let cell = acc
  for (; cell < vectorEnd; cell += 16) v128.store(cell, i32x4.splat(UNTOUCHED))
  for (; cell < end; cell += 4) store<u32>(cell, UNTOUCHED)
}

/**
 * Adds `weights[r]` times row `rows[r]` for r = 0..nRows-1, in this order, each product rounded to f32, then the sum.
 * rows u32[nRows] may repeat; weights f32[nRows]. Appends each column touched for the first time to `touched`, which holds
 * `nTouched` already and has room for every column and one more. Returns the new number of touched columns.
 */
export function accumulateRows(
  rows: usize,
  weights: usize,
  nRows: u32,
  indptr: usize,
  indices: usize,
  data: usize,
  acc: usize,
  touched: usize,
  nTouched: u32,
): u32 {
  expectArray(rows, nRows, 4)
  expectArray(weights, nRows, 4)
  expectArray(touched, nTouched, 4)
  let top = touched + ((<usize>nTouched) << 2)
  store<u32>(top, fetchRows(rows, nRows, indptr, indices, data))
  for (let r: u32 = 0; r < nRows; r++) {
    const row = indptr + ((<usize>load<u32>(rows + ((<usize>r) << 2))) << 2)
    const start = load<u32>(row)
    const end = load<u32>(row, 4)
    expectRow(start, end, indices, data)
    top = accumulateRow(load<f32>(weights + ((<usize>r) << 2)), start, end, indices, data, acc, top)
  }
  return <u32>((top - touched) >> 2)
}

/**
 * Reads one word of each cache line of all rows. Rows lie far apart; met one by one they cost a wait for the memory each,
 * here those waits overlap. The result means nothing: it has to be used, or the reads would be optimised away.
 */
function fetchRows(rows: usize, nRows: u32, indptr: usize, indices: usize, data: usize): u32 {
  let used: u32 = 0
  for (let r: u32 = 0; r < nRows; r++) {
    const row = indptr + ((<usize>load<u32>(rows + ((<usize>r) << 2))) << 2)
    const last = (<usize>load<u32>(row, 4)) << 2
    for (let at = (<usize>load<u32>(row)) << 2; at < last; at += CACHE_LINE)
      used ^= load<u32>(indices + at) ^ load<u32>(data + at)
  }
  return used
}

/** The same for the marks of all rows. */
function fetchMarks(rows: usize, nRows: u32, indptr: usize, marks: usize): u32 {
  let used: u32 = 0
  for (let r: u32 = 0; r < nRows; r++) {
    const row = indptr + ((<usize>load<u32>(rows + ((<usize>r) << 2))) << 2)
    const last = <usize>load<u32>(row, 4)
    for (let at = <usize>load<u32>(row); at < last; at += CACHE_LINE) used ^= load<u8>(marks + at)
  }
  return used
}

/** Adds one row; returns the end of the touched list. */
function accumulateRow(weight: f32, start: u32, end: u32, indices: usize, data: usize, acc: usize, top: usize): usize {
  let index = indices + ((<usize>start) << 2)
  const last = indices + ((<usize>end) << 2)
  const toData = data - indices
  for (; index < last; index += 4) {
    top = addToCell(acc, load<u32>(index), weight * load<f32>(index + toData), top)
  }
  return top
}

/**
 * As accumulateRows, of the entries alone whose mark is wanted: marks u8[nnz], wanted u8[256] of 0 and 1;
 * scratch u32[2 · (MARKED + 1)]. Marks lie as entries do; each cell that no answer may show would be a wait for the memory.
 */
export function accumulateMarkedRows(
  rows: usize,
  weights: usize,
  nRows: u32,
  indptr: usize,
  indices: usize,
  data: usize,
  marks: usize,
  wanted: usize,
  scratch: usize,
  acc: usize,
  touched: usize,
  nTouched: u32,
): u32 {
  expectArray(rows, nRows, 4)
  expectArray(weights, nRows, 4)
  expectArray(wanted, 256, 1)
  expectArray(scratch, 2 * (MARKED + 1), 4)
  expectArray(touched, nTouched, 4)
  let top = touched + ((<usize>nTouched) << 2)
  store<u32>(top, fetchMarks(rows, nRows, indptr, marks) ^ fetchRows(rows, nRows, indptr, indices, data))
  const full = scratch + ((<usize>MARKED) << 3)
  let listed = scratch
  for (let r: u32 = 0; r < nRows; r++) {
    const row = indptr + ((<usize>load<u32>(rows + ((<usize>r) << 2))) << 2)
    const end = load<u32>(row, 4)
    expectRow(load<u32>(row), end, indices, data)
    expectArray(marks, end, 1)
    const weight = load<f32>(weights + ((<usize>r) << 2))
    for (let from = load<u32>(row); from < end; ) {
      const to = min(end, from + <u32>((full - listed) >> 3))
      listed = listMarked(from, to, weight, marks, wanted, listed)
      from = to
      if (listed < full) continue
      top = accumulateListed(scratch, listed, indices, data, acc, top)
      listed = scratch
    }
  }
  top = accumulateListed(scratch, listed, indices, data, acc, top)
  return <u32>((top - touched) >> 2)
}

/**
 * Appends the places from..to-1 whose mark is wanted, each with the weight, and returns the list's end. Of all rows before any is
 * added: the end of a row's own list could not be foreseen. No branch, for the same reason.
 */
function listMarked(from: u32, to: u32, weight: f32, marks: usize, wanted: usize, listed: usize): usize {
  let top = listed
  for (let place = from; place < to; place++) {
    store<u32>(top, place)
    store<f32>(top, weight, 4)
    top += (<usize>load<u8>(wanted + <usize>load<u8>(marks + <usize>place))) << 3
  }
  return top
}

/** Adds what stands at the listed places; returns the end of the touched list. */
function accumulateListed(list: usize, end: usize, indices: usize, data: usize, acc: usize, top: usize): usize {
  for (let at = list; at < end; at += 8) {
    const place = (<usize>load<u32>(at)) << 2
    top = addToCell(acc, load<u32>(indices + place), load<f32>(at, 4) * load<f32>(data + place), top)
  }
  return top
}

/** Adds to a column's cell; returns the end of the touched list. */
function addToCell(acc: usize, column: u32, value: f32, top: usize): usize {
  const cell = acc + ((<usize>column) << 2)
  expectArray(cell, 1, 4)
  const before = load<f32>(cell)
  store<f32>(cell, before + (value + <f32>0.0))
  // No branch: every column is written, only a new one is kept. Whether it is new cannot be foreseen.
  store<u32>(top, column)
  return top + ((<usize>(reinterpret<u32>(before) == UNTOUCHED)) << 2)
}

/** Makes the listed cells untouched again: the whole accumulator, when the list is the one that was filled with it. */
export function clearTouched(acc: usize, touched: usize, nTouched: u32): void {
  expectArray(touched, nTouched, 4)
  const end = touched + ((<usize>nTouched) << 2)
  for (let at = touched; at < end; at += 4) {
    const cell = acc + ((<usize>load<u32>(at)) << 2)
    expectArray(cell, 1, 4)
    store<u32>(cell, UNTOUCHED)
  }
}

/**
 * Why a column has its score: the position in `rows` whose contribution weights[r] · M[rows[r], column] is largest and
 * positive, the lowest position on ties, -1 if none. Each position counts alone, repeated rows too.
 * shareOut f32: that contribution over the sum (f32, in order) of all positive ones; 0 if none.
 */
export function largestContribution(
  rows: usize,
  weights: usize,
  nRows: u32,
  indptr: usize,
  indices: usize,
  data: usize,
  column: u32,
  shareOut: usize,
): i32 {
  expectArray(shareOut, 1, 4)
  let best: i32 = -1
  let largest: f32 = 0
  let sum: f32 = 0
  for (let r: u32 = 0; r < nRows; r++) {
    const row = indptr + ((<usize>load<u32>(rows + ((<usize>r) << 2))) << 2)
    const value = valueAt(load<u32>(row), load<u32>(row, 4), indices, data, column)
    const contribution = load<f32>(weights + ((<usize>r) << 2)) * value
    if (contribution > 0) sum += contribution
    if (contribution > largest) {
      largest = contribution
      best = r
    }
  }
  store<f32>(shareOut, best < 0 ? <f32>0 : largest / sum)
  return best
}

/** Value of `column` among the non-zeros start..end-1, whose columns ascend; 0 if absent. */
function valueAt(start: u32, end: u32, indices: usize, data: usize, column: u32): f32 {
  expectRow(start, end, indices, data)
  let low = start
  for (let length = end - start; length > SCANNED; ) {
    // No branch: which half holds it is a coin toss, and a wrong guess costs more than the load.
    const half = length >>> 1
    low = select<u32>(low + half, low, load<u32>(indices + ((<usize>(low + half)) << 2)) <= column)
    length -= half
  }
  const found = equalAmong(indices + ((<usize>low) << 2), column)
  // Behind the row another one's columns may have been read, or what lies behind the last.
  const place = low + ctz(found)
  return found != 0 && place < end ? load<f32>(data + ((<usize>place) << 2)) : 0
}

/** Bit i: the i-th of SCANNED numbers is `wanted`. At once, where each further step of a search waits for the step before. */
function equalAmong(numbers: usize, wanted: u32): u32 {
  const each = i32x4.splat(wanted)
  const low = i16x8.narrow_i32x4_s(i32x4.eq(v128.load(numbers), each), i32x4.eq(v128.load(numbers, 16), each))
  const high = i16x8.narrow_i32x4_s(i32x4.eq(v128.load(numbers, 32), each), i32x4.eq(v128.load(numbers, 48), each))
  return <u32>i8x16.bitmask(i8x16.narrow_i16x8_s(low, high))
}
