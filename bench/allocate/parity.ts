/** Do our solvers find what HiGHS finds? The same linear program, solved by both. */
import { solveDual } from '../../training/allocation/dual.ts'
import type { AllocationInstance } from '../../training/allocation/instance.ts'
import { solveOneBudget } from '../../training/allocation/one-budget.ts'
import { Random } from '../random.ts'
import { withFloors } from './floors.ts'
import { solveByHighs } from './highs.ts'
import { inShareOfFreeUse } from './serve.ts'
import { drawRequests, NO_DRIFT, type ShopShape, WEEK_MS } from './shop.ts'

export interface Parity {
  requests: number
  constraints: number
  actions: number
  /** |ours − HiGHS'| / HiGHS'. */
  objectiveGap: number
  /**
   * Largest distance of HiGHS' price from ours, or from the interval of ours in which every price is optimal; of prices above
   * 1 in shares of themselves.
   */
  priceGap: number
  ourMs: number
  highsMs: number
}

/** `floor`: return that every budget's campaign owes besides; null: none owes any. */
export async function compareWithHighs(
  shape: ShopShape,
  budgetShare: number,
  floor: number | null,
  seed: number,
): Promise<Parity> {
  const limited = inShareOfFreeUse(drawRequests(new Random(seed), shape, WEEK_MS, NO_DRIFT), budgetShare)
  const instance = floor === null ? limited : withFloors(limited, shape, floor)
  const [from, ours, between] = [performance.now(), solved(instance), performance.now()]
  const theirs = await solveByHighs(instance)
  const highsMs = performance.now() - between
  const gaps = theirs.dualPrices.map(
    (price, m) => Math.max(0, ours.lowest[m] - price, price - ours.highest[m]) / Math.max(1, price),
  )
  return {
    requests: shape.requests,
    constraints: instance.budget.length,
    actions: instance.value.length / shape.requests,
    objectiveGap: Math.abs(ours.objective / theirs.objective - 1),
    priceGap: Math.max(...gaps),
    ourMs: between - from,
    highsMs,
  }
}

function solved(instance: AllocationInstance) {
  if (instance.budget.length === 1) {
    const { objective, lowest, highest } = solveOneBudget(instance)
    return { objective, lowest: [lowest], highest: [highest] }
  }
  const { objective, bound, dualPrices } = solveDual(instance)
  return { objective: objective ?? bound, lowest: dualPrices, highest: dualPrices }
}
