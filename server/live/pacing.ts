/**
 * Prices on what is to last and on what is owed: those of budgets and stocks of offers follow what their campaigns use, by the law in
 * `core/scoring/pacing.ts`, those of return floors what offers are expected to bring, by the law in `return-pacing.ts`.
 */
import {
  BUDGET_PACING,
  nextDualPrice,
  type PacingPlan,
  type PacingState,
  startPacing,
  stockPacing,
} from '../../core/scoring/pacing.ts'
import {
  nextReturnPrice,
  RETURN_PACING,
  type ReturnPlan,
  type ReturnState,
  startReturnPacing,
} from '../../core/scoring/return-pacing.ts'
import { type Allocation, HOURS_OF_WEEK, type ModelParameters } from '../../core/snapshot/manifest.ts'
import type { BudgetLedger } from '../../core/store/budgets.ts'
import type { Paced, PacedLimit, PacedReturn } from './paced.ts'

const EVEN = new Array<number>(HOURS_OF_WEEK).fill(1 / HOURS_OF_WEEK)
const UNPLANNED: Allocation[string] = { dualPrice: 0 }

export class Pacing {
  readonly #budgets: BudgetLedger
  /** By slot, in memory that all threads share. */
  readonly #dualPrices: Float64Array
  readonly #limits = new Map<string, PacingState>()
  readonly #returns = new Map<string, ReturnState>()
  #priced: number[] = []

  constructor(budgets: BudgetLedger, dualPrices: Float64Array) {
    this.#budgets = budgets
    this.#dualPrices = dualPrices
  }

  /**
   * `model`: of the snapshot that serves; a campaign that it does not know starts from prices of 0 and even traffic. What is no longer
   * paced costs nothing more.
   */
  tick(
    paced: Paced[],
    { allocation = {}, basket }: Pick<ModelParameters, 'allocation' | 'basket'>,
    timeMs: number,
  ): void {
    const running = paced.filter(({ startsAt, endsAt }) => timeMs >= startsAt && timeMs < endsAt)
    for (const resource of running) {
      const planned = Object.hasOwn(allocation, resource.campaign) ? allocation[resource.campaign] : UNPLANNED
      // Written over, not cleared before: workers read while this runs.
      this.#dualPrices[resource.slot] =
        resource.resource === 'return'
          ? this.#returnPrice(resource, planned, timeMs)
          : this.#limitPrice(resource, planned, basket.meanOrderMinor, timeMs)
    }
    const slots = running.map(({ slot }) => slot)
    for (const slot of this.#priced) if (!slots.includes(slot)) this.#dualPrices[slot] = 0
    this.#priced = slots
  }

  #limitPrice(
    { resource, key, limit, endsAt }: PacedLimit,
    { dualPrice, stockDualPrice = 0, hourShares = EVEN }: Allocation[string],
    meanOrderMinor: number,
    timeMs: number,
  ): number {
    const isBudget = resource === 'budget'
    const plan: PacingPlan = {
      dualPrice: isBudget ? dualPrice : stockDualPrice,
      budget: limit,
      hourShares,
      endMs: endsAt,
    }
    const tick = { timeMs, ...this.#budgets.used(key) }
    const state = this.#limits.get(key)
    const law = isBudget ? BUDGET_PACING : stockPacing(meanOrderMinor)
    const next = state === undefined ? startPacing(plan, tick) : nextDualPrice(state, tick, plan, law)
    this.#limits.set(key, next)
    return next.dualPrice
  }

  #returnPrice(
    { campaign, floor, endsAt }: PacedReturn,
    { returnDualPrice = 0, hourShares = EVEN }: Allocation[string],
    timeMs: number,
  ): number {
    const plan: ReturnPlan = { dualPrice: returnDualPrice, floor, hourShares, endMs: endsAt }
    const returned = this.#budgets.returns.of(campaign)
    const state = this.#returns.get(campaign)
    const next =
      state === undefined
        ? startReturnPacing(plan, timeMs, returned)
        : nextReturnPrice(state, timeMs, returned, plan, RETURN_PACING)
    this.#returns.set(campaign, next)
    return next.dualPrice
  }
}
