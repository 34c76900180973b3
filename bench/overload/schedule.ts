/**
 * When requests of an open loop are sent: Poisson arrivals (gaps are exponential with mean 1 / rate), one stretch after the other,
 * whatever became of the requests before.
 */
import { Random } from '../random.ts'

export interface Stretch {
  perSecond: number
  seconds: number
}

/** Milliseconds from the beginning, ascending. */
export function arrivalsMs(stretches: Stretch[], seed: number): Float64Array {
  const random = new Random(seed)
  const times: number[] = []
  let start = 0
  for (const { perSecond, seconds } of stretches) {
    const end = start + 1000 * seconds
    const gapMs = () => (-Math.log(1 - random.uniform()) * 1000) / perSecond
    for (let at = start + gapMs(); at < end; at += gapMs()) times.push(at)
    start = end
  }
  return Float64Array.from(times)
}
