/**
 * Percentile bootstrap of means (Efron, Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13): cases are drawn with
 * replacement, all columns of a case together, and the 2.5th and 97.5th percentiles of the resampled means are told.
 */

const RESAMPLES = 1000

export type Interval = [low: number, high: number]

/** 95 % interval of each column's mean; columns have one value a case. The same seed gives the same intervals. */
export function bootstrapMeans(columns: readonly Float64Array[], seed: number): Interval[] {
  const n = columns[0].length
  const means = columns.map(() => new Float64Array(RESAMPLES))
  const next = splitMix32(seed)
  const drawn = new Uint32Array(n)
  for (let sample = 0; sample < RESAMPLES; sample++) {
    for (let i = 0; i < n; i++) drawn[i] = Math.floor((next() / 2 ** 32) * n)
    for (const [c, column] of columns.entries()) means[c][sample] = meanAt(column, drawn)
  }
  return means.map((values) => percentiles(values.sort()))
}

function meanAt(column: Float64Array, cases: Uint32Array): number {
  let sum = 0
  for (let i = 0; i < cases.length; i++) sum += column[cases[i]]
  return cases.length === 0 ? 0 : sum / cases.length
}

function percentiles(ascending: Float64Array): Interval {
  return [ascending[Math.floor(0.025 * RESAMPLES)], ascending[Math.ceil(0.975 * RESAMPLES) - 1]]
}

/** SplitMix32: the 32-bit finaliser of MurmurHash3 over a Weyl sequence (Steele, Lea, Flood, OOPSLA 2014). */
export function splitMix32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return (z ^ (z >>> 16)) >>> 0
  }
}
