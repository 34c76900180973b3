/**
 * Neighbourhoods: rows (visits, shoppers) similar to a history, and the items that they hold.
 *
 *   s(v)     = ρ_v · Σ_p w_p x[h_p, v]                          h_p: history item of place p, 0 the newest
 *   score(i) = W · Σ_{v ∈ N} s(v) · match[p*_v] · distance[|d|] · e(d) · r[v, i] · σ_i,   d = pos_v(i) − pos_v(h_p*_v)
 *
 * p*_v: place of the newest history item that row v holds; pos_v: position in the row, 0 the newest; e(d): `earlier` where
 * the item came before the matched one (d > 0), else 1; N: the most similar of the most recent rows with s(v) > 0. With the right weights this is VMIS-kNN (Kersbergen, Sprangers, Schelter: Serenade, SIGMOD
 * 2022), STAN (Garg et al., SIGIR 2019), V-SKNN (Ludewig, Jannach, UMUAI 2018) and user-based collaborative filtering.
 *
 * Rows are numbered newest first. Sums run in the order of the history, then of the neighbours; every product is rounded
 * to f32, from left to right. All weights are not negative.
 */
import { expectArray, expectAscending, expectCount } from './contract'
import { heapPush, heapReplaceRoot, heapSort, keyOf, NO_KEY, rootKey } from './heap'
import { UNTOUCHED } from './sparse'

/**
 * The `neighbours` best rows, similarity descending, then the newer (smaller) row: rows u32, similarities f32 and places u32
 * (p*), each of `neighbours` places; returns how many. Only the `recent` newest of the rows that hold a history item take
 * part, and `skip` does not (u32 of no row: none).
 *
 * items u32[nItems] distinct, newest first, with weights f32[nItems]; postings: itemIndptr u32, itemRows u32 ascending,
 * itemData f32 or 0 (all 1); rowWeight f32[nRows] or 0. acc f32[nRows] is untouched before and after; touched u32[nRows];
 * ends u32[nItems] is scratch.
 */
export function nearestRows(
  items: usize,
  weights: usize,
  nItems: u32,
  itemIndptr: usize,
  itemRows: usize,
  itemData: usize,
  rowWeight: usize,
  recent: u32,
  neighbours: u32,
  skip: u32,
  acc: usize,
  touched: usize,
  ends: usize,
  outRows: usize,
  outSimilarities: usize,
  outPlaces: usize,
): u32 {
  expectArray(items, nItems, 4)
  expectArray(weights, nItems, 4)
  expectArray(ends, nItems, 4)
  expectCount(recent)
  expectCount(neighbours)
  expectArray(outRows, neighbours, 4)
  expectArray(outSimilarities, neighbours, 4)
  expectArray(outPlaces, neighbours, 4)
  let nTouched: u32 = 0
  for (let p: u32 = 0; p < nItems; p++) {
    const at = itemIndptr + ((<usize>load<u32>(word(items, p))) << 2)
    const weight = load<f32>(word(weights, p))
    nTouched = addPostings(weight, load<u32>(at), load<u32>(at, 4), itemRows, itemData, acc, touched, nTouched)
    store<u32>(word(ends, p), nTouched)
  }
  const oldest = nTouched <= recent ? u32.MAX_VALUE : oldestRecent(touched, ends, nItems, recent)
  const kept = keepBest(touched, nTouched, oldest, skip, acc, rowWeight, neighbours, outRows, outSimilarities)
  tellPlaces(touched, ends, nItems, acc, kept, outRows, outPlaces)
  return kept
}

/** Adds one item's postings to the row sums; returns the new number of touched rows. */
function addPostings(
  weight: f32,
  start: u32,
  end: u32,
  itemRows: usize,
  itemData: usize,
  acc: usize,
  touched: usize,
  nTouched: u32,
): u32 {
  expectAscending(word(itemRows, start), end - start)
  for (let q = start; q < end; q++) {
    const row = load<u32>(word(itemRows, q))
    const cell = word(acc, row)
    expectArray(cell, 1, 4)
    const before = load<f32>(cell)
    const value = itemData == 0 ? weight : weight * load<f32>(word(itemData, q))
    store<f32>(cell, before + (value + <f32>0.0))
    if (reinterpret<u32>(before) == UNTOUCHED) store<u32>(word(touched, nTouched++), row)
  }
  return nTouched
}

/**
 * The `recent`-th smallest of the touched rows. What each item touched first ascends, so rows below a bound are counted by
 * one binary search an item.
 */
function oldestRecent(touched: usize, ends: usize, nItems: u32, recent: u32): u32 {
  let low: u32 = 0
  let high = u32.MAX_VALUE
  while (low < high) {
    const middle = low + ((high - low) >>> 1)
    if (countUpTo(touched, ends, nItems, middle) >= recent) high = middle
    else low = middle + 1
  }
  return low
}

function countUpTo(touched: usize, ends: usize, nItems: u32, bound: u32): u32 {
  let count: u32 = 0
  let start: u32 = 0
  for (let p: u32 = 0; p < nItems; p++) {
    const end = load<u32>(word(ends, p))
    let low = start
    let high = end
    while (low < high) {
      const middle = (low + high) >>> 1
      if (load<u32>(word(touched, middle)) <= bound) low = middle + 1
      else high = middle
    }
    count += low - start
    start = end
  }
  return count
}

