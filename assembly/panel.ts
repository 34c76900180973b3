/**
 * Panels: dense matrices of 32 columns, row after row. The 32 sums of a row stay in registers while its non-zeros are read,
 * and two panels of a catalogue stay in the cache. A column never meets another, so what it holds does not depend on which
 * columns stand beside it.
 */
import { expectArray, expectIndex, expectRow } from './contract'
import { heapPush, heapReplaceRoot, keyOf, NO_KEY, rootKey } from './heap'

export const PANEL: u32 = 32
/** Bytes of a row. */
export const PANEL_BYTES: usize = 128

/** The least f32 above 0: what a score must reach before a row is full. */
const LEAST: f32 = f32.MIN_VALUE

/**
 * out f32[nRows, 32] = (add ? out : 0) + CSR rows × dense f32[*, 32]; each sum runs over the non-zeros in stored order.
 */
export function sparseTimesPanel(
  indptr: usize,
  indices: usize,
  data: usize,
  nRows: u32,
  dense: usize,
  out: usize,
  add: bool,
): void {
  expectArray(out, nRows * PANEL, 4)
  let start = load<u32>(indptr)
  for (let row: u32 = 0; row < nRows; row++) {
    const end = load<u32>(indptr + ((<usize>row) << 2), 4)
    expectRow(start, end, indices, data)
    const from = indices + ((<usize>start) << 2)
    sumRow(from, indices + ((<usize>end) << 2), data - indices, dense, out + <usize>row * PANEL_BYTES, add)
    start = end
  }
}

/** One row; the value of the index at `at` lies at at + toData. */
function sumRow(at: usize, end: usize, toData: usize, dense: usize, out: usize, add: bool): void {
  const old = add ? ~0 : 0
  const mask = i32x4.splat(old)
  let s0 = v128.and(mask, v128.load(out))
  let s1 = v128.and(mask, v128.load(out, 16))
  let s2 = v128.and(mask, v128.load(out, 32))
  let s3 = v128.and(mask, v128.load(out, 48))
  let s4 = v128.and(mask, v128.load(out, 64))
  let s5 = v128.and(mask, v128.load(out, 80))
  let s6 = v128.and(mask, v128.load(out, 96))
  let s7 = v128.and(mask, v128.load(out, 112))
  for (; at < end; at += 4) {
    const term = dense + <usize>load<u32>(at) * PANEL_BYTES
    expectArray(term, PANEL, 4)
    const value = v128.load32_splat(at + toData)
    s0 = f32x4.add(s0, f32x4.mul(value, v128.load(term)))
    s1 = f32x4.add(s1, f32x4.mul(value, v128.load(term, 16)))
    s2 = f32x4.add(s2, f32x4.mul(value, v128.load(term, 32)))
    s3 = f32x4.add(s3, f32x4.mul(value, v128.load(term, 48)))
    s4 = f32x4.add(s4, f32x4.mul(value, v128.load(term, 64)))
    s5 = f32x4.add(s5, f32x4.mul(value, v128.load(term, 80)))
    s6 = f32x4.add(s6, f32x4.mul(value, v128.load(term, 96)))
    s7 = f32x4.add(s7, f32x4.mul(value, v128.load(term, 112)))
  }
  v128.store(out, s0)
  v128.store(out, s1, 16)
  v128.store(out, s2, 32)
  v128.store(out, s3, 48)
  v128.store(out, s4, 64)
  v128.store(out, s5, 80)
  v128.store(out, s6, 96)
  v128.store(out, s7, 112)
}

/**
 * The k best positive values of each column c < nColumns of panel f32[nRows, 32], the lowest row on ties, rows ascending,
 * into row c of outIndices u32[., k] and outData f32[., k]; outCounts u32[.] says how many. A value is
 * (panel[r, c] · rowScales[r]) · columnScales[c]; the panel holds the values afterwards.
 * limits f32[32], roots u64[32]: scratch.
 */
