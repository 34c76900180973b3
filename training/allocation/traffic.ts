/**
 * How traffic spreads over the hours of a week, from the times of requests. With n_h requests in the e_h hours h that were
 * watched, and m in an hour in the mean,
 *
 *   n_h / e_h ~ N(rate_h, m / e_h),   rate_h ~ N(m, τ²),   share_h = E(rate_h) / Σ E(rate)
 *
 * so hours are believed the more, the more the week swings beyond what chance does (`shrinkage.ts`). Hours are watched from
 * the first request's to the last one's. Unit: shares of a week, which sum to 1; every share is above 0.
 */
import { HOUR_MS, hourOfWeek } from '../../core/scoring/pacing.ts'
import { HOURS_OF_WEEK } from '../../core/snapshot/manifest.ts'
import { shrink } from '../shrinkage.ts'

/** Null where less than a week was watched: most of its hours would be guesses. `timesMs` in any order. */
export function hourSharesOf(timesMs: ArrayLike<number>): Float64Array | null {
  const counts = new Float64Array(HOURS_OF_WEEK)
  let first = Number.POSITIVE_INFINITY
  let last = Number.NEGATIVE_INFINITY
  for (let i = 0; i < timesMs.length; i++) {
    const hour = Math.floor(timesMs[i] / HOUR_MS)
    counts[hourOfWeek(hour)]++
    if (hour < first) first = hour
    if (hour > last) last = hour
  }
  const watched = last - first + 1
  if (!(watched >= HOURS_OF_WEEK)) return null
  const mean = timesMs.length / watched
  const timesWatched = watchedHours(first, watched)
  const estimates = Array.from(counts, (count, h) => ({
    mean: count / timesWatched[h],
    variance: mean / timesWatched[h],
  }))
  const { items } = shrink(estimates, new Uint8Array(HOURS_OF_WEEK), 1, { mean, variance: mean ** 2 })
  const sum = items.reduce((total, rate) => total + rate.mean, 0)
  return Float64Array.from(items, (rate) => rate.mean / sum)
}

/** How often each hour of the week lies in `watched` hours from `first` on. */
function watchedHours(first: number, watched: number): Float64Array {
  const times = new Float64Array(HOURS_OF_WEEK).fill(Math.floor(watched / HOURS_OF_WEEK))
  for (let i = 0; i < watched % HOURS_OF_WEEK; i++) times[hourOfWeek(first + i)]++
  return times
}
