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

/** Adds one row; returns the end of the touched list. */
function accumulateRow(weight: f32, start: u32, end: u32, indices: usize, data: usize, acc: usize, top: usize): usize {
  let index = indices + ((<usize>start) << 2)
  const last = indices + ((<usize>end) << 2)
  const toData = data - indices
  for (; index < last; index += 4) {
    const column = load<u32>(index)
    const cell = acc + ((<usize>column) << 2)
    expectArray(cell, 1, 4)
    const before = load<f32>(cell)
    store<f32>(cell, before + (weight * load<f32>(index + toData) + <f32>0.0))
    // No branch: every column is written, only a new one is kept. Whether it is new cannot be foreseen.
    store<u32>(top, column)
    top += (<usize>(reinterpret<u32>(before) == UNTOUCHED)) << 2
  }
  return top
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
  if (start == end) return 0
  let low = start
  for (let length = end - start; length > 1; ) {
    // No branch: which half holds it is a coin toss, and a wrong guess costs more than the load.
    const half = length >>> 1
    low = select<u32>(low + half, low, load<u32>(indices + ((<usize>(low + half)) << 2)) <= column)
    length -= half
  }
  if (load<u32>(indices + ((<usize>low) << 2)) != column) return 0
  return load<f32>(data + ((<usize>low) << 2))
}
