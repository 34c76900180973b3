/**
 * Implicit alternating least squares (Hu, Koren, Volinsky, ICDM 2008): with the other side's vectors y fixed, a row whose entries
 * are H has the vector x with (S + α Σ_H y yᵀ) x = (1 + α) Σ_H y,   S = YᵀY + λI.
 *
 * Training solves it by conjugate gradients from the row's last vector (Takács, Pilászy, Tikk, RecSys 2011). At request time a
 * history is folded in exactly: in the whitened basis ỹ = S^−½ y the system is I + α H̃ᵀH̃, and with the identity
 * (I + α H̃ᵀH̃)^−1 H̃ᵀ = H̃ᵀ (I + α H̃H̃ᵀ)^−1 it has as many rows as the history.
 */
import { expectArray, expectCount, expectIndex, expectRow, expectTiles } from './contract'
import { addScaled, dot, dotRows } from './dense'

/**
 * Improves rows fromRow..toRow-1 of out f32[nRows, dim], by `steps` steps from what they hold; a row without entries becomes 0.
 * indptr, indices: CSR, every stored value 1; other f32[nCols, dim]; system S: f32[dim, dim]; dim: a multiple of 4.
 * scratch f32[3 · dim].
 */
export function alsRows(
  indptr: usize,
  indices: usize,
  fromRow: u32,
  toRow: u32,
  other: usize,
  dim: u32,
  system: usize,
  alpha: f32,
  steps: u32,
  scratch: usize,
  out: usize,
): void {
  expectCount(dim)
  expectTiles(dim, 4)
  expectArray(scratch, 3 * dim, 4)
  expectArray(out, toRow * dim, 4)
  const rowBytes = (<usize>dim) << 2
  for (let row = fromRow; row < toRow; row++) {
    const start = load<u32>(indptr + ((<usize>row) << 2))
    const end = load<u32>(indptr + ((<usize>row) << 2), 4)
    expectRow(start, end, indices, indices)
    const x = out + <usize>row * rowBytes
    if (start == end) memory.fill(x, 0, rowBytes)
    else improve(indices + ((<usize>start) << 2), end - start, other, dim, system, alpha, steps, scratch, x)
  }
}

/** Conjugate gradients on one row's system from x on. A residual of exactly 0 ends it. */
function improve(
  entries: usize,
  n: u32,
  other: usize,
  dim: u32,
  system: usize,
  alpha: f32,
  steps: u32,
  scratch: usize,
  x: usize,
): void {
  const rowBytes = (<usize>dim) << 2
  const residual = scratch
  const direction = residual + rowBytes
  const product = direction + rowBytes
  applySystem(entries, n, other, dim, system, alpha, x, product)
  memory.fill(residual, 0, rowBytes)
  const end = entries + ((<usize>n) << 2)
  for (let at = entries; at < end; at += 4) addScaled(1 + alpha, vectorOf(other, at, dim), dim, residual)
  addScaled(-1, product, dim, residual)
  memory.copy(direction, residual, rowBytes)
  let rho = dot(residual, residual, dim)
  for (let step: u32 = 0; step < steps && rho > 0; step++) {
    applySystem(entries, n, other, dim, system, alpha, direction, product)
    const ratio = rho / dot(direction, product, dim)
    addScaled(ratio, direction, dim, x)
    addScaled(-ratio, product, dim, residual)
    const next = dot(residual, residual, dim)
    turn(residual, next / rho, dim, direction)
    rho = next
  }
}

/** out = S v + α Σ y (yᵀ v), entries in order. */
function applySystem(
  entries: usize,
  n: u32,
  other: usize,
  dim: u32,
  system: usize,
  alpha: f32,
  v: usize,
  out: usize,
): void {
  dotRows(v, system, dim, 0, dim, out)
  const end = entries + ((<usize>n) << 2)
  for (let at = entries; at < end; at += 4) {
    const y = vectorOf(other, at, dim)
    addScaled(alpha * dot(v, y, dim), y, dim, out)
  }
}

