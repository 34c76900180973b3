/**
 * Rows of EASE (Steck, WWW 2019): with P = (XᵀX + λI)^−1, the weight of source j for target i is −P_ij / P_ii. The columns of P
 * that belong to the sources of a panel are found by conjugate gradients with the diagonal as preconditioner (Saad, Iterative
 * Methods for Sparse Linear Systems, algorithm 9.1), a fixed number of steps from 0, all columns side by side in f32. No matrix
 * of items × items is made.
 */
import { expectArray, expectCount, expectIndex } from './contract'
import { bestOfPanel, clearOwn, PANEL, PANEL_BYTES, sparseTimesPanel } from './panel'

const HALF_BYTES: usize = 64

/**
 * rows*: X, shoppers × items CSR; cols*: its transpose; diagonal f32[nItems]: that of XᵀX + λI, above 0.
 * sources u32[nSources], at most 32. outOwn f32[nSources] = P_jj. Row s of outIndices u32[., k] and outData f32[., k] holds the
 * outCounts[s] best of −P_ij · diagonal[i], i ≠ j, indices ascending: P_ii of the targets is known only when all sources are
 * done. scratch f32[32 · (nShoppers + 4 nItems + 8)].
 */
export function easeRows(
  rowsIndptr: usize,
  rowsIndices: usize,
  rowsData: usize,
  nShoppers: u32,
  colsIndptr: usize,
  colsIndices: usize,
  colsData: usize,
  nItems: u32,
  diagonal: usize,
  l2: f32,
  steps: u32,
  sources: usize,
  nSources: u32,
  k: u32,
  scratch: usize,
  outOwn: usize,
  outIndices: usize,
  outData: usize,
  outCounts: usize,
): void {
  expectCount(k)
  expectIndex(nSources, PANEL + 1)
  expectArray(diagonal, nItems, 4)
  expectArray(scratch, PANEL * (nShoppers + 4 * nItems + 8), 4)
  expectArray(outOwn, nSources, 4)
  expectArray(outIndices, nSources * k, 4)
  expectArray(outData, nSources * k, 4)
  expectArray(outCounts, nSources, 4)
  const size = <usize>nItems * PANEL_BYTES
  const x = scratch
  const residual = x + size
  const direction = residual + size
  const product = direction + size
  const image = product + size
  const rho = image + <usize>nShoppers * PANEL_BYTES
  const ratio = rho + PANEL_BYTES
  const sum = ratio + PANEL_BYTES
  begin(sources, nSources, nItems, diagonal, x, residual, direction, rho)
  for (let step: u32 = 0; step < steps; step++) {
    sparseTimesPanel(rowsIndptr, rowsIndices, rowsData, nShoppers, direction, image, false)
    scaleInto(direction, l2, nItems, product)
    sparseTimesPanel(colsIndptr, colsIndices, colsData, nItems, image, product, true)
    columnDots(direction, product, nItems, sum)
    divide(rho, sum, ratio)
    advance(direction, product, diagonal, ratio, nItems, x, residual, sum)
    divide(sum, rho, ratio)
    memory.copy(rho, sum, PANEL_BYTES)
    turn(residual, diagonal, ratio, nItems, direction)
  }
  takeOwn(x, sources, nSources, outOwn)
  clearOwn(x, sources, nSources, nItems)
  for (let at: usize = 0; at < PANEL_BYTES; at += 16) v128.store(ratio + at, f32x4.splat(-1))
  const limits = sum
  bestOfPanel(x, nItems, nSources, diagonal, ratio, k, limits, limits + PANEL_BYTES, outIndices, outData, outCounts)
}

/** x = 0, r = e_j, direction z = r / diagonal, ρ = rᵀz. */
function begin(
  sources: usize,
  nSources: u32,
  nItems: u32,
  diagonal: usize,
  x: usize,
  residual: usize,
  direction: usize,
  rho: usize,
): void {
  const bytes = <usize>nItems * PANEL_BYTES
  memory.fill(x, 0, bytes)
  memory.fill(residual, 0, bytes)
  memory.fill(direction, 0, bytes)
  memory.fill(rho, 0, PANEL_BYTES)
  for (let c: u32 = 0; c < nSources; c++) {
    const at = (<usize>c) << 2
    const source = load<u32>(sources + at)
    expectIndex(source, nItems)
    const cell = <usize>source * PANEL_BYTES + at
    const z = <f32>1 / load<f32>(diagonal + ((<usize>source) << 2))
    store<f32>(residual + cell, 1)
    store<f32>(direction + cell, z)
    store<f32>(rho + at, z)
  }
}

