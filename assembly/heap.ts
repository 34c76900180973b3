/**
 * The k best of a stream under the total order "score descending, index ascending": a binary heap with the worst of the
 * kept ones at its root, in the two arrays that become the answer, indexes u32[k] and scores f32[k].
 *
 * An entry is one u64 key that grows as the entry gets better: above, the score's bits made to sort as unsigned numbers;
 * below, the index inverted. One integer comparison then decides the total order, where two float ones and an index one
 * would be most of a heap's time. Until heapSort ends, `scores` holds the upper halves. Scores are finite and never -0.0.
 */

/** A key below that of any entry. */
export const NO_KEY: u64 = 0

export function keyOf(score: f32, index: u32): u64 {
  const bits = reinterpret<u32>(score)
  const sortable = bits ^ (<u32>(<i32>bits >> 31) | 0x80000000)
  return ((<u64>sortable) << 32) | <u64>~index
}

/** The worst of the kept ones. */
export function rootKey(indexes: usize, scores: usize): u64 {
  return keyAt(indexes, scores, 0)
}

/** Adds an entry to a heap of `n` entries that has room for one more. */
export function heapPush(indexes: usize, scores: usize, n: u32, key: u64): void {
  let hole = n
  while (hole > 0) {
    const parent = (hole - 1) >>> 1
    const parentKey = keyAt(indexes, scores, parent)
    if (parentKey <= key) break
    put(indexes, scores, hole, parentKey)
    hole = parent
  }
  put(indexes, scores, hole, key)
}

/** Puts an entry in the place of the root of a heap of `n` entries. */
export function heapReplaceRoot(indexes: usize, scores: usize, n: u32, key: u64): void {
  let hole: u32 = 0
  let child: u32 = 1
  while (child < n) {
    let childKey = keyAt(indexes, scores, child)
    if (child + 1 < n) {
      // No branch: which child is worse is a coin toss, and a wrong guess costs more than both loads.
      const rightKey = keyAt(indexes, scores, child + 1)
      child += <u32>(rightKey < childKey)
      childKey = select<u64>(rightKey, childKey, rightKey < childKey)
    }
    if (key <= childKey) break
    put(indexes, scores, hole, childKey)
    hole = child
    child = 2 * hole + 1
  }
  put(indexes, scores, hole, key)
}

/** Turns a heap of `n` entries into a list of indexes and scores, best first. */
export function heapSort(indexes: usize, scores: usize, n: u32): void {
  for (let last = n; last > 1; ) {
    last--
    const key = keyAt(indexes, scores, last)
    put(indexes, scores, last, keyAt(indexes, scores, 0))
    heapReplaceRoot(indexes, scores, last, key)
  }
  const end = scores + ((<usize>n) << 2)
  for (let at = scores; at < end; at += 4) store<f32>(at, scoreOf(load<u32>(at)))
}

export function scoreOf(sortable: u32): f32 {
  return reinterpret<f32>(sortable ^ (<u32>(<i32>~sortable >> 31) | 0x80000000))
}

function keyAt(indexes: usize, scores: usize, at: u32): u64 {
  const offset = (<usize>at) << 2
  const index = load<u32>(indexes + offset)
  return ((<u64>load<u32>(scores + offset)) << 32) | <u64>~index
}

function put(indexes: usize, scores: usize, at: u32, key: u64): void {
  const offset = (<usize>at) << 2
  store<u32>(indexes + offset, ~(<u32>key))
  store<u32>(scores + offset, <u32>(key >> 32))
}
