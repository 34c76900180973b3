/**
 * A list of columns by falling sums, a chunk of it at a time: first about as many of the largest as are wanted, then what is
 * left. Whatever is asked of a column, its filter above all, waits for a cell of memory of its own, so few are asked.
 *
 * scratch u32[TIER_WORDS]: the chunk's sums, those of its columns that are at hand, counts of sums.
 */
import { expectArray, expectIndex } from './contract'

/** Columns of a chunk: what is read of it again stays in the nearest cache. */
export const CHUNK: u32 = 2048
const BUCKETS: u32 = 64
/** Of so many sums one is looked at to tell how large the largest are. */
const SAMPLED: u32 = 4

const COLUMNS: usize = CHUNK << 2
/** One more than a chunk: the place behind the last is written to. */
const COUNTS: usize = COLUMNS + ((CHUNK + 1) << 2)
export const TIER_WORDS: u32 = (<u32>COUNTS >> 2) + BUCKETS

export function columnsOf(scratch: usize): usize {
  return scratch + COLUMNS
}

/** Takes the sums of columns[count] from acc f32[n] to scratch, where they lie together. */
export function readSums(columns: usize, count: u32, n: u32, acc: usize, scratch: usize): void {
  expectArray(scratch, TIER_WORDS, 4)
  for (let at: usize = 0; at < (<usize>count) << 2; at += 4) {
    const index = load<u32>(columns + at)
    expectIndex(index, n)
    store<f32>(scratch + at, load<f32>(acc + ((<usize>index) << 2)))
  }
}

/**
 * Lists those of columns[count] whose sum is below `above`, at least `least`, and with `more` added at least `worst`; returns the
 * list's end. No branch: which they are cannot be foreseen, and with a branch wrong guesses cost half of the time again.
 */
export function listTier(
  columns: usize,
  count: u32,
  above: f32,
  least: f32,
  more: f32,
  worst: f32,
  scratch: usize,
): usize {
  let top = columnsOf(scratch)
  for (let at: usize = 0; at < (<usize>count) << 2; at += 4) {
    const sum = load<f32>(scratch + at)
    store<u32>(top, load<u32>(columns + at))
    top += (<usize>(<u32>(sum < above) & <u32>(sum >= least) & <u32>(sum + more >= worst))) << 2
  }
  return top
}

/** A number that about `wanted` of the `count` sums reach, by a sample of them; the least there is where that would be all. */
export function aboutLargest(count: u32, wanted: u32, scratch: usize): f32 {
  if (wanted >= count) return -f32.MAX_VALUE
  const end = scratch + ((<usize>count) << 2)
  let low = f32.MAX_VALUE
  let high = -f32.MAX_VALUE
  for (let at = scratch; at < end; at += SAMPLED << 2) {
    low = min(low, load<f32>(at))
    high = max(high, load<f32>(at))
  }
  const scale = <f32>(BUCKETS - 1) / (high - low)
  if (!(scale > 0) || scale == f32.POSITIVE_INFINITY) return -f32.MAX_VALUE
  const counts = scratch + COUNTS
  memory.fill(counts, 0, BUCKETS << 2)
  for (let at = scratch; at < end; at += SAMPLED << 2) {
    const bucket = counts + ((<usize>(<u32>((load<f32>(at) - low) * scale))) << 2)
    store<u32>(bucket, load<u32>(bucket) + SAMPLED)
  }
  let reached: u32 = 0
  for (let bucket = BUCKETS - 1; bucket > 0; bucket--) {
    reached += load<u32>(counts + ((<usize>bucket) << 2))
    if (reached >= wanted) return low + <f32>bucket / scale
  }
  return -f32.MAX_VALUE
}
