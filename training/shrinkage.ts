/**
 * Empirical-Bayes shrinkage of item estimates towards their group's mean, and of the groups' means towards the global
 * one, in a normal model with known sampling variances:
 *
 *   b_i ~ N(θ_i, s_i²),   θ_i ~ N(μ_g, τ²),   μ_g ~ N(μ, τ_g²),   μ ~ N(prior)
 *
 * τ² by the moment estimator of DerSimonian and Laird (Controlled Clinical Trials 7, 1986), pooled over the groups.
 * Posterior means are weighted by precision: an item without an estimate gets its group's, a group without one the
 * global one.
 */

export interface Estimate {
  mean: number
  variance: number
}

export interface Shrunk {
  /** By item. */
  items: Estimate[]
  /** Means of the groups. */
  groups: Estimate[]
  global: Estimate
  /** Variance of the true values around their group's mean, and of the groups' around the global one. */
  withinGroups: number
  betweenGroups: number
}

/** `groupOf[i]`: group of item i, below `nGroups`. */
export function shrink(
  estimates: (Estimate | null)[],
  groupOf: ArrayLike<number>,
  nGroups: number,
  prior: Estimate,
): Shrunk {
  const groups = Array.from({ length: nGroups }, (): Estimate[] => [])
  estimates.forEach((estimate, i) => {
    if (estimate) groups[groupOf[i]].push(estimate)
  })
  const withinGroups = heterogeneity(groups)
  const observed = groups.map((group) => pooled(group, withinGroups))
  const seen = observed.filter((group) => group !== null)
  const betweenGroups = heterogeneity([seen])
  const global = combine(pooled(seen, betweenGroups), prior)
  const means = observed.map((group) => combine(group, widened(global, betweenGroups)))
  return {
    items: estimates.map((estimate, i) => combine(estimate, widened(means[groupOf[i]], withinGroups))),
    groups: means,
    global,
    withinGroups,
    betweenGroups,
  }
}

/** Normal posterior of `prior` after seeing `estimate`. */
export function combine(estimate: Estimate | null, prior: Estimate): Estimate {
  if (estimate === null) return prior
  const precision = 1 / estimate.variance + 1 / prior.variance
  const mean = (estimate.mean / estimate.variance + prior.mean / prior.variance) / precision
  return { mean, variance: 1 / precision }
}

function widened({ mean, variance }: Estimate, by: number): Estimate {
  return { mean, variance: variance + by }
}

/** Mean weighted by precision under a spread of τ² between the members; null of none. */
function pooled(members: Estimate[], tauSquares: number): Estimate | null {
  if (members.length === 0) return null
  let weights = 0
  let sum = 0
  for (const { mean, variance } of members) {
    weights += 1 / (variance + tauSquares)
    sum += mean / (variance + tauSquares)
  }
  return { mean: sum / weights, variance: 1 / weights }
}

/** τ² = max(0, (Q − Σ(n_g − 1)) / Σ(W − ΣW²/W)), with weights 1/s² and Q the weighted squares around each mean. */
function heterogeneity(groups: Estimate[][]): number {
  let excess = 0
  let scale = 0
  for (const group of groups) {
    const centre = pooled(group, 0)
    if (centre === null || group.length < 2) continue
    const weights = 1 / centre.variance
    let squares = 0
    for (const { mean, variance } of group) {
      excess += (mean - centre.mean) ** 2 / variance
      squares += 1 / variance ** 2
    }
    excess -= group.length - 1
    scale += weights - squares / weights
  }
  return scale > 0 ? Math.max(0, excess / scale) : 0
}
