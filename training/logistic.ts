/**
 * Logistic regression on one variable, p = 1 / (1 + e^−(intercept + slope · x)), by Newton's method with a ridge:
 * maximises the log-likelihood − ridge · slope² / 2 (Platt, Advances in Large Margin Classifiers, 1999).
 */
import type { Logistic } from '../core/snapshot/manifest.ts'

const RIDGE = 1
const STEPS = 100
const CONVERGED = 1e-10

/** `labels` hold 0 and 1, at least one of each; all `x` are finite. */
export function fitLogistic(x: ArrayLike<number>, labels: ArrayLike<number>): Logistic {
  let fit: Logistic = { intercept: logOdds(labels), slope: 0 }
  for (let step = 0; step < STEPS; step++) {
    const { gradient, hessian } = derivatives(fit, x, labels)
    const determinant = hessian.aa * hessian.bb - hessian.ab ** 2
    const da = (hessian.bb * gradient.a - hessian.ab * gradient.b) / determinant
    const db = (hessian.aa * gradient.b - hessian.ab * gradient.a) / determinant
    fit = { intercept: fit.intercept + da, slope: fit.slope + db }
    if (Math.abs(da) + Math.abs(db) < CONVERGED) break
  }
  return fit
}

export function logOdds(labels: ArrayLike<number>): number {
  let positives = 0
  for (let i = 0; i < labels.length; i++) positives += labels[i]
  return Math.log(positives / (labels.length - positives))
}

export function probability({ intercept, slope }: Logistic, x: number): number {
  return 1 / (1 + Math.exp(-(intercept + slope * x)))
}

function derivatives(fit: Logistic, x: ArrayLike<number>, labels: ArrayLike<number>) {
  const gradient = { a: 0, b: -RIDGE * fit.slope }
  const hessian = { aa: 0, ab: 0, bb: RIDGE }
  for (let i = 0; i < x.length; i++) {
    const p = probability(fit, x[i])
    const weight = p * (1 - p)
    gradient.a += labels[i] - p
    gradient.b += (labels[i] - p) * x[i]
    hessian.aa += weight
    hessian.ab += weight * x[i]
    hessian.bb += weight * x[i] * x[i]
  }
  return { gradient, hessian }
}
