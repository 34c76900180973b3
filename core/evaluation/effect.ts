/**
 * Average effect of a treatment from a randomised trial: the difference of two arms' means, with variances that may differ.
 *
 *   effect = mean(y_t) − mean(y_c)        se = √(s_t²/n_t + s_c²/n_c)
 *
 * s² is the unbiased sample variance (n − 1). In units of the outcome. Neyman, 1923 (Statistical Science 5, 1990).
 */

/** One arm's outcomes, gathered one by one (Welford, Technometrics 4, 1962). */
export class ArmTally {
  n = 0
  mean = 0
  #squares = 0

  add(outcome: number): void {
    this.n++
    const deviation = outcome - this.mean
    this.mean += deviation / this.n
    this.#squares += deviation * (outcome - this.mean)
  }

  /** NaN of fewer than two outcomes. */
  get variance(): number {
    return this.n < 2 ? Number.NaN : this.#squares / (this.n - 1)
  }
}

export interface Effect {
  effect: number
  standardError: number
}

/** Both arms have at least two outcomes. */
export function differenceOfMeans(treated: ArmTally, control: ArmTally): Effect {
  return {
    effect: treated.mean - control.mean,
    standardError: Math.sqrt(treated.variance / treated.n + control.variance / control.n),
  }
}
