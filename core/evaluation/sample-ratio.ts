/**
 * Sample-ratio check of an experiment: do the arms' counts agree with the shares they were planned to have? A small p says
 * that assignment or logging is broken, and that no effect of the experiment can be trusted (Fabijan et al., KDD 2019).
 *
 *   χ² = Σ (n_a − N s_a)² / (N s_a)        p = P(χ²_{A−1} ≥ χ²) = Q((A − 1)/2, χ²/2)
 *
 * Q is the regularised upper incomplete gamma function: 1 − its series below a + 1, Lentz's continued fraction above.
 */

export interface SampleRatio {
  chiSquare: number
  p: number
}

/** At least two arms; `shares` are positive and sum to 1. */
export function sampleRatio(counts: readonly number[], shares: readonly number[]): SampleRatio {
  const total = counts.reduce((sum, count) => sum + count, 0)
  const chiSquare = counts.reduce(
    (sum, count, arm) => sum + (count - total * shares[arm]) ** 2 / (total * shares[arm]),
    0,
  )
  return { chiSquare, p: chiSquareTail(chiSquare, counts.length - 1) }
}

/** P(χ² with `degrees` of freedom ≥ x); x ≥ 0. */
export function chiSquareTail(x: number, degrees: number): number {
  const a = degrees / 2
  const half = x / 2
  if (half === 0) return 1
  const scale = Math.exp(a * Math.log(half) - half - logGamma(a))
  return half < a + 1 ? 1 - scale * lowerSeries(a, half) : scale * upperFraction(a, half)
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a
  let sum = term
  for (let n = 1; term > sum * Number.EPSILON; n++) {
    term *= x / (a + n)
    sum += term
  }
  return sum
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a
  let c = 1 / Number.MIN_VALUE
  let d = 1 / b
  let fraction = d
  for (let i = 1; i < 10_000; i++) {
    const term = -i * (i - a)
    b += 2
    d = 1 / (term * d + b)
    c = b + term / c
    fraction *= d * c
    if (Math.abs(d * c - 1) < 1e-15) break
  }
  return fraction
}

/** ln Γ of a positive multiple of 1/2, by Γ(a + 1) = a Γ(a) from Γ(1/2) = √π and Γ(1) = 1. */
function logGamma(a: number): number {
  let log = Number.isInteger(a) ? 0 : Math.log(Math.PI) / 2
  for (let factor = Number.isInteger(a) ? 1 : 0.5; factor < a; factor++) log += Math.log(factor)
  return log
}
