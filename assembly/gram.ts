/**
 * Products of tall dense matrices in f64: the Gram matrix MᵀM and M T, for bases of many rows and some hundred columns.
 * Widths are multiples of 8, so that no tile is cut. Every sum has one order whatever the split, so any split of the
 * output gives the same bytes.
 */
import { expectArray, expectTiles } from './contract'

/** Rows summed before a tile's sum is added to the output: few enough to stay in the cache for all of its tiles. */
const CHUNK: u32 = 64

/**
 * Rows fromCol..toCol-1 of out f64[width, width] = MᵀM of m f32[nRows, width], columns from each row's tile of four on:
 * the upper triangle and what its tiles hold below. fromCol, toCol: multiples of 4. A sum runs over chunks of 64 rows in
 * order, each summed from 0.
 */
export function gramColumns(m: usize, nRows: u32, width: u32, fromCol: u32, toCol: u32, out: usize): void {
  expectTiles(width, 8)
  expectTiles(fromCol, 4)
  expectTiles(toCol, 4)
  expectArray(m, nRows * width, 4)
  expectArray(out, width * width, 8)
  const bytes = (<usize>width) << 3
  memory.fill(out + <usize>fromCol * bytes, 0, <usize>(toCol - fromCol) * bytes)
  for (let first: u32 = 0; first < nRows; first += CHUNK) {
    const start = m + <usize>first * <usize>width * 4
    const end = m + <usize>min(first + CHUNK, nRows) * <usize>width * 4
    for (let x = fromCol; x < toCol; x += 4)
      for (let y = x; y < width; y += 4) addTile(start, end, width, x, y, out + <usize>x * bytes + ((<usize>y) << 3))
  }
}

/** out[a, b] += Σ_r M[r, x + a] · M[r, y + b] for a, b in 0..3. */
function addTile(start: usize, end: usize, width: u32, x: u32, y: u32, out: usize): void {
  const rowBytes = (<usize>width) << 2
  const toY = ((<usize>y) << 2) - ((<usize>x) << 2)
  let a0 = f64x2.splat(0)
  let a1 = f64x2.splat(0)
  let b0 = f64x2.splat(0)
  let b1 = f64x2.splat(0)
  let c0 = f64x2.splat(0)
  let c1 = f64x2.splat(0)
  let d0 = f64x2.splat(0)
  let d1 = f64x2.splat(0)
  const to = end + ((<usize>x) << 2)
  for (let at = start + ((<usize>x) << 2); at < to; at += rowBytes) {
    const y0 = f64x2.promote_low_f32x4(v128.load64_zero(at + toY))
    const y1 = f64x2.promote_low_f32x4(v128.load64_zero(at + toY, 8))
    const a = f64x2.promote_low_f32x4(v128.load32_splat(at))
    const b = f64x2.promote_low_f32x4(v128.load32_splat(at, 4))
    const c = f64x2.promote_low_f32x4(v128.load32_splat(at, 8))
    const d = f64x2.promote_low_f32x4(v128.load32_splat(at, 12))
    a0 = f64x2.add(a0, f64x2.mul(a, y0))
    a1 = f64x2.add(a1, f64x2.mul(a, y1))
    b0 = f64x2.add(b0, f64x2.mul(b, y0))
    b1 = f64x2.add(b1, f64x2.mul(b, y1))
    c0 = f64x2.add(c0, f64x2.mul(c, y0))
    c1 = f64x2.add(c1, f64x2.mul(c, y1))
    d0 = f64x2.add(d0, f64x2.mul(d, y0))
    d1 = f64x2.add(d1, f64x2.mul(d, y1))
  }
  const outBytes = (<usize>width) << 3
  addPair(out, a0, a1)
  addPair(out + outBytes, b0, b1)
  addPair(out + 2 * outBytes, c0, c1)
  addPair(out + 3 * outBytes, d0, d1)
}

function addPair(out: usize, low: v128, high: v128): void {
  v128.store(out, f64x2.add(v128.load(out), low))
  v128.store(out, f64x2.add(v128.load(out, 16), high), 16)
}

/**
 * out f32[nRows, cols] = m f32[nRows, inner] × t f64[inner, cols], cols a multiple of 8. Each sum runs over `inner` in
 * order, from 0, in f64.
 */
export function denseTimesDense(m: usize, nRows: u32, inner: u32, t: usize, cols: u32, out: usize): void {
  expectTiles(cols, 8)
  expectArray(m, nRows * inner, 4)
  expectArray(t, inner * cols, 8)
  expectArray(out, nRows * cols, 4)
  const rowBytes = (<usize>inner) << 2
  const outBytes = (<usize>cols) << 2
  for (let c: u32 = 0; c < cols; c += 8)
    for (let r: u32 = 0; r < nRows; r += 2) {
      const row = m + <usize>r * rowBytes
      const place = out + <usize>r * outBytes + ((<usize>c) << 2)
      // The last of an odd number of rows is its own partner.
      const more: usize = r + 1 < nRows ? 1 : 0
      productTile(row, row + more * rowBytes, inner, t + ((<usize>c) << 3), cols, place, place + more * outBytes)
    }
}

/** Eight columns of the products of two rows, side by side. */
function productTile(a: usize, b: usize, inner: u32, t: usize, cols: u32, outA: usize, outB: usize): void {
  const tBytes = (<usize>cols) << 3
  const end = a + ((<usize>inner) << 2)
  const toB = b - a
  let a0 = f64x2.splat(0)
  let a1 = f64x2.splat(0)
  let a2 = f64x2.splat(0)
  let a3 = f64x2.splat(0)
  let b0 = f64x2.splat(0)
  let b1 = f64x2.splat(0)
  let b2 = f64x2.splat(0)
  let b3 = f64x2.splat(0)
  for (; a < end; a += 4) {
    const x = f64x2.promote_low_f32x4(v128.load32_splat(a))
    const y = f64x2.promote_low_f32x4(v128.load32_splat(a + toB))
    a0 = f64x2.add(a0, f64x2.mul(x, v128.load(t)))
    a1 = f64x2.add(a1, f64x2.mul(x, v128.load(t, 16)))
    a2 = f64x2.add(a2, f64x2.mul(x, v128.load(t, 32)))
    a3 = f64x2.add(a3, f64x2.mul(x, v128.load(t, 48)))
    b0 = f64x2.add(b0, f64x2.mul(y, v128.load(t)))
    b1 = f64x2.add(b1, f64x2.mul(y, v128.load(t, 16)))
    b2 = f64x2.add(b2, f64x2.mul(y, v128.load(t, 32)))
    b3 = f64x2.add(b3, f64x2.mul(y, v128.load(t, 48)))
    t += tBytes
  }
  storeFour(outA, a0, a1)
  storeFour(outA + 16, a2, a3)
  storeFour(outB, b0, b1)
  storeFour(outB + 16, b2, b3)
}

/** Four f64 as four f32. */
function storeFour(out: usize, low: v128, high: v128): void {
  const lower = f32x4.demote_f64x2_zero(low)
  const upper = f32x4.demote_f64x2_zero(high)
  v128.store(out, v128.shuffle<u32>(lower, upper, 0, 1, 4, 5))
}
