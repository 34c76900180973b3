/**
 * One more number that moves the odds of buying beside what an item's own offer does.
 *
 *   logit P(bought) = z + k x
 *
 * z is what all else makes of it. Posterior mode of k by Newton's method under k ~ N(mean, spread²).
 */
export interface SideEffect {
  mean: number
  se: number
}

export interface EffectRows {
  /** z. */
  logOdds: Float64Array
  x: Float64Array
  weight: Float64Array
  bought: Uint8Array
}

const STEPS = 25
const CONVERGED = 1e-9

/** `counts`: which rows do. */
export function learnSideEffect(
  { logOdds, x, weight, bought }: EffectRows,
  prior: { mean: number; spread: number },
  counts: (row: number) => boolean = () => true,
): SideEffect {
  let k = prior.mean
  for (let step = 0; ; step++) {
    let score = (prior.mean - k) / prior.spread ** 2
    let information = 1 / prior.spread ** 2
    for (let row = 0; row < x.length; row++) {
      if (x[row] === 0 || !counts(row)) continue
      const p = 1 / (1 + Math.exp(-logOdds[row] - k * x[row]))
      score += weight[row] * (bought[row] - p) * x[row]
      information += weight[row] * p * (1 - p) * x[row] ** 2
    }
    const change = score / information
    k += change
    if (Math.abs(change) < CONVERGED || step === STEPS) return { mean: k, se: Math.sqrt(1 / information) }
  }
}
