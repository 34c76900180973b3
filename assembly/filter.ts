/**
 * Rows of a polynomial graph filter with a low-rank part, scaled and cut to the k best. With N shoppers × items and V items ×
 * dim, for each source item j and target i ≠ j:
 *
 *   W[j, i] = max(0, a_j · (Σ_p c_p (NᵀN)^p + w V Vᵀ)_ij · b_i),   p = 1 … degree
 *
 * The polynomial runs by Horner's rule on the shoppers' side, where a power costs the two products NᵀN costs, but the last
 * needs only one: Nᵀ (c_1 + c_2 A + …) N e_j with A = N Nᵀ. The constant term touches only the diagonal, which is dropped.
 */
import { expectArray, expectCount, expectIndex } from './contract'
import { bestOfPanel, clearOwn, PANEL, PANEL_BYTES, sparseTimesPanel } from './panel'

/**
 * rows*: N as CSR; cols*: its transpose. coefficients f32[degree]: c_1 first, degree > 0. vectors f32[nItems, dim].
 * sourceScales a, targetScales b: f32[nItems]. sources u32[nSources], at most 32. Row s of outIndices u32[., k] and
 * outData f32[., k] holds outCounts[s] weights of sources[s], indices ascending; the rest of the row is scratch.
 * scratch f32[32 · (nShoppers + nItems + dim + 4)].
 */
export function filterRows(
  rowsIndptr: usize,
  rowsIndices: usize,
  rowsData: usize,
  nShoppers: u32,
  colsIndptr: usize,
  colsIndices: usize,
  colsData: usize,
  nItems: u32,
  coefficients: usize,
  degree: u32,
  vectors: usize,
  dim: u32,
  lowRankWeight: f32,
  sourceScales: usize,
  targetScales: usize,
  sources: usize,
  nSources: u32,
  k: u32,
  scratch: usize,
  outIndices: usize,
  outData: usize,
  outCounts: usize,
): void {
  expectCount(degree)
  expectCount(k)
  expectIndex(nSources, PANEL + 1)
  expectArray(scratch, PANEL * (nShoppers + nItems + dim + 4), 4)
  expectArray(outIndices, nSources * k, 4)
  expectArray(outData, nSources * k, 4)
  expectArray(outCounts, nSources, 4)
  const image = scratch
  const panel = image + <usize>nShoppers * PANEL_BYTES
  const weights = panel + <usize>nItems * PANEL_BYTES
  const scales = weights + <usize>dim * PANEL_BYTES
  memory.fill(image, 0, <usize>nShoppers * PANEL_BYTES)
  for (let p = degree; ; ) {
    p--
    addImages(sources, nSources, load<f32>(coefficients + ((<usize>p) << 2)), colsIndptr, colsIndices, colsData, image)
    if (p == 0) break
    sparseTimesPanel(colsIndptr, colsIndices, colsData, nItems, image, panel, false)
    sparseTimesPanel(rowsIndptr, rowsIndices, rowsData, nShoppers, panel, image, false)
  }
  lowRank(vectors, nItems, dim, lowRankWeight, sources, nSources, weights, panel)
  sparseTimesPanel(colsIndptr, colsIndices, colsData, nItems, image, panel, true)
  clearOwn(panel, sources, nSources, nItems)
  gather(sourceScales, sources, nSources, scales)
  const limits = scales + PANEL_BYTES
  bestOfPanel(
    panel,
    nItems,
    nSources,
    targetScales,
    scales,
    k,
    limits,
    limits + PANEL_BYTES,
    outIndices,
    outData,
    outCounts,
  )
}

/** image[u, c] += by · N[u, sources[c]]. */
function addImages(
  sources: usize,
  nSources: u32,
  by: f32,
  colsIndptr: usize,
  colsIndices: usize,
  colsData: usize,
  image: usize,
): void {
  for (let c: u32 = 0; c < nSources; c++) {
    const column = colsIndptr + ((<usize>load<u32>(sources + ((<usize>c) << 2))) << 2)
    const end = load<u32>(column, 4)
    for (let p = load<u32>(column); p < end; p++) {
      const row = <usize>load<u32>(colsIndices + ((<usize>p) << 2)) * PANEL_BYTES
      const cell = image + row + ((<usize>c) << 2)
      store<f32>(cell, load<f32>(cell) + by * load<f32>(colsData + ((<usize>p) << 2)))
    }
  }
}

