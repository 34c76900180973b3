/**
 * From requests as they came, or are expected, and what campaigns are limited to, to the prices at which each campaign's resources
 * start. The prices are the optimal duals of
 *
 *   max Σ value x   with, for each campaign c, over all requests and actions of c
 *       Σ p δ x ≤ B_c · n / N_c      its budget
 *       Σ p x   ≤ Q_c · n / N_c      its stock of offers
 *       Σ (r_c p δ − Δm) x ≤ 0       its return floor
 *
 * where n requests are known and N_c are expected while B_c and Q_c are to last (`instance.ts`, `one-budget.ts`, `dual.ts`). What an
 * action is worth at the prices is then what the server weighs it by (`core/scoring/dual-prices.ts`). Units: minor units of margin and
 * of discount a request, so prices of budgets and floors are without one. Pure: the same requests give the same plan.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { Resource } from '../../core/scoring/dual-prices.ts'
import type { Allocation } from '../../core/snapshot/manifest.ts'
import { solveDual } from './dual.ts'
import { type AllocationInstance, dualValue } from './instance.ts'
import { solveOneBudget } from './one-budget.ts'
import { hourSharesOf } from './traffic.ts'

/** One step of a campaign's ladder, for one shopper. */
export interface PlannedAction {
  campaignId: string
  /** What it is worth in the mean, before the price of anything. May be below 0. */
  valueMinor: number
  /** p · δ: what it costs the campaign's budget in the mean. */
  costMinor: number
  /** p */
  useProbability: number
  /** Δm: what it adds to the margin in the mean; the value is that less doubt. */
  marginMinor: number
}

/** A request takes one of its actions, or none. */
export interface PlannedRequest {
  /** When it came, ms since 1970. */
  timeMs: number
  actions: PlannedAction[]
}

/** Absent: no such limit. */
export interface PlannedCampaign {
  campaignId: string
  budgetMinor?: number
  /** Offers that may be used. */
  stock?: number
  /** r: least margin for each minor unit that is expected off. */
  returnFloor?: number
  /** Requests like those known, while budget and stock are to last. */
  expectedRequests: number
}

export interface AllocationPlan {
  /**
   * λ⁰ of what each campaign is limited to, 0 where that is more than it can use, and how the requests for which it has an action spread
   * over a week; left out where less than a week is known. As a snapshot's manifest takes it.
   */
  campaigns: Allocation
  /** What the known requests are worth at most, within the budgets' part for them. */
  boundMinor: number
}

/**
 * An action of a campaign without a limit uses nothing. Throws `invalid_value` with field and value: no requests, a number that
 * is not finite, a cost, probability or limit below 0, a floor or `expectedRequests` not above 0, a campaign that stands twice.
 */
export function planAllocation(
  requests: readonly PlannedRequest[],
  campaigns: readonly PlannedCampaign[],
): AllocationPlan {
  checkRequests(requests)
  checkCampaigns(campaigns)
  const limits = campaigns.flatMap((campaign) => limitsOf(campaign, requests.length))
  const instance = instanceOf(requests, limits)
  const dualPrices = limits.length === 1 ? [solveOneBudget(instance).dualPrice] : solveDual(instance).dualPrices
  const priceOf = (campaignId: string, resource: Resource): number | undefined => {
    const m = limits.findIndex((limit) => limit.campaignId === campaignId && limit.resource === resource)
    return m < 0 ? undefined : dualPrices[m]
  }
  return {
    campaigns: Object.fromEntries(
      campaigns.map(({ campaignId }) => [
        campaignId,
        campaignPlan(requests, campaignId, (resource) => priceOf(campaignId, resource)),
      ]),
    ),
    boundMinor: dualValue(instance, Float64Array.from(dualPrices)),
  }
}

function campaignPlan(
  requests: readonly PlannedRequest[],
  campaignId: string,
  priceOf: (resource: Resource) => number | undefined,
): Allocation[string] {
  const its = requests.filter(({ actions }) => actions.some((action) => action.campaignId === campaignId))
  const hourShares = hourSharesOf(its.map(({ timeMs }) => timeMs))
  const [stockDualPrice, returnDualPrice] = [priceOf('stock'), priceOf('return')]
  return {
    dualPrice: priceOf('budget') ?? 0,
    ...(stockDualPrice === undefined ? {} : { stockDualPrice }),
    ...(returnDualPrice === undefined ? {} : { returnDualPrice }),
    ...(hourShares === null ? {} : { hourShares: [...hourShares] }),
  }
}

