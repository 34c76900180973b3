/**
 * How traffic spreads over the hours of a week, from the times of requests:
 *
 *   rate_h = (requests in hours h + mean) / (hours h that were watched + 1)      share_h = rate_h / Σ rate
 *
 * with `mean` the requests of an average hour: one such hour is put before what was seen, so that an hour seen once is not
 * believed outright. Hours are watched from the first request's to the last one's. Unit: shares of a week, which sum to 1;
 * every share is above 0.
 */
import { HOUR_MS, hourOfWeek } from '../../core/scoring/pacing.ts'
import { HOURS_OF_WEEK } from '../../core/snapshot/manifest.ts'

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
  const whole = Math.floor(watched / HOURS_OF_WEEK)
  const rates = counts.map((count) => (count + mean) / (whole + 1))
  for (let hour = first + whole * HOURS_OF_WEEK; hour <= last; hour++) {
    const h = hourOfWeek(hour)
    rates[h] = (counts[h] + mean) / (whole + 2)
  }
  const sum = rates.reduce((total, rate) => total + rate, 0)
  return rates.map((rate) => rate / sum)
}
