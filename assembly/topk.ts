/**
 * Exact top-k of score(i) = (touched ? acc[i] : 0) + bias[i], in f32, under the total order "score descending, index
 * ascending". The touched columns are read from their list. The untouched ones score their bias alone, so walking them in
 * descending bias ends at the first that cannot enter: the cost does not grow with the number of columns.
 */
import { bitIsSet } from './bitmap'
import { expectArray, expectAscending, expectCount, expectIndex } from './contract'
import { heapPush, heapReplaceRoot, heapSort, keyOf, NO_KEY, rootKey, scoreOf } from './heap'
import { UNTOUCHED } from './sparse'

/**
 * acc f32[n] as left by accumulateRows; bias f32[n], or 0 for none; touched u32[nTouched];
 * order u32[n]: all columns by bias descending, then index ascending, or 0 to consider the touched columns only;
 * exclude u32[nExclude] ascending; allow: bitmap of n bits, or 0 for all.
 * Writes outIndex u32[k] and outScore f32[k], best first, and returns how many (at most k). k > 0.
 */
export function topK(
  acc: usize,
  bias: usize,
  touched: usize,
  nTouched: u32,
  order: usize,
  n: u32,
  exclude: usize,
  nExclude: u32,
  allow: usize,
  k: u32,
  outIndex: usize,
  outScore: usize,
): u32 {
  expectTables(acc, bias, touched, nTouched, order, n, allow)
  expectCount(k)
  expectArray(outIndex, k, 4)
  expectArray(outScore, k, 4)
  expectAscending(exclude, nExclude)
  let kept: u32 = 0
  let worst = NO_KEY
  let worstScore = -f32.MAX_VALUE
  const end = touched + ((<usize>nTouched) << 2)
  for (let at = touched; at < end; at += 4) {
    const index = load<u32>(at)
    expectIndex(index, n)
    const score = load<f32>(acc + ((<usize>index) << 2)) + biasOf(bias, index)
    if (score < worstScore) continue
    const key = keyOf(score, index)
    if (key < worst || !mayAppear(index, exclude, nExclude, allow)) continue
    kept = keep(kept, k, key, outIndex, outScore)
    if (kept < k) continue
    worst = rootKey(outIndex, outScore)
    worstScore = scoreOf(<u32>(worst >> 32))
  }
  if (order != 0) kept = walkUntouched(acc, bias, order, n, exclude, nExclude, allow, kept, k, outIndex, outScore)
  heapSort(outIndex, outScore, kept)
  return kept
}

function walkUntouched(
  acc: usize,
  bias: usize,
  order: usize,
  n: u32,
  exclude: usize,
  nExclude: u32,
  allow: usize,
  kept: u32,
  k: u32,
  outIndex: usize,
  outScore: usize,
): u32 {
  for (let o: u32 = 0; o < n; o++) {
    const index = load<u32>(order + ((<usize>o) << 2))
    expectIndex(index, n)
    const key = keyOf(<f32>0 + biasOf(bias, index), index)
    if (kept == k && key < rootKey(outIndex, outScore)) break
    if (load<u32>(acc + ((<usize>index) << 2)) != UNTOUCHED) continue
    if (!mayAppear(index, exclude, nExclude, allow)) continue
    kept = keep(kept, k, key, outIndex, outScore)
  }
  return kept
}

function keep(kept: u32, k: u32, key: u64, outIndex: usize, outScore: usize): u32 {
  if (kept == k) {
    heapReplaceRoot(outIndex, outScore, k, key)
    return kept
  }
  heapPush(outIndex, outScore, kept, key)
  return kept + 1
}

function biasOf(bias: usize, index: u32): f32 {
  return bias == 0 ? <f32>0 : load<f32>(bias + ((<usize>index) << 2))
}

function mayAppear(index: u32, exclude: usize, nExclude: u32, allow: usize): bool {
  return (allow == 0 || bitIsSet(allow, index)) && !contains(exclude, nExclude, index)
}

/** Binary search in ascending `values`. */
function contains(values: usize, n: u32, wanted: u32): bool {
  let low: u32 = 0
  let high = n
  while (low < high) {
    const middle = (low + high) >>> 1
    if (load<u32>(values + ((<usize>middle) << 2)) < wanted) low = middle + 1
    else high = middle
  }
  return low < n && load<u32>(values + ((<usize>low) << 2)) == wanted
}

function expectTables(
  acc: usize,
  bias: usize,
  touched: usize,
  nTouched: u32,
  order: usize,
  n: u32,
  allow: usize,
): void {
  expectArray(acc, n, 4)
  expectArray(touched, nTouched, 4)
  if (bias != 0) expectArray(bias, n, 4)
  if (order != 0) expectArray(order, n, 4)
  if (allow != 0) expectArray(allow, (n + 31) >>> 5, 4)
}
