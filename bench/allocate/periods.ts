/**
 * A week planned on a sample of what was forecast and served as it came, against the best that could have been done knowing
 * every request: the linear program's optimum of what came.
 */
import { BUDGET_PACING, stockPacing } from '../../core/scoring/pacing.ts'
import { solveDual } from '../../training/allocation/dual.ts'
import { dualValue } from '../../training/allocation/instance.ts'
import { solveOneBudget } from '../../training/allocation/one-budget.ts'
import { type PlannedRequest, planAllocation } from '../../training/allocation/plan.ts'
import { hourSharesOf } from '../../training/allocation/traffic.ts'
import { Random } from '../random.ts'
import { inShareOfFreeUse, servePeriod } from './serve.ts'
import { type Drift, drawRequests, driftOf, MONDAY_MS, NO_DRIFT, type Served, type ShopShape, WEEK_MS } from './shop.ts'

/** Shares of the optimum. */
export interface PeriodResult {
  /** Prices as planned, throughout. */
  fixed: number
  /** Prices as planned, then by feedback. */
  paced: number
  /** By feedback from prices of 0 and even traffic. */
  unplanned: number
  /** Of the budgets, by feedback from the plan. */
  usedShare: number
  /** Resources of which more was used than there was, in any of the three. */
  over: number
}

/** What departs from the forecast, by up to 30 % either way. */
export const DRIFTS = {
  demand: (drift: Drift): Drift => ({ ...NO_DRIFT, demand: drift.demand }),
  both: (drift: Drift): Drift => drift,
} as const

export const ONE_BUDGET = { offers: 1, depthsBps: [500, 1000, 1500, 2000], budgets: 1, stocks: 0 }
export const COUPLED = { offers: 8, depthsBps: [500, 1000, 2000], budgets: 8, stocks: 8 }
export const BUDGET_SHARE = 0.25
export const SAMPLE = 20_000
export const TICK_MS = 60_000
export const EVEN = new Float64Array(168).fill(1 / 168)
/** Items cost about so much. */
const STOCK_PACING = stockPacing(2000)

export function servedWeek(shape: ShopShape, drift: keyof typeof DRIFTS, seed: number): PeriodResult {
  const random = new Random(seed)
  const drifts = DRIFTS[drift](driftOf(random))
  const came = inShareOfFreeUse(drawRequests(random, shape, WEEK_MS, drifts), BUDGET_SHARE)
  const sample = drawRequests(random, { ...shape, requests: SAMPLE }, WEEK_MS, NO_DRIFT)
  const plan = shape.stocks === 0 ? planOfBudget(sample, came) : planOfAll(sample, came)
  const best = optimumOf(came)
  const run = (prices: ArrayLike<number>, hourShares: ArrayLike<number>, isPaced: boolean) => {
    const paces = Array.from(came.budget, (budget, m) => ({
      plan: { dualPrice: prices[m], budget, hourShares, endMs: MONDAY_MS + WEEK_MS },
      law: isPaced ? (m < shape.budgets ? BUDGET_PACING : STOCK_PACING) : null,
    }))
    return servePeriod(came, paces, TICK_MS)
  }
  const fixed = run(plan.prices, plan.hourShares, false)
  const paced = run(plan.prices, plan.hourShares, true)
  const unplanned = run(new Float64Array(came.budget.length), EVEN, true)
  return {
    fixed: fixed.valueMinor / best,
    paced: paced.valueMinor / best,
    unplanned: unplanned.valueMinor / best,
    usedShare: paced.used.reduce((sum, used, m) => sum + used / came.budget[m], 0) / came.budget.length,
    over: [fixed, paced, unplanned].flatMap(({ isOver }) => isOver).filter((isOver) => isOver).length,
  }
}

function optimumOf(came: Served): number {
  return came.budget.length === 1 ? solveOneBudget(came).objective : dualValue(came, solveDual(came).dualPrices)
}

interface Plan {
  prices: ArrayLike<number>
  hourShares: ArrayLike<number>
}

/** As training hands it to the server. */
export function planOfBudget(sample: Served, came: Served): Plan {
  const { campaigns } = planAllocation(requestsOf(sample), [
    { campaignId: 'c', budgetMinor: came.budget[0], expectedRequests: came.timesMs.length },
  ])
  return { prices: [campaigns.c.dualPrice], hourShares: campaigns.c.hourShares ?? EVEN }
}

/** With stocks that campaigns share, which no campaign's plan has. */
function planOfAll(sample: Served, came: Served): Plan {
  const budget = came.budget.map((b) => (b * sample.timesMs.length) / came.timesMs.length)
  return { prices: solveDual({ ...sample, budget }).dualPrices, hourShares: hourSharesOf(sample.timesMs) ?? EVEN }
}

export function requestsOf({ timesMs, actionStart, value, use, probability }: Served): PlannedRequest[] {
  return Array.from(timesMs, (timeMs, r) => ({
    timeMs,
    actions: Array.from({ length: actionStart[r + 1] - actionStart[r] }, (_, i) => ({
      campaignId: 'c',
      valueMinor: value[actionStart[r] + i],
      costMinor: use[actionStart[r] + i],
      useProbability: probability[actionStart[r] + i],
      marginMinor: value[actionStart[r] + i],
    })),
  }))
}
