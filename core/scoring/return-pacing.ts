/**
 * Feedback on the price of a return floor r: it rises while offers bring less than r for what they are expected to cost, and falls while
 * they bring more. What a campaign is held to is Σ w ≤ 0 over its offers, with w = r p δ − Δm as expected when an offer is given.
 *
 *   passed, ahead, total = forecast traffic of the tick; from its start to the end; from the start of pacing to the end
 *   owed   = Σ w before the tick; below 0: earned beyond the floor
 *   cost   = Σ p δ so far, extended by traffic to the whole period
 *   error  = (Σ w of the tick + owed · passed / ahead) / cost
 *   λ      ← min(1000, as `pacing.ts` moves a price by an error)
 *
 * There is no amount of it to divide by (B = 0), so an error counts by what the campaign is going to spend: a return that falls short of r
 * by one half in a tenth of the traffic is an error of a twentieth, whatever the size of the campaign. What was missed so far
 * is made up for, and what was earned is spent, evenly over the rest.
 *
 * At λ an action is given only where it brings r λ / (1 + λ) for what it costs by itself. Above 1,000 that is r, as near as it matters;
 * a higher price would be no stricter and come down late. Units: λ in minor units of margin for one that is missing, so without
 * one. Invariants: 0 ≤ λ ≤ 1,000. What is counted is expected, not sold: purchases tell what an offer cost, and no purchase tells
 * whether it would have come without.
 */
import { movedPrice, type PacingLaw, type PacingPlan, trafficBetween } from './pacing.ts'

/** `floor`: r, above 0. */
export interface ReturnPlan extends Pick<PacingPlan, 'dualPrice' | 'hourShares' | 'endMs'> {
  floor: number
}

/** What all offers so far were expected to cost and to add to the margin, in minor units. */
export interface Returned {
  costMinor: number
  marginMinor: number
}

/** As of the last tick. */
export interface ReturnState extends Returned {
  dualPrice: number
  startMs: number
  timeMs: number
}

/**
 * Gains from 20 to 80 lost about equally little in weeks of `npm run bench -- allocate` at other seeds than its own; a price that
 * starts at 0 gets where it has to be the sooner, the larger gain and unit are.
 */
export const RETURN_PACING: PacingLaw = { gain: 40, unit: 1 }

export const HIGHEST_RETURN_PRICE = 1000

export function startReturnPacing(plan: ReturnPlan, timeMs: number, returned: Returned): ReturnState {
  return { ...returned, dualPrice: Math.min(HIGHEST_RETURN_PRICE, plan.dualPrice), startMs: timeMs, timeMs }
}

/** The state after a tick at `timeMs`; while nothing was given since the start, the price stays as it is. */
export function nextReturnPrice(
  state: ReturnState,
  timeMs: number,
  returned: Returned,
  plan: ReturnPlan,
  law: PacingLaw,
): ReturnState {
  if (timeMs <= state.timeMs) return state
  const moved = movedPrice(state.dualPrice, returnError(state, timeMs, returned, plan), plan, law)
  return { ...state, ...returned, dualPrice: Math.min(HIGHEST_RETURN_PRICE, moved), timeMs }
}

function returnError(state: ReturnState, untilMs: number, returned: Returned, plan: ReturnPlan): number {
  const { startMs, timeMs } = state
  const { hourShares, endMs, floor } = plan
  const total = trafficBetween(hourShares, startMs, endMs)
  const ahead = trafficBetween(hourShares, timeMs, endMs)
  const passed = Math.min(ahead, trafficBetween(hourShares, timeMs, untilMs))
  const costMinor = (returned.costMinor * total) / (total - ahead + passed)
  if (!(costMinor > 0 && ahead > 0)) return 0
  const owed = floor * state.costMinor - state.marginMinor
  const missed = floor * (returned.costMinor - state.costMinor) - (returned.marginMinor - state.marginMinor)
  return (missed + (owed * passed) / ahead) / costMinor
}
