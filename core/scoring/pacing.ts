/**
 * Feedback on a dual price: what a unit of a budget is worth rises while more is used than planned, and falls while less is.
 *
 *   passed, ahead, total = forecast traffic of the tick; from its start to the end; from the start of pacing to the end
 *   left    = budget − committed before
 *   error   = (used · ahead / left − passed) / total                    passed / total · (used − planned) / planned
 *   λ       ← max(0, λ + max(λ, λ⁰ / 4, unit) · (η · error, held in [−⅕, ⅕]))
 *
 * Integral control of a dual price (Balseiro, Lu, Mirrokni, Operations Research 71, 2023; Smirnov et al., Online
 * Controlled Budget Pacing, 2016). The plan is made anew at each tick from what is left, so what one hour missed is
 * spread over the rest and no error adds up. An error counts by the traffic that it was seen in: short ticks and long ones
 * move the price alike, and one sale in a tick that expected a tenth of one does not throw it about. A step is in
 * proportion to the price, so that it means the same at every price; `unit` makes it additive where the price is near 0,
 * for a budget that was slack in training must still get one.
 *
 * Units: λ in minor units of margin for one unit of the resource: for a budget money for money, without a unit; for stock
 * minor units a piece. Invariants: λ ≥ 0 and finite; a tick changes λ by at most a fifth of max(λ, λ⁰ / 4, unit). λ is no
 * safety: only the guard keeps the spending under the budget.
 */
import { HOURS_OF_WEEK } from '../snapshot/manifest.ts'

export { HOURS_OF_WEEK }
export const HOUR_MS = 3_600_000
/** 1970-01-01 was a Thursday: three days after Monday. */
const MONDAY_HOURS = 72

/** What training hands over for one resource, and until when it has to last. */
export interface PacingPlan {
  /** λ⁰, the price from which pacing starts. */
  dualPrice: number
  /** Of the whole period, in units of the resource. */
  budget: number
  /** Share of a week's traffic in each hour of the week, from Monday 00:00 UTC; sums to 1. */
  hourShares: ArrayLike<number>
  /** When the budget may be used up, in ms since 1970. */
  endMs: number
}

export interface PacingLaw {
  /** η: using twice what is planned in 1/η of the period's traffic moves the price by as much as itself. */
  gain: number
  /** The least price that a step is measured by, in units of λ; above 0. */
  unit: number
}

/**
 * For budgets in money. Gains from 10 to 40 lost about equally little in the shops of `npm run bench -- allocate`, at other
 * seeds than its own; a price that starts at 0 gets where it has to be the sooner, the larger gain and unit are.
 */
export const BUDGET_PACING: PacingLaw = { gain: 20, unit: 0.2 }

/** For offers. One that is used is worth no more than what is bought with it, so a step is a fifth of a mean order's value. */
export function stockPacing(meanOrderMinor: number): PacingLaw {
  return { gain: BUDGET_PACING.gain, unit: BUDGET_PACING.unit * Math.max(1, meanOrderMinor) }
}

/** Share of the price that one tick changes at most. */
const MOST_STEP = 0.2

/** A resource as of the last tick. */
export interface PacingState {
  dualPrice: number
  /** When pacing began. */
  startMs: number
  timeMs: number
  /** Spent and expected to be spent by offers that hold, at `timeMs`. */
  committed: number
}

/** What is counted at a tick. */
export interface PacingTick {
  timeMs: number
  /** Redeemed since the start. */
  spent: number
  /** Expected use of offers that still hold, Σ p · δ; not what is reserved for them, which is Σ δ. */
  outstanding: number
}

export function startPacing(plan: PacingPlan, { timeMs, spent, outstanding }: PacingTick): PacingState {
  return { dualPrice: plan.dualPrice, startMs: timeMs, timeMs, committed: spent + outstanding }
}

/**
 * The state after a tick. A tick that plans for no traffic leaves the price as it is unless something was used; a budget
 * that is used up counts as used too fast as long as it is used.
 */
export function nextDualPrice(state: PacingState, tick: PacingTick, plan: PacingPlan, law: PacingLaw): PacingState {
  const committed = tick.spent + tick.outstanding
  if (tick.timeMs <= state.timeMs) return { ...state, committed }
  const error = pacingError(state, tick.timeMs, committed, plan)
  return { ...state, dualPrice: movedPrice(state.dualPrice, error, plan, law), timeMs: tick.timeMs, committed }
}

/** A price after a tick with an error in shares of the whole period's traffic. */
export function movedPrice(
  dualPrice: number,
  error: number,
  plan: Pick<PacingPlan, 'dualPrice'>,
  { gain, unit }: PacingLaw,
): number {
  const scale = Math.max(dualPrice, plan.dualPrice / 4, unit)
  return Math.max(0, dualPrice + scale * Math.min(MOST_STEP, Math.max(-MOST_STEP, gain * error)))
}

/** In shares of the whole period's traffic. Offers that expire can make `used` negative: less than nothing was used. */
function pacingError(state: PacingState, untilMs: number, committed: number, plan: PacingPlan): number {
  const used = committed - state.committed
  const left = plan.budget - state.committed
  const ahead = trafficBetween(plan.hourShares, state.timeMs, plan.endMs)
  const total = trafficBetween(plan.hourShares, state.startMs, plan.endMs)
  if (left <= 0 || ahead <= 0) return used > 0 ? 1 : 0
  const passed = Math.min(ahead, trafficBetween(plan.hourShares, state.timeMs, untilMs))
  return ((used * ahead) / left - passed) / total
}

/** Forecast traffic from one time to another, in weeks' worth; hours count by the part that lies between. */
export function trafficBetween(hourShares: ArrayLike<number>, fromMs: number, toMs: number): number {
  const from = fromMs / HOUR_MS
  const to = toMs / HOUR_MS
  if (to <= from) return 0
  const weeks = Math.floor((to - from) / HOURS_OF_WEEK)
  let sum = weeks
  for (let at = from + weeks * HOURS_OF_WEEK; at < to; ) {
    const hour = Math.floor(at)
    const until = Math.min(hour + 1, to)
    sum += (until - at) * hourShares[hourOfWeek(hour)]
    at = until
  }
  return sum
}

/** `hour`: whole hours since 1970. 0 is Monday 00:00 UTC. */
export function hourOfWeek(hour: number): number {
  return (((hour + MONDAY_HOURS) % HOURS_OF_WEEK) + HOURS_OF_WEEK) % HOURS_OF_WEEK
}
