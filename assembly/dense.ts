/**
 * Dense f32 rows. A dot product is summed in four lanes, lane l taking the dimensions d with d % 4 = l in ascending order,
 * then (lane 0 + lane 1) + (lane 2 + lane 3), then the dim % 4 remaining products one by one.
 */
import { expectArray, expectRow } from './contract'

/**
 * out f32[n]: dot products of query f32[dim] with the rows of rows f32[*, dim] that ids u32[n] lists; ids 0: rows 0..n-1.
 */
export function dotRows(query: usize, rows: usize, dim: u32, ids: usize, n: u32, out: usize): void {
  expectArray(query, dim, 4)
  expectArray(out, n, 4)
  if (ids != 0) expectArray(ids, n, 4)
  const fours = n & ~3
  let i: u32 = 0
  for (; i < fours; i += 4) {
    const a = rowOf(rows, dim, ids, i)
    const b = rowOf(rows, dim, ids, i + 1)
    const c = rowOf(rows, dim, ids, i + 2)
    const d = rowOf(rows, dim, ids, i + 3)
    dotFour(query, a, b, c, d, dim, out + ((<usize>i) << 2))
  }
  for (; i < n; i++) store<f32>(out + ((<usize>i) << 2), dot(query, rowOf(rows, dim, ids, i), dim))
}

function rowOf(rows: usize, dim: u32, ids: usize, i: u32): usize {
  const id = ids == 0 ? i : load<u32>(ids + ((<usize>i) << 2))
  const row = rows + <usize>id * ((<usize>dim) << 2)
  expectArray(row, dim, 4)
  return row
}

/** Four rows side by side: the sums do not wait for each other. */
function dotFour(query: usize, a: usize, b: usize, c: usize, d: usize, dim: u32, out: usize): void {
  const vectorBytes = (<usize>(dim & ~3)) << 2
  let sumA = f32x4.splat(0)
  let sumB = f32x4.splat(0)
  let sumC = f32x4.splat(0)
  let sumD = f32x4.splat(0)
  for (let at: usize = 0; at < vectorBytes; at += 16) {
    const q = v128.load(query + at)
    sumA = f32x4.add(sumA, f32x4.mul(q, v128.load(a + at)))
    sumB = f32x4.add(sumB, f32x4.mul(q, v128.load(b + at)))
    sumC = f32x4.add(sumC, f32x4.mul(q, v128.load(c + at)))
    sumD = f32x4.add(sumD, f32x4.mul(q, v128.load(d + at)))
  }
  store<f32>(out, finish(sumA, query, a, dim))
  store<f32>(out, finish(sumB, query, b, dim), 4)
  store<f32>(out, finish(sumC, query, c, dim), 8)
  store<f32>(out, finish(sumD, query, d, dim), 12)
}

export function dot(query: usize, row: usize, dim: u32): f32 {
  const vectorBytes = (<usize>(dim & ~3)) << 2
  let sum = f32x4.splat(0)
  for (let at: usize = 0; at < vectorBytes; at += 16)
    sum = f32x4.add(sum, f32x4.mul(v128.load(query + at), v128.load(row + at)))
  return finish(sum, query, row, dim)
}

/** The four lanes, then the dimensions past the last whole vector. */
function finish(lanes: v128, query: usize, row: usize, dim: u32): f32 {
  let sum =
    f32x4.extract_lane(lanes, 0) +
    f32x4.extract_lane(lanes, 1) +
    (f32x4.extract_lane(lanes, 2) + f32x4.extract_lane(lanes, 3))
  for (let d = dim & ~3; d < dim; d++) {
    const at = (<usize>d) << 2
    sum += load<f32>(query + at) * load<f32>(row + at)
  }
  return sum
}

/**
 * out f32[toRow - fromRow, dim] = rows fromRow..toRow-1 of a CSR matrix times dense f32[nCols, dim].
 * data 0: every stored value is 1. Each sum runs over the row's non-zeros in stored order, from 0.
 */
export function sparseTimesDense(
  indptr: usize,
  indices: usize,
  data: usize,
  fromRow: u32,
  toRow: u32,
  dense: usize,
  dim: u32,
  out: usize,
): void {
  const rowBytes = (<usize>dim) << 2
  expectArray(out, (toRow - fromRow) * dim, 4)
  memory.fill(out, 0, <usize>(toRow - fromRow) * rowBytes)
  for (let row = fromRow; row < toRow; row++) {
    const start = load<u32>(indptr + ((<usize>row) << 2))
    const end = load<u32>(indptr + ((<usize>row) << 2), 4)
    expectRow(start, end, indices, data == 0 ? indices : data)
    const sum = out + <usize>(row - fromRow) * rowBytes
    for (let p = start; p < end; p++) {
      const weight = data == 0 ? <f32>1 : load<f32>(data + ((<usize>p) << 2))
      const term = dense + <usize>load<u32>(indices + ((<usize>p) << 2)) * rowBytes
      expectArray(term, dim, 4)
      addScaled(weight, term, dim, sum)
    }
  }
}

/** out[d] += weight · term[d]. */
export function addScaled(weight: f32, term: usize, dim: u32, out: usize): void {
  const bytes = (<usize>dim) << 2
  const vectorBytes = bytes & ~15
  const weights = f32x4.splat(weight)
  let at: usize = 0
  for (; at < vectorBytes; at += 16)
    v128.store(out + at, f32x4.add(v128.load(out + at), f32x4.mul(weights, v128.load(term + at))))
  for (; at < bytes; at += 4) store<f32>(out + at, load<f32>(out + at) + weight * load<f32>(term + at))
}
