/**
 * The Poisson distribution as a table, from its mode outwards, so that no mean is too large for it:
 * p(n + 1) = p(n) · mean / (n + 1), until less than `NEGLIGIBLE` of the mode is left; the sum is 1.
 */
const NEGLIGIBLE = 1e-13

export interface Counts {
  /** The count that `probabilities[0]` belongs to. */
  first: number
  probabilities: Float64Array
}

/** `mean` ≥ 0, finite. */
export function poissonCounts(mean: number): Counts {
  const mode = Math.floor(mean)
  const below: number[] = []
  for (let n = mode, p = 1; n > 0 && p > NEGLIGIBLE; n--) {
    p *= n / mean
    below.push(p)
  }
  const above: number[] = [1]
  for (let n = mode, p = 1; p > NEGLIGIBLE; n++) {
    p *= mean / (n + 1)
    above.push(p)
  }
  const weights = [...below.reverse(), ...above]
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return { first: mode - below.length, probabilities: Float64Array.from(weights, (weight) => weight / total) }
}
