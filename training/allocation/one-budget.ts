/**
 * One budget: the linear program's optimum, exactly. The dual is a function of one price,
 *
 *   g(λ) = λ B + Σ_r max(0, max_a v_a − λ w_a)
 *
 * so its minimum along the line from 0 is the price, and g there is the program's value (strong duality). At most one
 * request is split between two actions. Source: Sinha, Zoltners, The multiple-choice knapsack problem, Operations Research
 * 27 (1979). Units: λ is minor units of value for one unit of the budget.
 */
import { type AllocationInstance, dualValue } from './instance.ts'
import { PriceLine } from './line.ts'

export interface OneBudgetSolution {
  dualPrice: number
  /** The prices that are optimal; wider than a point where the budget ends between two requests. */
  lowest: number
  highest: number
  /** Of the linear program: no choice of whole actions is worth more. */
  objective: number
  /** The request at the margin: `share` of it takes `from`, the rest `to`. Null where the budget does not bind. */
  marginal: { request: number; from: number; to: number; share: number } | null
}

/** `instance` has one resource. */
export function solveOneBudget(instance: AllocationInstance): OneBudgetSolution {
  const { actionStart, value, budget } = instance
  const line = new PriceLine(actionStart)
  const crossing = line.minimum(value, totalUses(instance), budget[0], Number.POSITIVE_INFINITY, 0)
  const dualPrice = crossing?.t ?? 0
  return {
    dualPrice,
    lowest: dualPrice,
    highest: line.slopeAfter(dualPrice) === 0 ? line.nextAfter(dualPrice) : dualPrice,
    objective: dualValue(instance, Float64Array.of(dualPrice)),
    marginal: crossing && { request: crossing.request, from: crossing.from, to: crossing.to, share: crossing.share },
  }
}

function totalUses({ useStart, use, value }: AllocationInstance): Float64Array {
  const uses = new Float64Array(value.length)
  for (let a = 0; a < uses.length; a++) for (let u = useStart[a]; u < useStart[a + 1]; u++) uses[a] += use[u]
  return uses
}
