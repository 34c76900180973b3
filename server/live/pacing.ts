/** Prices on budgets that are to last: each follows what its campaign uses, by the law in `core/scoring/pacing.ts`. */
import {
  BUDGET_PACING,
  nextDualPrice,
  type PacingPlan,
  type PacingState,
  startPacing,
} from '../../core/scoring/pacing.ts'
import { type Allocation, HOURS_OF_WEEK } from '../../core/snapshot/manifest.ts'
import type { BudgetLedger } from '../../core/store/budgets.ts'

/** A campaign that runs and whose budget is paced. */
export interface Paced {
  id: string
  slot: number
  budgetMinor: number
  startsAt: number
  endsAt: number
}

const EVEN = new Array<number>(HOURS_OF_WEEK).fill(1 / HOURS_OF_WEEK)
const UNPLANNED: Allocation[string] = { dualPrice: 0 }

export class Pacing {
  readonly #budgets: BudgetLedger
  readonly #dualPrices: Float64Array
  readonly #states = new Map<string, PacingState>()

  constructor(budgets: BudgetLedger, dualPrices: Float64Array) {
    this.#budgets = budgets
    this.#dualPrices = dualPrices
  }

  /**
   * `allocation`: of the snapshot that serves; a campaign that it does not know starts from a price of 0 and even traffic. One
   * that is no longer paced costs nothing more than it takes off.
   */
  tick(paced: Paced[], allocation: Allocation, timeMs: number): void {
    this.#dualPrices.fill(0)
    for (const { id, slot, budgetMinor, startsAt, endsAt } of paced) {
      if (timeMs < startsAt || timeMs >= endsAt) continue
      const { dualPrice, hourShares = EVEN } = Object.hasOwn(allocation, id) ? allocation[id] : UNPLANNED
      const plan: PacingPlan = { dualPrice, budget: budgetMinor, hourShares, endMs: endsAt }
      const tick = { timeMs, ...this.#budgets.used(id) }
      const state = this.#states.get(id)
      const next = state === undefined ? startPacing(plan, tick) : nextDualPrice(state, tick, plan, BUDGET_PACING)
      this.#states.set(id, next)
      this.#dualPrices[slot] = next.dualPrice
    }
  }
}
