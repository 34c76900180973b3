/**
 * From requests as they came, or are expected, and the budgets of campaigns to the price at which each campaign's pacing
 * starts. The prices are the optimal duals of
 *
 *   max Σ value x   with   Σ_requests Σ_actions of c  cost x ≤ B_c · n / N_c   for each campaign c
 *
 * where n requests are known and N_c are expected while the budget B_c is to last (`instance.ts`, `one-budget.ts`,
 * `dual.ts`). What an action is worth at the prices is then value − λ_c cost, as the server weighs it. Units: minor units
 * of margin and of discount a request, so λ is without one. Pure: the same requests give the same plan.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { Allocation } from '../../core/snapshot/manifest.ts'
import { solveDual } from './dual.ts'
import { type AllocationInstance, dualValue } from './instance.ts'
import { solveOneBudget } from './one-budget.ts'
import { hourSharesOf } from './traffic.ts'

/** One step of a campaign's ladder, for one shopper. */
export interface PlannedAction {
  campaignId: string
  /** v: what it adds to the margin in the mean, before the price of the budget. May be below 0. */
  valueMinor: number
  /** p · δ: what it costs the campaign's budget in the mean. */
  costMinor: number
}

/** A request takes one of its actions, or none. */
export interface PlannedRequest {
  /** When it came, ms since 1970. */
  timeMs: number
  actions: PlannedAction[]
}

export interface PlannedBudget {
  campaignId: string
  budgetMinor: number
  /** Requests like those known, while the budget is to last. */
  expectedRequests: number
}

export interface AllocationPlan {
  /**
   * λ⁰ of each campaign, 0 where its budget is more than it can use, and how the requests for which it has an action spread
   * over a week; left out where less than a week is known. As a snapshot's manifest takes it.
   */
  campaigns: Allocation
  /** What the known requests are worth at most, within the budgets' part for them. */
  boundMinor: number
}

/**
 * An action of a campaign without a budget uses nothing. Throws `invalid_value` with field and value: no requests, a
 * number that is not finite, a negative cost or budget, `expectedRequests` not above 0, a campaign with two budgets.
 */
export function planAllocation(requests: readonly PlannedRequest[], budgets: readonly PlannedBudget[]): AllocationPlan {
  checkRequests(requests)
  checkBudgets(budgets)
  const instance = instanceOf(requests, budgets)
  const dualPrices = budgets.length === 1 ? [solveOneBudget(instance).dualPrice] : solveDual(instance).dualPrices
  return {
    campaigns: Object.fromEntries(
      budgets.map(({ campaignId }, m) => [campaignId, campaignPlan(requests, campaignId, dualPrices[m])]),
    ),
    boundMinor: dualValue(instance, Float64Array.from(dualPrices)),
  }
}

function campaignPlan(requests: readonly PlannedRequest[], campaignId: string, dualPrice: number): Allocation[string] {
  const its = requests.filter(({ actions }) => actions.some((action) => action.campaignId === campaignId))
  const hourShares = hourSharesOf(its.map(({ timeMs }) => timeMs))
  return hourShares === null ? { dualPrice } : { dualPrice, hourShares: [...hourShares] }
}

function instanceOf(requests: readonly PlannedRequest[], budgets: readonly PlannedBudget[]): AllocationInstance {
  const positions = new Map(budgets.map(({ campaignId }, m) => [campaignId, m]))
  const actionStart = [0]
  const value: number[] = []
  const useStart = [0]
  const resource: number[] = []
  const use: number[] = []
  for (const { actions } of requests) {
    for (const { campaignId, valueMinor, costMinor } of actions) {
      value.push(valueMinor)
      const m = positions.get(campaignId)
      if (m !== undefined && costMinor > 0) {
        resource.push(m)
        use.push(costMinor)
      }
      useStart.push(use.length)
    }
    actionStart.push(value.length)
  }
  return {
    actionStart: Uint32Array.from(actionStart),
    value: Float64Array.from(value),
    useStart: Uint32Array.from(useStart),
    resource: Uint32Array.from(resource),
    use: Float64Array.from(use),
    budget: Float64Array.from(
      budgets,
      ({ budgetMinor, expectedRequests }) => (budgetMinor * requests.length) / expectedRequests,
    ),
  }
}

function checkRequests(requests: readonly PlannedRequest[]): void {
  if (requests.length === 0) throw invalid('requests', 0)
  for (const [r, { timeMs, actions }] of requests.entries()) {
    if (!Number.isFinite(timeMs)) throw invalid(`requests[${r}].timeMs`, timeMs)
    for (const [a, { valueMinor, costMinor }] of actions.entries()) {
      const at = `requests[${r}].actions[${a}]`
      if (!Number.isFinite(valueMinor)) throw invalid(`${at}.valueMinor`, valueMinor)
      if (!Number.isFinite(costMinor) || costMinor < 0) throw invalid(`${at}.costMinor`, costMinor)
    }
  }
}

function checkBudgets(budgets: readonly PlannedBudget[]): void {
  const known = new Set<string>()
  for (const [m, { campaignId, budgetMinor, expectedRequests }] of budgets.entries()) {
    const at = `budgets[${m}]`
    if (known.has(campaignId)) throw invalid(`${at}.campaignId`, campaignId)
    known.add(campaignId)
    if (!Number.isFinite(budgetMinor) || budgetMinor < 0) throw invalid(`${at}.budgetMinor`, budgetMinor)
    if (!Number.isFinite(expectedRequests) || expectedRequests <= 0)
      throw invalid(`${at}.expectedRequests`, expectedRequests)
  }
}

function invalid(field: string, value: number | string): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid ${field}: ${value}`, { field, value })
}
