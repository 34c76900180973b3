/**
 * Feedback on a dual price: what a unit of a budget is worth rises while more is used than planned, and falls while less is.
 *
 *   planned = (budget − committed before) · traffic(before, now) / traffic(before, end)
 *   error   = (used − planned) / planned, held in [−1, 1]
 *   λ       ← max(0, λ + η · max(λ, λ⁰ · ¼, unit) · error)
 *
 * Integral control of a dual price (Balseiro, Lu, Mirrokni, Operations Research 71, 2023; Smirnov et al., Online
 * Controlled Budget Pacing, 2016). The plan is made anew at each tick from what is left, so what one hour missed is
 * spread over the rest and no error adds up. A step is in proportion to the price, so that it means the same at every
 * price; `unit` makes it additive where the price is 0, for a budget that was slack in training must still get one.
 *
 * Units: λ in minor units of margin for one unit of the resource: for a budget money for money, without a unit; for stock
 * minor units a piece. Invariants: λ ≥ 0 and finite; a tick changes λ by at most η · max(λ, λ⁰ · ¼, unit). λ is no
 * safety: only the guard keeps the spending under the budget.
 */

import { HOURS_OF_WEEK } from '../snapshot/manifest.ts'

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
  /** η, the share of the price that one tick changes at most; in (0, 1]. */
  gain: number
  /** The least price that a step is measured by, in units of λ; above 0. */
  unit: number
}

/** For budgets in money: a step of 0.01 from a price of 0. */
export const BUDGET_PACING: PacingLaw = { gain: 0.2, unit: 0.05 }

/** A resource as of the last tick. */
export interface PacingState {
  dualPrice: number
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
  return { dualPrice: plan.dualPrice, timeMs, committed: spent + outstanding }
}

/**
 * The state after a tick. Between ticks should lie enough traffic for some tens of offers. A tick that plans for no
 * traffic leaves the price as it is, unless something was used; used-up budgets count as used too fast.
 */
export function nextDualPrice(state: PacingState, tick: PacingTick, plan: PacingPlan, law: PacingLaw): PacingState {
  const committed = tick.spent + tick.outstanding
  if (tick.timeMs <= state.timeMs) return { ...state, committed }
  const error = pacingError(committed - state.committed, plannedUse(state, tick.timeMs, plan))
  const scale = Math.max(state.dualPrice, plan.dualPrice / 4, law.unit)
  return { dualPrice: Math.max(0, state.dualPrice + law.gain * scale * error), timeMs: tick.timeMs, committed }
}

/** What is left at `state`, in the share of the remaining traffic that comes until `untilMs`. At least 0. */
function plannedUse({ timeMs, committed }: PacingState, untilMs: number, plan: PacingPlan): number {
  const ahead = trafficBetween(plan.hourShares, timeMs, plan.endMs)
  const left = Math.max(0, plan.budget - committed)
  if (ahead === 0) return left
  return left * Math.min(1, trafficBetween(plan.hourShares, timeMs, untilMs) / ahead)
}

/** Offers that expire can make `used` negative: less than nothing was used. */
function pacingError(used: number, planned: number): number {
  if (planned <= 0) return used > 0 ? 1 : 0
  return Math.min(1, Math.max(-1, (used - planned) / planned))
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
