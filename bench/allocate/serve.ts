/**
 * One period served request by request, as the server does: the best action at the prices of the moment, if what it uses is
 * left of each resource. Between requests the prices follow the product's law of feedback, tick by tick. A use is counted
 * as it is expected, as in the linear program.
 */
import { nextDualPrice, type PacingLaw, type PacingPlan, startPacing } from '../../core/scoring/pacing.ts'
import { addUses, NOTHING } from '../../training/allocation/instance.ts'
import { MONDAY_MS, type Served } from './shop.ts'

export interface Outcome {
  valueMinor: number
  used: Float64Array
  /** Of each resource: whether more was used than there was. */
  isOver: boolean[]
}

/** By resource. A law of null leaves the price as planned. */
export interface Pace {
  plan: PacingPlan
  law: PacingLaw | null
}

export function servePeriod(served: Served, paces: Pace[], tickMs: number): Outcome {
  const { budget, timesMs, value } = served
  const used = new Float64Array(budget.length)
  let states = paces.map(({ plan }) => startPacing(plan, { timeMs: MONDAY_MS, spent: 0, outstanding: 0 }))
  let tickAt = MONDAY_MS + tickMs
  let valueMinor = 0
  for (let r = 0; r < timesMs.length; r++) {
    for (; tickAt <= timesMs[r]; tickAt += tickMs)
      states = states.map((state, m) => {
        const { plan, law } = paces[m]
        return law === null
          ? state
          : nextDualPrice(state, { timeMs: tickAt, spent: used[m], outstanding: 0 }, plan, law)
      })
    const action = bestLeft(
      served,
      r,
      states.map(({ dualPrice }) => dualPrice),
      used,
    )
    if (action === NOTHING) continue
    valueMinor += value[action]
    addUses(served, action, 1, used)
  }
  return { valueMinor, used, isOver: [...used].map((u, m) => u > budget[m]) }
}

/** The guard: an action that uses more than is left is dropped. */
export function bestLeft(served: Served, request: number, prices: ArrayLike<number>, used: Float64Array): number {
  const { actionStart, value, useStart, resource, use, budget } = served
  let best = NOTHING
  let most = 0
  for (let a = actionStart[request]; a < actionStart[request + 1]; a++) {
    let score = value[a]
    let isLeft = true
    for (let u = useStart[a]; u < useStart[a + 1]; u++) {
      const m = resource[u]
      score -= prices[m] * use[u]
      if (used[m] + use[u] > budget[m]) isLeft = false
    }
    if (!isLeft || score <= most) continue
    best = a
    most = score
  }
  return best
}

/** The same requests with budgets of a share of what they would use if nothing had a price. */
export function inShareOfFreeUse(served: Served, share: number): Served {
  const free: Served = { ...served, budget: served.budget.map(() => Number.POSITIVE_INFINITY) }
  const used = new Float64Array(served.budget.length)
  const noPrices = new Float64Array(served.budget.length)
  for (let r = 0; r < served.timesMs.length; r++) addUses(served, bestLeft(free, r, noPrices, used), 1, used)
  return { ...served, budget: used.map((u) => share * u) }
}
