/**
 * When requests of an open loop arrive: a Poisson process, so that the gap to the next arrival is exponential with mean
 * 1000 / perSecond milliseconds, whatever became of the requests before. Ascending milliseconds from the start, in memory that
 * threads share.
 */
import { Random } from '../random.ts'

export function arrivals(perSecond: number, seconds: number, seed: number): Float64Array<SharedArrayBuffer> {
  const random = new Random(seed)
  const times: number[] = []
  for (let at = gapMs(perSecond, random); at < 1000 * seconds; at += gapMs(perSecond, random)) times.push(at)
  const shared = new Float64Array(new SharedArrayBuffer(8 * times.length))
  shared.set(times)
  return shared
}

const gapMs = (perSecond: number, random: Random) => (-Math.log(1 - random.uniform()) * 1000) / perSecond