/** One constraint of the program. */
interface Limit {
  campaignId: string
  resource: Resource
  /** Of the known requests. */
  limit: number
  useOf: (action: PlannedAction) => number
}

function limitsOf(
  { campaignId, budgetMinor, stock, returnFloor, expectedRequests }: PlannedCampaign,
  requests: number,
): Limit[] {
  const part = requests / expectedRequests
  const limits: Limit[] = []
  if (budgetMinor !== undefined)
    limits.push({ campaignId, resource: 'budget', limit: budgetMinor * part, useOf: ({ costMinor }) => costMinor })
  if (stock !== undefined)
    limits.push({ campaignId, resource: 'stock', limit: stock * part, useOf: ({ useProbability }) => useProbability })
  if (returnFloor !== undefined) {
    const useOf = ({ costMinor, marginMinor }: PlannedAction) => returnFloor * costMinor - marginMinor
    limits.push({ campaignId, resource: 'return', limit: 0, useOf })
  }
  return limits
}

function instanceOf(requests: readonly PlannedRequest[], limits: readonly Limit[]): AllocationInstance {
  const ofCampaign = new Map<string, number[]>()
  for (const [m, { campaignId }] of limits.entries())
    ofCampaign.set(campaignId, [...(ofCampaign.get(campaignId) ?? []), m])
  const actionStart = [0]
  const value: number[] = []
  const useStart = [0]
  const resource: number[] = []
  const use: number[] = []
  for (const { actions } of requests) {
    for (const action of actions) {
      value.push(action.valueMinor)
      for (const m of ofCampaign.get(action.campaignId) ?? []) {
        const used = limits[m].useOf(action)
        if (used === 0) continue
        resource.push(m)
        use.push(used)
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
    budget: Float64Array.from(limits, ({ limit }) => limit),
  }
}

function checkRequests(requests: readonly PlannedRequest[]): void {
  if (requests.length === 0) throw invalid('requests', 0)
  for (const [r, { timeMs, actions }] of requests.entries()) {
    if (!Number.isFinite(timeMs)) throw invalid(`requests[${r}].timeMs`, timeMs)
    for (const [a, { valueMinor, costMinor, useProbability, marginMinor }] of actions.entries()) {
      const at = `requests[${r}].actions[${a}]`
      if (!Number.isFinite(valueMinor)) throw invalid(`${at}.valueMinor`, valueMinor)
      if (!Number.isFinite(marginMinor)) throw invalid(`${at}.marginMinor`, marginMinor)
      if (!isAmount(costMinor)) throw invalid(`${at}.costMinor`, costMinor)
      if (!isAmount(useProbability)) throw invalid(`${at}.useProbability`, useProbability)
    }
  }
}

function checkCampaigns(campaigns: readonly PlannedCampaign[]): void {
  const known = new Set<string>()
  for (const [c, { campaignId, budgetMinor, stock, returnFloor, expectedRequests }] of campaigns.entries()) {
    const at = `campaigns[${c}]`
    if (known.has(campaignId)) throw invalid(`${at}.campaignId`, campaignId)
    known.add(campaignId)
    if (budgetMinor !== undefined && !isAmount(budgetMinor)) throw invalid(`${at}.budgetMinor`, budgetMinor)
    if (stock !== undefined && !isAmount(stock)) throw invalid(`${at}.stock`, stock)
    if (returnFloor !== undefined && !(isAmount(returnFloor) && returnFloor > 0))
      throw invalid(`${at}.returnFloor`, returnFloor)
    if (!Number.isFinite(expectedRequests) || expectedRequests <= 0)
      throw invalid(`${at}.expectedRequests`, expectedRequests)
  }
}

function isAmount(value: number): boolean {
  return Number.isFinite(value) && value >= 0
}

function invalid(field: string, value: number | string): OfferwrightError {
  return new OfferwrightError('invalid_value', `invalid ${field}: ${value}`, { field, value })
}