/** out = by · panel. */
function scaleInto(panel: usize, by: f32, nRows: u32, out: usize): void {
  const scale = f32x4.splat(by)
  const bytes = <usize>nRows * PANEL_BYTES
  for (let at: usize = 0; at < bytes; at += 16) v128.store(out + at, f32x4.mul(scale, v128.load(panel + at)))
}

/** out f32[32] = a / b, 0 where b is 0: a column that is solved stands still. */
function divide(a: usize, b: usize, out: usize): void {
  for (let at: usize = 0; at < PANEL_BYTES; at += 4) {
    const by = load<f32>(b + at)
    store<f32>(out + at, by == 0 ? 0 : load<f32>(a + at) / by)
  }
}

/** out f32[32]: dot products of the columns of two panels, rows in order. Half a row, a cache line, at a time. */
function columnDots(a: usize, b: usize, nRows: u32, out: usize): void {
  const bytes = <usize>nRows * PANEL_BYTES
  for (let half: usize = 0; half < PANEL_BYTES; half += HALF_BYTES) {
    let s0 = f32x4.splat(0)
    let s1 = f32x4.splat(0)
    let s2 = f32x4.splat(0)
    let s3 = f32x4.splat(0)
    for (let at = half; at < bytes; at += PANEL_BYTES) {
      s0 = f32x4.add(s0, f32x4.mul(v128.load(a + at), v128.load(b + at)))
      s1 = f32x4.add(s1, f32x4.mul(v128.load(a + at, 16), v128.load(b + at, 16)))
      s2 = f32x4.add(s2, f32x4.mul(v128.load(a + at, 32), v128.load(b + at, 32)))
      s3 = f32x4.add(s3, f32x4.mul(v128.load(a + at, 48), v128.load(b + at, 48)))
    }
    storeHalf(out + half, s0, s1, s2, s3)
  }
}

/** x += ratio · direction, r −= ratio · product, out f32[32] = rᵀ (r / diagonal), rows in order. */
function advance(
  direction: usize,
  product: usize,
  diagonal: usize,
  ratio: usize,
  nRows: u32,
  x: usize,
  residual: usize,
  out: usize,
): void {
  for (let half: usize = 0; half < PANEL_BYTES; half += HALF_BYTES) {
    let s0 = f32x4.splat(0)
    let s1 = f32x4.splat(0)
    let s2 = f32x4.splat(0)
    let s3 = f32x4.splat(0)
    const by = ratio + half
    let at = half
    for (let row: usize = 0; row < <usize>nRows; row++, at += PANEL_BYTES) {
      const d = v128.load32_splat(diagonal + (row << 2))
      s0 = f32x4.add(s0, moved(at, by, d, direction, product, x, residual))
      s1 = f32x4.add(s1, moved(at + 16, by + 16, d, direction, product, x, residual))
      s2 = f32x4.add(s2, moved(at + 32, by + 32, d, direction, product, x, residual))
      s3 = f32x4.add(s3, moved(at + 48, by + 48, d, direction, product, x, residual))
    }
    storeHalf(out + half, s0, s1, s2, s3)
  }
}

/** Moves four cells of x and r; returns r² / diagonal. */
function moved(at: usize, ratio: usize, d: v128, direction: usize, product: usize, x: usize, residual: usize): v128 {
  const by = v128.load(ratio)
  v128.store(x + at, f32x4.add(v128.load(x + at), f32x4.mul(by, v128.load(direction + at))))
  const r = f32x4.sub(v128.load(residual + at), f32x4.mul(by, v128.load(product + at)))
  v128.store(residual + at, r)
  return f32x4.mul(r, f32x4.div(r, d))
}

function storeHalf(out: usize, s0: v128, s1: v128, s2: v128, s3: v128): void {
  v128.store(out, s0)
  v128.store(out, s1, 16)
  v128.store(out, s2, 32)
  v128.store(out, s3, 48)
}

/** direction = r / diagonal + ratio · direction. */
function turn(residual: usize, diagonal: usize, ratio: usize, nRows: u32, direction: usize): void {
  for (let row: usize = 0; row < <usize>nRows; row++) {
    const by = v128.load32_splat(diagonal + (row << 2))
    for (let column: usize = 0; column < PANEL_BYTES; column += 16) {
      const at = row * PANEL_BYTES + column
      const z = f32x4.div(v128.load(residual + at), by)
      v128.store(direction + at, f32x4.add(z, f32x4.mul(v128.load(ratio + column), v128.load(direction + at))))
    }
  }
}

/** out[c] = panel[sources[c], c]. */
function takeOwn(panel: usize, sources: usize, nSources: u32, out: usize): void {
  for (let c: u32 = 0; c < nSources; c++) {
    const at = (<usize>c) << 2
    store<f32>(out + at, load<f32>(panel + <usize>load<u32>(sources + at) * PANEL_BYTES + at))
  }
}