function vectorOf(vectors: usize, entry: usize, dim: u32): usize {
  const vector = vectors + <usize>load<u32>(entry) * ((<usize>dim) << 2)
  expectArray(vector, dim, 4)
  return vector
}

/** direction = residual + by · direction. */
function turn(residual: usize, by: f32, dim: u32, direction: usize): void {
  const bytes = (<usize>dim) << 2
  const scale = f32x4.splat(by)
  for (let at: usize = 0; at < bytes; at += 16)
    v128.store(direction + at, f32x4.add(v128.load(residual + at), f32x4.mul(scale, v128.load(direction + at))))
}

/** Longest history that is folded in. */
export const FOLD_IN: u32 = 64

/**
 * out f32[dim] = H̃ᵀ (I + α H̃H̃ᵀ)^−1 1 (1 + α), H̃ the rows of items f32[*, dim] (the whitened basis) that rows u32[h] lists,
 * h <= 64, repeats allowed. A score is the dot product with an item's row. By Cholesky in f64; scratch f64[h · (h + 1)].
 */
export function foldInAls(rows: usize, h: u32, items: usize, dim: u32, alpha: f32, scratch: usize, out: usize): void {
  expectIndex(h, FOLD_IN + 1)
  expectArray(rows, h, 4)
  expectArray(scratch, h * (h + 1), 8)
  expectArray(out, dim, 4)
  const solution = scratch + ((<usize>h * <usize>h) << 3)
  for (let a: u32 = 0; a < h; a++) {
    store<f64>(solution + ((<usize>a) << 3), 1 + <f64>alpha)
    for (let b: u32 = 0; b <= a; b++) {
      const product = dot(
        vectorOf(items, rows + ((<usize>a) << 2), dim),
        vectorOf(items, rows + ((<usize>b) << 2), dim),
        dim,
      )
      store<f64>(cell(scratch, h, a, b), (a == b ? 1 : 0) + <f64>alpha * <f64>product)
    }
  }
  factorise(scratch, h)
  solve(scratch, h, solution)
  memory.fill(out, 0, (<usize>dim) << 2)
  for (let a: u32 = 0; a < h; a++)
    addScaled(<f32>load<f64>(solution + ((<usize>a) << 3)), vectorOf(items, rows + ((<usize>a) << 2), dim), dim, out)
}

function cell(m: usize, n: u32, row: u32, column: u32): usize {
  return m + ((<usize>row * <usize>n + <usize>column) << 3)
}

/** The lower triangle of m f64[n, n] becomes L with L Lᵀ = m. */
function factorise(m: usize, n: u32): void {
  for (let a: u32 = 0; a < n; a++)
    for (let b: u32 = 0; b <= a; b++) {
      let rest = load<f64>(cell(m, n, a, b))
      for (let c: u32 = 0; c < b; c++) rest -= load<f64>(cell(m, n, a, c)) * load<f64>(cell(m, n, b, c))
      store<f64>(cell(m, n, a, b), a == b ? Math.sqrt(rest) : rest / load<f64>(cell(m, n, b, b)))
    }
}

/** x f64[n] becomes (L Lᵀ)^−1 x. */
function solve(l: usize, n: u32, x: usize): void {
  for (let a: u32 = 0; a < n; a++) {
    const at = x + ((<usize>a) << 3)
    let rest = load<f64>(at)
    for (let c: u32 = 0; c < a; c++) rest -= load<f64>(cell(l, n, a, c)) * load<f64>(x + ((<usize>c) << 3))
    store<f64>(at, rest / load<f64>(cell(l, n, a, a)))
  }
  for (let a = n; a > 0; ) {
    a--
    const at = x + ((<usize>a) << 3)
    let rest = load<f64>(at)
    for (let c = a + 1; c < n; c++) rest -= load<f64>(cell(l, n, c, a)) * load<f64>(x + ((<usize>c) << 3))
    store<f64>(at, rest / load<f64>(cell(l, n, a, a)))
  }
}