/** out f32[32] = values at sources, 0 past the last. */
function gather(values: usize, sources: usize, nSources: u32, out: usize): void {
  memory.fill(out, 0, PANEL_BYTES)
  for (let c: u32 = 0; c < nSources; c++) {
    const at = (<usize>c) << 2
    store<f32>(out + at, load<f32>(values + ((<usize>load<u32>(sources + at)) << 2)))
  }
}

/** Columns of one tile. */
const TILE: u32 = 8
const TILE_BYTES: usize = 32

/** panel[i, c] = Σ_d V[i, d] · (weight · V[sources[c], d]), d ascending, from 0. weights f32[32 · dim]: scratch. */
function lowRank(
  vectors: usize,
  nItems: u32,
  dim: u32,
  weight: f32,
  sources: usize,
  nSources: u32,
  weights: usize,
  panel: usize,
): void {
  expectArray(vectors, nItems * dim, 4)
  spread(vectors, dim, weight, sources, nSources, weights)
  const rowBytes = (<usize>dim) << 2
  const last = nItems - 1
  for (let item: u32 = 0; item < nItems; item += 4) {
    // Past the end the last item is computed again.
    const a = <usize>item
    const b = <usize>min(item + 1, last)
    const c = <usize>min(item + 2, last)
    const d = <usize>min(item + 3, last)
    for (let tile: usize = 0; tile < PANEL_BYTES; tile += TILE_BYTES) {
      const out = panel + tile
      tileOfFour(
        vectors + a * rowBytes,
        vectors + b * rowBytes,
        vectors + c * rowBytes,
        vectors + d * rowBytes,
        rowBytes,
        weights + tile * <usize>dim,
        out + a * PANEL_BYTES,
        out + b * PANEL_BYTES,
        out + c * PANEL_BYTES,
        out + d * PANEL_BYTES,
      )
    }
  }
}

/** Tile t of out: f32[dim, 8], the weighted vectors of sources 8t..8t+7 as columns, 0 past the last. */
function spread(vectors: usize, dim: u32, weight: f32, sources: usize, nSources: u32, out: usize): void {
  memory.fill(out, 0, <usize>dim * PANEL_BYTES)
  for (let c: u32 = 0; c < nSources; c++) {
    const source = <usize>load<u32>(sources + ((<usize>c) << 2))
    let at = vectors + source * ((<usize>dim) << 2)
    let to = out + <usize>(c / TILE) * TILE_BYTES * <usize>dim + ((<usize>(c % TILE)) << 2)
    for (const end = at + ((<usize>dim) << 2); at < end; at += 4, to += TILE_BYTES)
      store<f32>(to, weight * load<f32>(at))
  }
}

/** Eight columns of four rows, side by side. */
function tileOfFour(
  a: usize,
  b: usize,
  c: usize,
  d: usize,
  rowBytes: usize,
  weights: usize,
  outA: usize,
  outB: usize,
  outC: usize,
  outD: usize,
): void {
  let a0 = f32x4.splat(0)
  let a1 = f32x4.splat(0)
  let b0 = f32x4.splat(0)
  let b1 = f32x4.splat(0)
  let c0 = f32x4.splat(0)
  let c1 = f32x4.splat(0)
  let d0 = f32x4.splat(0)
  let d1 = f32x4.splat(0)
  for (let at: usize = 0; at < rowBytes; at += 4) {
    const low = v128.load(weights)
    const high = v128.load(weights, 16)
    const x = v128.load32_splat(a + at)
    a0 = f32x4.add(a0, f32x4.mul(x, low))
    a1 = f32x4.add(a1, f32x4.mul(x, high))
    const y = v128.load32_splat(b + at)
    b0 = f32x4.add(b0, f32x4.mul(y, low))
    b1 = f32x4.add(b1, f32x4.mul(y, high))
    const z = v128.load32_splat(c + at)
    c0 = f32x4.add(c0, f32x4.mul(z, low))
    c1 = f32x4.add(c1, f32x4.mul(z, high))
    const w = v128.load32_splat(d + at)
    d0 = f32x4.add(d0, f32x4.mul(w, low))
    d1 = f32x4.add(d1, f32x4.mul(w, high))
    weights += TILE_BYTES
  }
  v128.store(outA, a0)
  v128.store(outA, a1, 16)
  v128.store(outB, b0)
  v128.store(outB, b1, 16)
  v128.store(outC, c0)
  v128.store(outC, c1, 16)
  v128.store(outD, d0)
  v128.store(outD, d1, 16)
}
