/**
 * Is a snapshot worse than the one before? It is when a figure is worse by more than its limit and by more than chance explains:
 *
 *   shares   (p₁ − p₀) / √(p(1 − p)(1/n₁ + 1/n₀)) > SIGMAS     p: of both together (pooled two-proportion z-test)
 *   means    (m₁ − m₀) / √(s₁²/n₁ + s₀²/n₀)       > SIGMAS     s²: unbiased variance (Welch, Biometrika 34, 1947)
 *   latency  q₁ > max(factor · q₀, q₀ + ms)                    q: 95th percentile, milliseconds
 *
 * 1: the snapshot in question, 0: the one before. The test is made again and again while requests come in, so SIGMAS is far above
 * what one test would need. Only a rise of the mean discount counts: a budget that runs out lowers it, whatever the snapshot.
 */
import type { Discounts, Vitals } from './vitals.ts'

/** What is worse by no more than this is no reason to return. */
export interface VerdictLimits {
  /** Requests that each of the two has answered before they are compared. */
  leastRequests: number
  /** Rise of the share of requests that failed. */
  errorShare: number
  /** Rise of the share of answers without items. */
  emptyShare: number
  /** Rise of the share of answers that used nothing of a shopper. */
  fallbackShare: number
  /** Times that what an answer takes off on average. */
  discountFactor: number
  /** Times the 95th percentile of latency, and milliseconds over it: both must be passed. */
  latencyFactor: number
  latencyMs: number
}

const SIGMAS = 5
const QUANTILE = 0.95

/** Why to return, as a sentence; null: no reason, or too few requests to tell. */
export function verdict(now: Vitals, before: Vitals, limits: VerdictLimits): string | null {
  if (Math.min(now.requests, before.requests) < limits.leastRequests) return null
  return (
    shareWorse('failed requests', [now.errors, now.requests], [before.errors, before.requests], limits.errorShare) ??
    shareWorse('empty answers', [now.empty, now.answers], [before.empty, before.answers], limits.emptyShare) ??
    shareWorse('fall-backs', [now.fallbacks, now.answers], [before.fallbacks, before.answers], limits.fallbackShare) ??
    discountWorse(now.discounts, before.discounts, limits.discountFactor) ??
    latencyWorse(now, before, limits)
  )
}

type Share = [count: number, of: number]

function shareWorse(what: string, [x1, n1]: Share, [x0, n0]: Share, limit: number): string | null {
  if (n1 === 0 || n0 === 0) return null
  const rise = x1 / n1 - x0 / n0
  const pooled = (x1 + x0) / (n1 + n0)
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
  if (!(rise > limit && rise > SIGMAS * error)) return null
  return `share of ${what} ${(x1 / n1).toFixed(4)} of ${n1}, before ${(x0 / n0).toFixed(4)} of ${n0}`
}

function discountWorse(now: Discounts, before: Discounts, factor: number): string | null {
  if (now.n < 2 || before.n < 2) return null
  const [m1, m0] = [now.sum / now.n, before.sum / before.n]
  const error = Math.sqrt(squaredError(now) + squaredError(before))
  if (!(m1 > factor * m0 && m1 - m0 > SIGMAS * error)) return null
  return `mean discount of an answer ${m1.toFixed(2)} minor units, before ${m0.toFixed(2)}`
}

/** s² / n */
function squaredError({ n, sum, squares }: Discounts): number {
  return Math.max(0, squares - (sum * sum) / n) / (n - 1) / n
}

function latencyWorse(now: Vitals, before: Vitals, { latencyFactor, latencyMs }: VerdictLimits): string | null {
  const [q1, q0] = [now.latencyMs(QUANTILE), before.latencyMs(QUANTILE)]
  if (!(q1 > Math.max(latencyFactor * q0, q0 + latencyMs))) return null
  return `95th percentile of latency ${q1.toFixed(1)} ms, before ${q0.toFixed(1)} ms`
}