export function bestOfPanel(
  panel: usize,
  nRows: u32,
  nColumns: u32,
  rowScales: usize,
  columnScales: usize,
  k: u32,
  limits: usize,
  roots: usize,
  outIndices: usize,
  outData: usize,
  outCounts: usize,
): void {
  memory.fill(outCounts, 0, (<usize>nColumns) << 2)
  for (let c: u32 = 0; c < PANEL; c++) {
    store<f32>(limits + ((<usize>c) << 2), c < nColumns ? LEAST : <f32>Infinity)
    store<u64>(roots + ((<usize>c) << 3), NO_KEY)
  }
  for (let row: u32 = 0; row < nRows; row++) {
    const at = panel + <usize>row * PANEL_BYTES
    scaleRow(at, load<f32>(rowScales + ((<usize>row) << 2)), columnScales)
    for (let c: u32 = 0; c < PANEL; c += 4)
      if (anyReaches(at, limits, c)) offerFour(at, row, c, k, limits, roots, outIndices, outData, outCounts)
  }
  memory.fill(outCounts, 0, (<usize>nColumns) << 2)
  for (let row: u32 = 0; row < nRows; row++) {
    const at = panel + <usize>row * PANEL_BYTES
    for (let c: u32 = 0; c < PANEL; c += 4)
      if (anyReaches(at, limits, c)) listFour(at, row, c, k, limits, roots, outIndices, outData, outCounts)
  }
}

function scaleRow(row: usize, by: f32, columnScales: usize): void {
  const scale = f32x4.splat(by)
  for (let at: usize = 0; at < PANEL_BYTES; at += 16)
    v128.store(row + at, f32x4.mul(f32x4.mul(v128.load(row + at), scale), v128.load(columnScales + at)))
}

function anyReaches(row: usize, limits: usize, column: u32): bool {
  const at = (<usize>column) << 2
  return v128.any_true(f32x4.ge(v128.load(row + at), v128.load(limits + at)))
}

/** Puts those of four columns' values that belong there into the columns' heaps, which lie in the output. */
function offerFour(
  row: usize,
  index: u32,
  column: u32,
  k: u32,
  limits: usize,
  roots: usize,
  outIndices: usize,
  outData: usize,
  outCounts: usize,
): void {
  for (let c = column; c < column + 4; c++) {
    const at = (<usize>c) << 2
    const value = load<f32>(row + at)
    if (!(value >= load<f32>(limits + at))) continue
    const key = keyOf(value, index)
    if (key < load<u64>(roots + 2 * at)) continue
    const heap = at * <usize>k
    const kept = load<u32>(outCounts + at)
    if (kept < k) {
      heapPush(outIndices + heap, outData + heap, kept, key)
      store<u32>(outCounts + at, kept + 1)
      if (kept + 1 < k) continue
    } else heapReplaceRoot(outIndices + heap, outData + heap, k, key)
    const root = rootKey(outIndices + heap, outData + heap)
    store<u64>(roots + 2 * at, root)
    store<f32>(limits + at, scoreOfKey(root))
  }
}

/** Appends those of four columns' values that are in the columns' heaps, of which only the root is known by now. */
function listFour(
  row: usize,
  index: u32,
  column: u32,
  k: u32,
  limits: usize,
  roots: usize,
  outIndices: usize,
  outData: usize,
  outCounts: usize,
): void {
  for (let c = column; c < column + 4; c++) {
    const at = (<usize>c) << 2
    const value = load<f32>(row + at)
    if (!(value >= load<f32>(limits + at)) || keyOf(value, index) < load<u64>(roots + 2 * at)) continue
    const kept = load<u32>(outCounts + at)
    const place = at * <usize>k + ((<usize>kept) << 2)
    store<u32>(outIndices + place, index)
    store<f32>(outData + place, value)
    store<u32>(outCounts + at, kept + 1)
  }
}

/** A positive score, out of its key. */
function scoreOfKey(key: u64): f32 {
  return reinterpret<f32>(<u32>(key >> 32) ^ 0x80000000)
}

/** panel[sources[c], c] = 0. */
export function clearOwn(panel: usize, sources: usize, nSources: u32, nRows: u32): void {
  for (let c: u32 = 0; c < nSources; c++) {
    const source = load<u32>(sources + ((<usize>c) << 2))
    expectIndex(source, nRows)
    store<f32>(panel + <usize>source * PANEL_BYTES + ((<usize>c) << 2), 0)
  }
}
