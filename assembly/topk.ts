/**
 * Exact top-k of score(i) = (touched ? acc[i] : 0) + bias[i], in f32, under the total order "score descending, index
 * ascending". The touched columns are read from their list. The untouched ones score their bias alone, so walking them in
 * descending bias ends at the first that cannot enter: the cost does not grow with the number of columns. Where that walk
 * becomes long because few columns may appear, those few are listed instead.
 */
import { bitIsSet } from './bitmap'
import { expectArray, expectAscending, expectCount, expectIndex } from './contract'
import { heapPush, heapReplaceRoot, heapSort, keyOf, NO_KEY, rootKey, scoreOf } from './heap'
import { expectPredicates, keepBits, keepMeeting, meetsAll } from './predicates'
import { UNTOUCHED } from './sparse'
import { aboutLargest, CHUNK, columnsOf, listTier, readSums } from './tiers'

/** How much larger than the tier before the next one is. */
const TIER_GROWTH: u32 = 4

/** In place of a number of columns: too few met the predicates on a walk as long as allowed. */
export const INCOMPLETE: i32 = -1

/**
 * acc f32[n] as left by accumulateRows; bias f32[n], or 0 for none;
 * touched u32[nTouched]; scratch u32[TIER_WORDS]; firstTier: about how many of them are asked first, those with the largest sums; > 0;
 * order u32[n]: all columns by bias descending, then index ascending, or 0 to consider the touched columns only;
 * exclude u32[nExclude] ascending; allow: bitmap of n bits, or 0 for all; predicates as predicates.ts has them, or 0 for none.
 * mostWalked: where the walk through `order` is longer, those that `allow` leaves are listed instead; with predicates the
 * answer is INCOMPLETE then, and the caller asks again with a bitmap of who meets them. Without either the walk has no end.
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
  predicates: usize,
  mostWalked: u32,
  k: u32,
  firstTier: u32,
  scratch: usize,
  outIndex: usize,
  outScore: usize,
): i32 {
  expectTables(acc, bias, touched, nTouched, order, n, allow)
  expectCount(k)
  expectCount(firstTier)
  expectArray(outIndex, k, 4)
  expectArray(outScore, k, 4)
  expectAscending(exclude, nExclude)
  expectPredicates(predicates, n)
  let kept: u32 = 0
  const end = touched + ((<usize>nTouched) << 2)
  const highest = largestBias(bias, order, n)
  for (let chunk = touched; chunk < end; chunk += (<usize>CHUNK) << 2) {
    const count = min(CHUNK, <u32>((end - chunk) >> 2))
    kept = keepTouched(
      chunk,
      count,
      acc,
      bias,
      highest,
      n,
      exclude,
      nExclude,
      allow,
      predicates,
      kept,
      k,
      firstTier,
      scratch,
      outIndex,
      outScore,
    )
  }
  if (order != 0) {
    const walked = allow == 0 && predicates == 0 ? n : min(n, mostWalked)
    kept = walkUntouched(acc, bias, order, n, walked, exclude, nExclude, allow, predicates, kept, k, outIndex, outScore)
    if (walked < n) {
      const next = biasKeyOf(bias, load<u32>(order + ((<usize>walked) << 2)))
      if (kept < k || next > rootKey(outIndex, outScore)) {
        if (predicates != 0) return INCOMPLETE
        kept = listUntouched(acc, bias, next, n, exclude, nExclude, allow, kept, k, outIndex, outScore)
      }
    }
  }
  heapSort(outIndex, outScore, kept)
  return kept
}

/**
 * Takes in a chunk of the touched columns, in tiers of falling sums: what is left cannot enter any more once its largest sum with
 * the largest bias stays below the worst that is kept.
 */
