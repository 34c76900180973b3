/**
 * A day through the product's own ledger: an offer sets aside what it may cost until it is used or expires, shoppers buy with the
 * offer's probability some time before that, and the price follows what was spent and what is outstanding.
 */
import { roundMinor } from '../../core/contract/money.ts'
import {
  BUDGET_PACING,
  HOUR_MS,
  nextDualPrice,
  type PacingLaw,
  type PacingPlan,
  startPacing,
  trafficBetween,
} from '../../core/scoring/pacing.ts'
import { BudgetView } from '../../core/store/budget-words.ts'
import { BudgetLedger } from '../../core/store/budgets.ts'
import { NOTHING } from '../../training/allocation/instance.ts'
import { Random } from '../random.ts'
import { BUDGET_SHARE, EVEN, ONE_BUDGET, planOfBudget } from './periods.ts'
import { inShareOfFreeUse } from './serve.ts'
import { drawRequests, driftOf, MONDAY_MS, NO_DRIFT, type Served, WEEK_MS } from './shop.ts'

const DAY_MS = 24 * HOUR_MS
/** The day's traffic by the forecast. */
const FORECAST = 50_000
/** As the server ticks. */
const TICK_MS = 5000
const CAMPAIGN = 'day'

/** `fixed`: the planned price throughout; `paced`: feedback from it; `unplanned`: feedback from 0 and even hours. */
export type DayResult = Record<'fixed' | 'paced' | 'unplanned', DayOutcome>

export interface DayOutcome {
  /** Of the budget, when the last offer has been used or has expired. */
  spentShare: number
  /** Largest distance, at any tick, between the shares of the budget that are spent and that were planned to be. */
  unevenness: number
  /** Ticks at which more than the budget was spent. */
  overTicks: number
}

/** `level`: by how much the day's traffic departs from the forecast, besides a swing within the day. */
export function servedDay(level: number, validMs: number, seed: number): DayResult {
  const random = new Random(seed)
  const drift = { ...driftOf(random), demand: NO_DRIFT.demand }
  const came = drawRequests(random, { ...ONE_BUDGET, requests: Math.round(FORECAST * (1 + level)) }, DAY_MS, drift)
  const forecast = drawRequests(random, { ...ONE_BUDGET, requests: FORECAST }, WEEK_MS, NO_DRIFT)
  const { budget } = inShareOfFreeUse(forecast, BUDGET_SHARE)
  const budgetMinor = roundMinor(budget[0])
  const { prices, hourShares } = planOfBudget(forecast, { ...forecast, budget })
  const run = (dualPrice: number, hours: ArrayLike<number>, law: PacingLaw | null) => {
    const plan = { dualPrice, budget: budgetMinor, hourShares: hours, endMs: MONDAY_MS + DAY_MS }
    return serveDay(came, budgetMinor, plan, law, validMs, new Random(seed + 1))
  }
  return {
    fixed: run(prices[0], hourShares, null),
    paced: run(prices[0], hourShares, BUDGET_PACING),
    unplanned: run(0, EVEN, BUDGET_PACING),
  }
}

function serveDay(
  served: Served,
  budgetMinor: number,
  plan: PacingPlan,
  law: PacingLaw | null,
  validMs: number,
  random: Random,
): DayOutcome {
  const ledger = new BudgetLedger()
  const slot = ledger.setBudget(CAMPAIGN, budgetMinor)
  const view = new BudgetView(ledger.memory)
  const uses = new DueUses()
  const { timesMs, probability, discountMinor } = served
  const ahead = trafficBetween(plan.hourShares, MONDAY_MS, plan.endMs)
  let state = startPacing(plan, { timeMs: MONDAY_MS, spent: 0, outstanding: 0 })
  let [overTicks, unevenness] = [0, 0]
  let r = 0
  for (let tick = 1; tick * TICK_MS <= DAY_MS + validMs; tick++) {
    const timeMs = MONDAY_MS + tick * TICK_MS
    for (; r < timesMs.length && timesMs[r] < timeMs; r++) {
      const action = bestReservable(served, r, state.dualPrice, view.remaining(slot))
      if (action === NOTHING) continue
      const until = timesMs[r] + validMs
      const [discount, p] = [discountMinor[action], probability[action]]
      if (!view.reserve(slot, discount)) continue
      ledger.noteReserved(slot, discount, until, p * discount)
      if (random.uniform() < p) uses.add(timesMs[r] + random.uniform() * validMs, discount, until)
    }
    for (const { amountMinor, until } of uses.until(tick)) ledger.spend(CAMPAIGN, amountMinor, until)
    ledger.release(timeMs)
    const { spent, outstanding } = ledger.used(CAMPAIGN)
    if (spent > budgetMinor) overTicks++
    if (timeMs > MONDAY_MS + DAY_MS) continue
    const planned = trafficBetween(plan.hourShares, MONDAY_MS, timeMs) / ahead
    unevenness = Math.max(unevenness, Math.abs(spent / budgetMinor - planned))
    if (law !== null) state = nextDualPrice(state, { timeMs, spent, outstanding }, plan, law)
  }
  return { spentShare: ledger.used(CAMPAIGN).spent / budgetMinor, unevenness, overTicks }
}

/** The guard: what an offer may cost has to be left. */
function bestReservable(served: Served, request: number, price: number, leftMinor: number): number {
  const { actionStart, value, use, discountMinor } = served
  let best = NOTHING
  let most = 0
  for (let a = actionStart[request]; a < actionStart[request + 1]; a++) {
    const score = value[a] - price * use[a]
    if (score <= most || discountMinor[a] > leftMinor) continue
    best = a
    most = score
  }
  return best
}

interface DueUse {
  amountMinor: number
  until: number
}

/** Offers that will be used, by tick. */
class DueUses {
  readonly #byTick = new Map<number, DueUse[]>()

  /** Uses of `timeMs` are due at the tick after it. */
  add(timeMs: number, amountMinor: number, until: number): void {
    const tick = Math.ceil((timeMs - MONDAY_MS) / TICK_MS)
    const due = this.#byTick.get(tick) ?? []
    due.push({ amountMinor, until })
    this.#byTick.set(tick, due)
  }

  until(tick: number): DueUse[] {
    const due = this.#byTick.get(tick) ?? []
    this.#byTick.delete(tick)
    return due
  }
}
