/**
 * Prices of several resources, and the program's value from both sides:
 *
 *   objective = Σ_r v of the chosen actions, fractions at split requests       feasible, so below the optimum
 *   bound     = g(λ) = λ · B + Σ_r max(0, max_a v_a − λ · w_a)                 weak duality, so above it
 *
 * Work is on numbers near 1: values by their mean size, uses by that of their resource. Values get up to 1e-8 of their
 * mean on top, by position, so that no more actions tie in a corner than there are resources (Charnes' perturbation); the
 * figures told are of the values as given. A start comes from every fourth request, again and again.
 */
import { splitMix32 } from '../../core/evaluation/bootstrap.ts'
import { Descent } from './descent.ts'
import { type AllocationInstance, dualValue, NOTHING, thinned } from './instance.ts'

/** Requests from which on a start is sought on fewer. */
const FEW = 1000
const THINNED = 4
const PERTURBATION = 1e-8
/** Steps after which the best prices so far are taken; `bound` − `objective` tells how good they are. */
const MOST_STEPS = 5000

export interface DualSolution {
  dualPrices: Float64Array
  bound: number
  /** Null where steps ran out: seen in about one of 70,000 tiny instances, at corners of budgets that are 0 or tied. */
  objective: number | null
  /** Of each request: the action it takes, or most of it. */
  choice: Int32Array
  /** Requests of which a share goes to a further action. */
  split: { request: number; action: number; share: number }[]
  steps: number
}

export function solveDual(instance: AllocationInstance): DualSolution {
  const units = unitsOf(instance)
  const { descent, steps, isOptimal } = descended(inUnits(instance, units))
  const dualPrices = descent.prices.map((price, m) => (price * units.value) / units.use[m])
  const split = descent.planes.flatMap((plane, j) =>
    plane.kind === 'tie' ? [{ request: plane.request, action: plane.action, share: descent.weights[j] }] : [],
  )
  const { choice } = descent
  const objective = isOptimal ? worthOf(instance, choice, split) : null
  return { dualPrices, bound: dualValue(instance, dualPrices), objective, choice, split, steps }
}

function descended(instance: AllocationInstance): { descent: Descent; steps: number; isOptimal: boolean } {
  const start = instance.actionStart.length > FEW ? descended(thinned(instance, THINNED)).descent.prices : null
  const descent = new Descent(instance, start ?? new Float64Array(instance.budget.length))
  for (let steps = 0; steps < MOST_STEPS; steps++) if (!descent.step()) return { descent, steps, isOptimal: true }
  return { descent, steps: MOST_STEPS, isOptimal: false }
}

interface Units {
  value: number
  use: Float64Array
}

function unitsOf({ value, resource, use, budget }: AllocationInstance): Units {
  const sums = new Float64Array(budget.length)
  const counts = new Float64Array(budget.length)
  for (let u = 0; u < use.length; u++) {
    sums[resource[u]] += Math.abs(use[u])
    counts[resource[u]]++
  }
  const values = value.reduce((sum, v) => sum + Math.abs(v), 0)
  return { value: values / value.length || 1, use: sums.map((sum, m) => sum / counts[m] || 1) }
}

function inUnits(instance: AllocationInstance, units: Units): AllocationInstance {
  const { value, use, resource, budget } = instance
  return {
    ...instance,
    value: value.map((v, a) => v / units.value + (PERTURBATION * splitMix32(a)()) / 2 ** 32),
    use: use.map((w, u) => w / units.use[resource[u]]),
    budget: budget.map((b, m) => b / units.use[m]),
  }
}

function worthOf({ value }: AllocationInstance, choice: Int32Array, split: DualSolution['split']): number {
  const worth = (action: number) => (action === NOTHING ? 0 : value[action])
  const whole = choice.reduce((sum, action) => sum + worth(action), 0)
  return split.reduce(
    (sum, { request, action, share }) => sum + share * (worth(action) - worth(choice[request])),
    whole,
  )
}