/** Leaves the accumulator untouched. */
function keepBest(
  touched: usize,
  nTouched: u32,
  oldest: u32,
  skip: u32,
  acc: usize,
  rowWeight: usize,
  neighbours: u32,
  outRows: usize,
  outSimilarities: usize,
): u32 {
  let kept: u32 = 0
  let worst = NO_KEY
  for (let t: u32 = 0; t < nTouched; t++) {
    const row = load<u32>(word(touched, t))
    const cell = word(acc, row)
    const sum = load<f32>(cell)
    store<u32>(cell, UNTOUCHED)
    if (row > oldest || row == skip) continue
    const similarity = rowWeight == 0 ? sum : sum * load<f32>(word(rowWeight, row))
    const key = keyOf(similarity, row)
    if (!(similarity > 0) || key < worst) continue
    if (kept == neighbours) heapReplaceRoot(outRows, outSimilarities, kept, key)
    else heapPush(outRows, outSimilarities, kept++, key)
    if (kept == neighbours) worst = rootKey(outRows, outSimilarities)
  }
  heapSort(outRows, outSimilarities, kept)
  return kept
}

/** The item that touched a row first is the newest one it holds. The accumulator lends its cells for each kept row's rank. */
function tellPlaces(
  touched: usize,
  ends: usize,
  nItems: u32,
  acc: usize,
  kept: u32,
  rows: usize,
  outPlaces: usize,
): void {
  for (let v: u32 = 0; v < kept; v++) store<u32>(word(acc, load<u32>(word(rows, v))), v)
  let t: u32 = 0
  for (let p: u32 = 0; p < nItems; p++) {
    for (const end = load<u32>(word(ends, p)); t < end; t++) {
      const cell = word(acc, load<u32>(word(touched, t)))
      const rank = load<u32>(cell)
      if (rank == UNTOUCHED) continue
      store<u32>(word(outPlaces, rank), p)
      store<u32>(cell, UNTOUCHED)
    }
  }
}

/**
 * Adds what n rows hold to the item sums of sparse.ts; returns the new number of touched items. rows u32[n],
 * similarities f32[n]; places u32[n] or 0 (all 0); items u32: the history that places count in; match f32[nMatch] and
 * distance f32[nDistance], whose last entry stands for all further ones; rowIndptr u32, rowItems u32, rowData f32 or 0,
 * itemScale f32 or 0. A row that does not hold its matched item is as far from it as its length.
 */
export function addNeighbours(
  rows: usize,
  similarities: usize,
  places: usize,
  n: u32,
  items: usize,
  match: usize,
  nMatch: u32,
  distance: usize,
  nDistance: u32,
  earlier: f32,
  rowIndptr: usize,
  rowItems: usize,
  rowData: usize,
  itemScale: usize,
  weight: f32,
  acc: usize,
  touched: usize,
  nTouched: u32,
): u32 {
  expectArray(rows, n, 4)
  expectArray(similarities, n, 4)
  if (places != 0) expectArray(places, n, 4)
  expectCount(nMatch)
  expectArray(match, nMatch, 4)
  expectCount(nDistance)
  expectArray(distance, nDistance, 4)
  for (let v: u32 = 0; v < n; v++) {
    const at = word(rowIndptr, load<u32>(word(rows, v)))
    const start = load<u32>(at)
    const end = load<u32>(at, 4)
    expectArray(word(rowItems, start), end - start, 4)
    const place = places == 0 ? 0 : load<u32>(word(places, v))
    const factor = weight * load<f32>(word(similarities, v)) * load<f32>(word(match, min(place, nMatch - 1)))
    const matched =
      nDistance == 1 && earlier == 1 ? end : positionOf(load<u32>(word(items, place)), rowItems, start, end)
    nTouched = addRow(
      factor,
      matched,
      start,
      end,
      rowItems,
      rowData,
      itemScale,
      distance,
      nDistance,
      earlier,
      acc,
      touched,
      nTouched,
    )
  }
  return nTouched
}

function addRow(
  factor: f32,
  matched: u32,
  start: u32,
  end: u32,
  rowItems: usize,
  rowData: usize,
  itemScale: usize,
  distance: usize,
  nDistance: u32,
  earlier: f32,
  acc: usize,
  touched: usize,
  nTouched: u32,
): u32 {
  for (let q = start; q < end; q++) {
    const item = load<u32>(word(rowItems, q))
    const apart = q < matched ? matched - q : q - matched
    let value = factor * load<f32>(word(distance, min(apart, nDistance - 1)))
    if (q > matched) value = value * earlier
    if (rowData != 0) value = value * load<f32>(word(rowData, q))
    if (itemScale != 0) value = value * load<f32>(word(itemScale, item))
    const cell = word(acc, item)
    expectArray(cell, 1, 4)
    const before = load<f32>(cell)
    store<f32>(cell, before + (value + <f32>0.0))
    if (reinterpret<u32>(before) == UNTOUCHED) store<u32>(word(touched, nTouched++), item)
  }
  return nTouched
}

/** Position among n rows of the first that holds `item`, -1 if none does: the nearest one, when the rows are sorted so. */
export function firstHolding(rows: usize, n: u32, rowIndptr: usize, rowItems: usize, item: u32): i32 {
  expectArray(rows, n, 4)
  for (let v: u32 = 0; v < n; v++) {
    const at = word(rowIndptr, load<u32>(word(rows, v)))
    const end = load<u32>(at, 4)
    if (positionOf(item, rowItems, load<u32>(at), end) < end) return v
  }
  return -1
}

/** `end` where the row does not hold it. */
function positionOf(item: u32, rowItems: usize, start: u32, end: u32): u32 {
  expectArray(word(rowItems, start), end - start, 4)
  let q = start
  while (q < end && load<u32>(word(rowItems, q)) != item) q++
  return q
}

function word(base: usize, index: u32): usize {
  return base + ((<usize>index) << 2)
}
