/**
 * The k best of a stream under the total order "score descending, index ascending", in two parallel arrays
 * indexes u32[k] and scores f32[k]: a binary heap with the worst of the kept ones at its root.
 */

/** Whether (score, index) comes after (otherScore, otherIndex). */
export function worse(score: f32, index: u32, otherScore: f32, otherIndex: u32): bool {
  return score < otherScore || (score == otherScore && index > otherIndex)
}

/** Adds an entry to a heap of `n` entries that has room for one more. */
export function heapPush(indexes: usize, scores: usize, n: u32, index: u32, score: f32): void {
  let hole = n
  while (hole > 0) {
    const parent = (hole - 1) >>> 1
    const parentIndex = load<u32>(indexes + ((<usize>parent) << 2))
    const parentScore = load<f32>(scores + ((<usize>parent) << 2))
    if (!worse(score, index, parentScore, parentIndex)) break
    put(indexes, scores, hole, parentIndex, parentScore)
    hole = parent
  }
  put(indexes, scores, hole, index, score)
}

/** Puts an entry in the place of the root of a heap of `n` entries. */
export function heapReplaceRoot(indexes: usize, scores: usize, n: u32, index: u32, score: f32): void {
  let hole: u32 = 0
  for (let child: u32 = 1; child < n; child = 2 * hole + 1) {
    if (child + 1 < n && worseAt(indexes, scores, child + 1, child)) child++
    const childIndex = load<u32>(indexes + ((<usize>child) << 2))
    const childScore = load<f32>(scores + ((<usize>child) << 2))
    if (!worse(childScore, childIndex, score, index)) break
    put(indexes, scores, hole, childIndex, childScore)
    hole = child
  }
  put(indexes, scores, hole, index, score)
}

/** Turns a heap of `n` entries into a list, best first. */
export function heapSort(indexes: usize, scores: usize, n: u32): void {
  for (let last = n; last > 1; ) {
    last--
    const index = load<u32>(indexes + ((<usize>last) << 2))
    const score = load<f32>(scores + ((<usize>last) << 2))
    put(indexes, scores, last, load<u32>(indexes), load<f32>(scores))
    heapReplaceRoot(indexes, scores, last, index, score)
  }
}

function worseAt(indexes: usize, scores: usize, a: u32, b: u32): bool {
  return worse(
    load<f32>(scores + ((<usize>a) << 2)),
    load<u32>(indexes + ((<usize>a) << 2)),
    load<f32>(scores + ((<usize>b) << 2)),
    load<u32>(indexes + ((<usize>b) << 2)),
  )
}

function put(indexes: usize, scores: usize, at: u32, index: u32, score: f32): void {
  store<u32>(indexes + ((<usize>at) << 2), index)
  store<f32>(scores + ((<usize>at) << 2), score)
}
