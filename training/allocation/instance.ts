/**
 * An allocation: which action each request gets when all actions share limited resources. The linear program is
 *
 *   max Σ_r Σ_a v_a x_a   with   Σ_a w_m,a x_a ≤ B_m for each resource m,   Σ_{a of r} x_a ≤ 1 for each request r,   x ≥ 0
 *
 * a multiple-choice knapsack with fractions allowed. Giving nothing is worth 0, uses nothing and is not listed. A use
 * may be below 0: an action that earns more than its share of a floor on returns lets others earn less.
 *
 * Units: v in minor units of margin; w and B in the resource's own (minor units of a budget, pieces of a stock). Numbers are
 * finite: `plan.ts` checks them.
 */
export interface AllocationInstance {
  /** Request r has the actions `actionStart[r] .. actionStart[r + 1)`. */
  actionStart: Uint32Array
  value: Float64Array
  /** Action a uses `use[u]` of `resource[u]` for u in `useStart[a] .. useStart[a + 1)`, each resource at most once. */
  useStart: Uint32Array
  resource: Uint32Array
  use: Float64Array
  /** Of each resource, not negative. */
  budget: Float64Array
}

/** In place of an action: nothing is given. */
export const NOTHING = -1

/** Adds `times` the uses of an action to `used`. */
export function addUses(instance: AllocationInstance, action: number, times: number, used: Float64Array): void {
  if (action === NOTHING) return
  const { useStart, resource, use } = instance
  for (let u = useStart[action]; u < useStart[action + 1]; u++) used[resource[u]] += times * use[u]
}

/** Every action's value less what its uses cost, v_a − Σ_m λ_m w_m,a; written into `scores`. */
export function priceActions(instance: AllocationInstance, prices: Float64Array, scores: Float64Array): void {
  const { value, useStart, resource, use } = instance
  for (let a = 0; a < value.length; a++) {
    let score = value[a]
    for (let u = useStart[a]; u < useStart[a + 1]; u++) score -= prices[resource[u]] * use[u]
    scores[a] = score
  }
}

/** Lagrangian bound Σ_m λ_m B_m + Σ_r max(0, max_a v_a − Σ_m λ_m w_m,a): below the program's value at no prices λ ≥ 0. */
export function dualValue(instance: AllocationInstance, prices: Float64Array): number {
  const { actionStart, value, budget } = instance
  const scores = new Float64Array(value.length)
  priceActions(instance, prices, scores)
  let bound = 0
  for (let m = 0; m < budget.length; m++) bound += prices[m] * budget[m]
  for (let r = 0; r + 1 < actionStart.length; r++) {
    let best = 0
    for (let a = actionStart[r]; a < actionStart[r + 1]; a++) if (scores[a] > best) best = scores[a]
    bound += best
  }
  return bound
}

/** Every `step`-th request, with budgets in proportion. */
export function thinned(instance: AllocationInstance, step: number): AllocationInstance {
  const { actionStart, value, useStart, resource, use, budget } = instance
  const n = actionStart.length - 1
  const starts = [0]
  const actions: number[] = []
  const uses: number[] = []
  const useStarts = [0]
  for (let r = 0; r < n; r += step) {
    for (let a = actionStart[r]; a < actionStart[r + 1]; a++) {
      actions.push(a)
      for (let u = useStart[a]; u < useStart[a + 1]; u++) uses.push(u)
      useStarts.push(uses.length)
    }
    starts.push(actions.length)
  }
  return {
    actionStart: Uint32Array.from(starts),
    value: Float64Array.from(actions, (a) => value[a]),
    useStart: Uint32Array.from(useStarts),
    resource: Uint32Array.from(uses, (u) => resource[u]),
    use: Float64Array.from(uses, (u) => use[u]),
    budget: budget.map((b) => (b * (starts.length - 1)) / n),
  }
}
