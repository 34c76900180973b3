/**
 * Item-item cosine: s(i, j) = Σ_u r(u,i) · r(u,j) · norms[i] · norms[j] with norms[i] = 1 / ‖column i‖.
 * For each target i its k best neighbours with s > 0, score descending then index ascending, divided by their sum: the
 * target-side normalised form of item-based collaborative filtering.
 *
 * Each target is computed alone, sums running over its shoppers in stored order (f32), so any split of the targets into
 * blocks gives the same bytes.
 */
import { expectArray, expectCount } from './contract'
import { heapPush, heapReplaceRoot, heapSort, keyOf, NO_KEY, rootKey } from './heap'
import { accumulateRows, clearTouched } from './sparse'

/**
 * rows*: shoppers × items as CSR; cols*: the same values as items × shoppers CSR; norms f32[nItems].
 * acc f32[nItems] is untouched before and after; touched u32[nItems + 1] is scratch.
 * For target t = item - fromItem: outIndices u32[., k] and outData f32[., k] hold outCounts[t] neighbours, best first; the
 * rest of the row is left as it was.
 */
export function similarityBlock(
  rowsIndptr: usize,
  rowsIndices: usize,
  rowsData: usize,
  colsIndptr: usize,
  colsIndices: usize,
  colsData: usize,
  norms: usize,
  fromItem: u32,
  toItem: u32,
  k: u32,
  acc: usize,
  touched: usize,
  outIndices: usize,
  outData: usize,
  outCounts: usize,
): void {
  expectCount(k)
  expectArray(outIndices, (toItem - fromItem) * k, 4)
  expectArray(outData, (toItem - fromItem) * k, 4)
  expectArray(outCounts, toItem - fromItem, 4)
  for (let item = fromItem; item < toItem; item++) {
    const start = load<u32>(colsIndptr + ((<usize>item) << 2))
    const nShoppers = load<u32>(colsIndptr + ((<usize>item) << 2), 4) - start
    const shoppers = colsIndices + ((<usize>start) << 2)
    const values = colsData + ((<usize>start) << 2)
    const nTouched = accumulateRows(shoppers, values, nShoppers, rowsIndptr, rowsIndices, rowsData, acc, touched, 0)
    const block = <usize>(item - fromItem) * ((<usize>k) << 2)
    const kept = nearest(item, norms, acc, touched, nTouched, k, outIndices + block, outData + block)
    normalise(outData + block, kept)
    store<u32>(outCounts + ((<usize>(item - fromItem)) << 2), kept)
    clearTouched(acc, touched, nTouched)
  }
}

/** The k best positive cosines of `item` among the touched columns, best first; returns how many. */
function nearest(
  item: u32,
  norms: usize,
  acc: usize,
  touched: usize,
  nTouched: u32,
  k: u32,
  outIndices: usize,
  outData: usize,
): u32 {
  const norm = load<f32>(norms + ((<usize>item) << 2))
  let kept: u32 = 0
  let worst = NO_KEY
  const end = touched + ((<usize>nTouched) << 2)
  for (let at = touched; at < end; at += 4) {
    const other = load<u32>(at)
    const cosine = load<f32>(acc + ((<usize>other) << 2)) * norm * load<f32>(norms + ((<usize>other) << 2))
    const key = keyOf(cosine, other)
    if (key < worst || other == item || !(cosine > 0)) continue
    if (kept < k) heapPush(outIndices, outData, kept++, key)
    else heapReplaceRoot(outIndices, outData, k, key)
    if (kept == k) worst = rootKey(outIndices, outData)
  }
  heapSort(outIndices, outData, kept)
  return kept
}

/** Divides positive values f32[n] by their sum, taken in f64 in order. */
function normalise(values: usize, n: u32): void {
  const end = values + ((<usize>n) << 2)
  let sum: f64 = 0
  for (let at = values; at < end; at += 4) sum += <f64>load<f32>(at)
  for (let at = values; at < end; at += 4) store<f32>(at, <f32>(<f64>load<f32>(at) / sum))
}