function keepTouched(
  columns: usize,
  count: u32,
  acc: usize,
  bias: usize,
  highest: f32,
  n: u32,
  exclude: usize,
  nExclude: u32,
  allow: usize,
  predicates: usize,
  kept: u32,
  k: u32,
  firstTier: u32,
  scratch: usize,
  outIndex: usize,
  outScore: usize,
): u32 {
  readSums(columns, count, n, acc, scratch)
  const from = columnsOf(scratch)
  let above = f32.POSITIVE_INFINITY
  let used: u32 = 0
  for (let wanted = firstTier; ; wanted *= TIER_GROWTH) {
    let worst = kept < k ? NO_KEY : rootKey(outIndex, outScore)
    const worstScore = kept < k ? -f32.MAX_VALUE : scoreOf(<u32>(worst >> 32))
    if (above + highest < worstScore) break
    const least = kept < k ? aboutLargest(count, wanted, scratch) : -f32.MAX_VALUE
    let end = listTier(columns, count, above, least, highest, worstScore, scratch)
    end = keepMeeting(from, end, predicates)
    if (allow != 0) end = keepBits(from, end, allow)
    if (bias != 0) used ^= fetch(from, end, bias)
    for (let at = from; at < end; at += 4) {
      const index = load<u32>(at)
      const key = keyOf(load<f32>(acc + ((<usize>index) << 2)) + biasOf(bias, index), index)
      if (key < worst || contains(exclude, nExclude, index)) continue
      kept = keep(kept, k, key, outIndex, outScore)
      if (kept == k) worst = rootKey(outIndex, outScore)
    }
    if (least == -f32.MAX_VALUE) break
    above = least
  }
  // Used, or the reads would be optimised away.
  store<u32>(from, used)
  return kept
}

/** Reads the candidates' values: met one by one, each costs a wait for the memory. The result means nothing. */
function fetch(from: usize, end: usize, values: usize): u32 {
  let used: u32 = 0
  for (let at = from; at < end; at += 4) used ^= load<u32>(values + ((<usize>load<u32>(at)) << 2))
  return used
}

/** What no column's bias is above. */
function largestBias(bias: usize, order: usize, n: u32): f32 {
  if (bias == 0 || n == 0) return 0
  return order == 0 ? f32.MAX_VALUE : biasOf(bias, load<u32>(order))
}

/** Takes in the untouched among the first `walked` columns of `order`. */
function walkUntouched(
  acc: usize,
  bias: usize,
  order: usize,
  n: u32,
  walked: u32,
  exclude: usize,
  nExclude: u32,
  allow: usize,
  predicates: usize,
  kept: u32,
  k: u32,
  outIndex: usize,
  outScore: usize,
): u32 {
  for (let o: u32 = 0; o < walked; o++) {
    const index = load<u32>(order + ((<usize>o) << 2))
    expectIndex(index, n)
    const key = biasKeyOf(bias, index)
    if (kept == k && key < rootKey(outIndex, outScore)) break
    if (isTouched(acc, index) || !meets(index, allow, predicates) || contains(exclude, nExclude, index)) continue
    kept = keep(kept, k, key, outIndex, outScore)
  }
  return kept
}

/** Takes in the untouched columns of `allow` from the key `next` on downwards. */
function listUntouched(
  acc: usize,
  bias: usize,
  next: u64,
  n: u32,
  exclude: usize,
  nExclude: u32,
  allow: usize,
  kept: u32,
  k: u32,
  outIndex: usize,
  outScore: usize,
): u32 {
  for (let from: u32 = 0; from < n; from += 32) {
    for (let rest = load<u32>(allow + ((<usize>(from >>> 5)) << 2)); rest != 0; rest &= rest - 1) {
      const index = from + <u32>ctz<u32>(rest)
      const key = biasKeyOf(bias, index)
      if (key > next || (kept == k && key < rootKey(outIndex, outScore))) continue
      if (isTouched(acc, index) || contains(exclude, nExclude, index)) continue
      kept = keep(kept, k, key, outIndex, outScore)
    }
  }
  return kept
}

function isTouched(acc: usize, index: u32): bool {
  return load<u32>(acc + ((<usize>index) << 2)) != UNTOUCHED
}

function keep(kept: u32, k: u32, key: u64, outIndex: usize, outScore: usize): u32 {
  if (kept == k) {
    heapReplaceRoot(outIndex, outScore, k, key)
    return kept
  }
  heapPush(outIndex, outScore, kept, key)
  return kept + 1
}

/** Of an untouched column. */
function biasKeyOf(bias: usize, index: u32): u64 {
  return keyOf(<f32>0 + biasOf(bias, index), index)
}

function biasOf(bias: usize, index: u32): f32 {
  return bias == 0 ? <f32>0 : load<f32>(bias + ((<usize>index) << 2))
}

function meets(index: u32, allow: usize, predicates: usize): bool {
  return (predicates == 0 || meetsAll(predicates, index)) && (allow == 0 || bitIsSet(allow, index))
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
