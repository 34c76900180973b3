/**
 * A week of a campaign that owes a return: planned on a sample of what was forecast, served as it came, against the best that could
 * have been done within the floor r, the linear program's optimum of what came.
 *
 *   max Σ Δm x   with   Σ (r p δ − Δm) x ≤ 0
 *
 * The floor is soft, so a week can win more than the optimum where it falls short of it: what was kept is told beside the value.
 */
import { nextReturnPrice, RETURN_PACING, type ReturnPlan, startReturnPacing } from '../../core/scoring/return-pacing.ts'
import { type AllocationInstance, NOTHING } from '../../training/allocation/instance.ts'
import { solveOneBudget } from '../../training/allocation/one-budget.ts'
import { planAllocation } from '../../training/allocation/plan.ts'
import { Random } from '../random.ts'
import { DRIFTS, EVEN, ONE_BUDGET, requestsOf, SAMPLE, TICK_MS } from './periods.ts'
import { drawRequests, driftOf, MONDAY_MS, NO_DRIFT, type Served, type ShopShape, WEEK_MS } from './shop.ts'

/** The floor asks for so many times what the campaign would return without one. */
export const FLOOR_OF_FREE_RETURN = 1.5

export interface FloorOutcome {
  /** Margin won, as a share of the optimum within the floor. */
  value: number
  /** Return reached, as a share of the floor. */
  kept: number
}

/** `fixed`: the planned price throughout; `paced`: feedback from it; `unplanned`: feedback from 0 and even hours; `free`: no price. */
export type FloorResult = Record<'fixed' | 'paced' | 'unplanned' | 'free', FloorOutcome>

export function servedFloorWeek(requests: number, drift: keyof typeof DRIFTS, seed: number): FloorResult {
  const random = new Random(seed)
  const came = drawRequests(random, { ...ONE_BUDGET, requests }, WEEK_MS, DRIFTS[drift](driftOf(random)))
  const sample = drawRequests(random, { ...ONE_BUDGET, requests: SAMPLE }, WEEK_MS, NO_DRIFT)
  const floor = floorOf(sample)
  const planned = planAllocation(requestsOf(sample), [
    { campaignId: 'c', returnFloor: floor, expectedRequests: requests },
  ]).campaigns.c
  const best = solveOneBudget(withFloor(came, floor)).objective
  const run = (dualPrice: number, hourShares: ArrayLike<number>, isPaced: boolean): FloorOutcome => {
    const { marginMinor, costMinor } = serve(
      came,
      { dualPrice, floor, hourShares, endMs: MONDAY_MS + WEEK_MS },
      isPaced,
    )
    return { value: marginMinor / best, kept: marginMinor / costMinor / floor }
  }
  const { returnDualPrice = 0, hourShares = EVEN } = planned
  return {
    fixed: run(returnDualPrice, hourShares, false),
    paced: run(returnDualPrice, hourShares, true),
    unplanned: run(0, EVEN, true),
    free: run(0, EVEN, false),
  }
}

/** By what the sample does without prices: a merchant knows no more. */
function floorOf(sample: Served): number {
  const free = serve(sample, { dualPrice: 0, floor: 0, hourShares: EVEN, endMs: MONDAY_MS + WEEK_MS }, false)
  return (FLOOR_OF_FREE_RETURN * free.marginMinor) / free.costMinor
}

/** Requests of one campaign without a budget, under its floor. */
export function withFloor(came: Served, floor: number): AllocationInstance {
  return { ...came, use: came.use.map((cost, a) => floor * cost - came.value[a]), budget: Float64Array.of(0) }
}

/** Every budget's campaign owes a return besides: floors come behind budgets and stocks. */
export function withFloors(served: Served, { budgets, stocks }: ShopShape, floor: number): AllocationInstance {
  const each = stocks > 0 ? 2 : 1
  const resource: number[] = []
  const use: number[] = []
  for (let a = 0; a < served.value.length; a++) {
    const at = served.useStart[a]
    resource.push(...served.resource.subarray(at, at + each), budgets + stocks + served.resource[at])
    use.push(...served.use.subarray(at, at + each), floor * served.use[at] - served.value[a])
  }
  return {
    ...served,
    useStart: served.useStart.map((_, a) => a * (each + 1)),
    resource: Uint32Array.from(resource),
    use: Float64Array.from(use),
    budget: Float64Array.of(...served.budget, ...new Float64Array(budgets)),
  }
}

/** As the server does, and as its law has it: a use is counted as it is expected. */
function serve(served: Served, plan: ReturnPlan, isPaced: boolean): { costMinor: number; marginMinor: number } {
  let [costMinor, marginMinor] = [0, 0]
  let state = startReturnPacing(plan, MONDAY_MS, { costMinor, marginMinor })
  let tickAt = MONDAY_MS + TICK_MS
  for (let r = 0; r < served.timesMs.length; r++) {
    for (; isPaced && tickAt <= served.timesMs[r]; tickAt += TICK_MS)
      state = nextReturnPrice(state, tickAt, { costMinor, marginMinor }, plan, RETURN_PACING)
    const action = bestAt(served, r, plan.floor, state.dualPrice)
    if (action === NOTHING) continue
    marginMinor += served.value[action]
    costMinor += served.use[action]
  }
  return { costMinor, marginMinor }
}

function bestAt({ actionStart, value, use }: Served, request: number, floor: number, price: number): number {
  let best = NOTHING
  let most = 0
  for (let a = actionStart[request]; a < actionStart[request + 1]; a++) {
    const score = value[a] - price * (floor * use[a] - value[a])
    if (score <= most) continue
    best = a
    most = score
  }
  return best
}
