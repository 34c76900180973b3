import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BUDGET_PACING,
  HOUR_MS,
  HOURS_OF_WEEK,
  hourOfWeek,
  nextDualPrice,
  type PacingPlan,
  startPacing,
  trafficBetween,
} from '../../core/scoring/pacing.ts'

const EVEN = new Float64Array(HOURS_OF_WEEK).fill(1 / HOURS_OF_WEEK)
const law = { gain: 10, unit: 0.05 }
/** Ten hours of even traffic. */
const plan: PacingPlan = { dualPrice: 1, budget: 1000, hourShares: EVEN, endMs: 10 * HOUR_MS }
const started = startPacing(plan, { timeMs: 0, spent: 0, outstanding: 0 })

const minutes = fc.integer({ min: 1, max: 400 })
const amounts = fc.double({ min: -500, max: 2000, noNaN: true })
const shares = fc
  .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: HOURS_OF_WEEK, maxLength: HOURS_OF_WEEK })
  .filter((hours) => hours.some((share) => share > 0.01))
  .map((hours) => {
    const sum = hours.reduce((total, share) => total + share, 0)
    return hours.map((share) => share / sum)
  })

function ticked(hours: number, spent: number, outstanding = 0) {
  return nextDualPrice(started, { timeMs: hours * HOUR_MS, spent, outstanding }, plan, law)
}

describe('the price of a budget', () => {
  it('moves by the error in shares of the period, worked out by hand', () => {
    // In a tenth of the traffic 100 of 1,000 are planned: 110 used are a hundredth of the period too much, times η = 10.
    expect(ticked(1, 110).dualPrice).toBeCloseTo(1.1, 12)
    expect(ticked(1, 60, 30).dualPrice).toBeCloseTo(0.9, 12)
    expect(ticked(0.1, 0).dualPrice).toBeCloseTo(0.9, 12)
  })

  it('is replanned from what is left', () => {
    // After an hour 550 are left for 9 hours, so that 550 / 9 in the second are as planned.
    const late = ticked(1, 450)
    const next = { timeMs: 2 * HOUR_MS, spent: 450 + 550 / 9, outstanding: 0 }
    expect(nextDualPrice(late, next, plan, law).dualPrice).toBeCloseTo(late.dualPrice, 12)
  })

  it('stays where exactly what is planned is used, whatever the hours and the ticks', () => {
    fc.assert(
      fc.property(shares, fc.array(minutes, { minLength: 1, maxLength: 20 }), (hourShares, ticks) => {
        const endMs = 7 * 24 * HOUR_MS
        const own = { ...plan, hourShares, endMs }
        let state = startPacing(own, { timeMs: 0, spent: 0, outstanding: 0 })
        let timeMs = 0
        for (const tick of ticks) {
          timeMs += tick * 60_000
          const spent = 1000 * trafficBetween(hourShares, 0, timeMs)
          state = nextDualPrice(state, { timeMs, spent, outstanding: 0 }, own, law)
        }
        expect(state.dualPrice).toBeCloseTo(1, 9)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('falls by as much in many short ticks without use as in few long ones', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 500 }), (few, many) => {
        // Below `unit` steps add up; in a hundredth of the period no tick is held.
        const own = { ...plan, dualPrice: 0.04 }
        const priceAfter = (ticks: number) => {
          let state = startPacing(own, { timeMs: 0, spent: 0, outstanding: 0 })
          for (let t = 1; t <= ticks; t++)
            state = nextDualPrice(state, { timeMs: (t * HOUR_MS) / (10 * ticks), spent: 0, outstanding: 0 }, own, law)
          return state.dualPrice
        }
        expect(priceAfter(few)).toBeCloseTo(priceAfter(many), 12)
      }),
      { seed: 2, numRuns: 50 },
    )
  })

  it('is finite, not negative, and changes by a fifth of its scale at most, whatever is counted when', () => {
    const ticks = fc.array(fc.record({ minutes, spent: amounts, outstanding: amounts }), { maxLength: 30 })
    const budgets = fc.constantFrom(0, 1, 1000, 1e12)
    fc.assert(
      fc.property(
        shares,
        budgets,
        fc.double({ min: 0, max: 50, noNaN: true }),
        ticks,
        (hourShares, budget, dualPrice, counts) => {
          const own = { ...plan, hourShares, budget, dualPrice }
          let state = startPacing(own, { timeMs: 0, spent: 0, outstanding: 0 })
          for (const { minutes, spent, outstanding } of counts) {
            const next = nextDualPrice(state, { timeMs: state.timeMs + minutes * 60_000, spent, outstanding }, own, law)
            expect(next.dualPrice).toBeGreaterThanOrEqual(0)
            const scale = Math.max(state.dualPrice, dualPrice / 4, law.unit)
            expect(Math.abs(next.dualPrice - state.dualPrice)).toBeLessThanOrEqual(0.2 * scale + 1e-12)
            state = next
          }
        },
      ),
      { seed: 3, numRuns: 300 },
    )
  })

  it('is never lower for more use', () => {
    fc.assert(
      fc.property(minutes, amounts, amounts, (length, one, other) => {
        const [less, more] = [one, other].sort((a, b) => a - b)
        const hours = length / 60
        expect(ticked(hours, more).dualPrice).toBeGreaterThanOrEqual(ticked(hours, less).dualPrice)
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  it('rises where an empty budget is used, and stays where nothing is', () => {
    const empty = { ...plan, budget: 0, dualPrice: 0 }
    const state = startPacing(empty, { timeMs: 0, spent: 0, outstanding: 0 })
    const tick = (spent: number) =>
      nextDualPrice(state, { timeMs: HOUR_MS, spent, outstanding: 0 }, empty, law).dualPrice
    expect(tick(1)).toBeCloseTo(0.2 * law.unit, 12)
    expect(tick(0)).toBe(0)
  })

  it('counts but does not move in a tick of no time', () => {
    expect(nextDualPrice(started, { timeMs: 0, spent: 70, outstanding: 0 }, plan, law)).toEqual({
      ...started,
      committed: 70,
    })
  })

  it.each([5_000, 60_000, HOUR_MS])('finds where a budget lasts, from a wrong price, at ticks of %i ms', (tickMs) => {
    // Demand that would use 3 times the budget, and e^−λ of that at λ: it lasts at λ = ln 3.
    const week = { ...plan, dualPrice: 0.5, endMs: 7 * 24 * HOUR_MS, budget: 1e6 }
    let state = startPacing(week, { timeMs: 0, spent: 0, outstanding: 0 })
    let spent = 0
    for (let timeMs = tickMs; timeMs <= week.endMs; timeMs += tickMs) {
      spent += ((3 * week.budget * tickMs) / week.endMs) * Math.exp(-state.dualPrice)
      state = nextDualPrice(state, { timeMs, spent, outstanding: 0 }, week, BUDGET_PACING)
    }
    expect(Math.abs(spent / week.budget - 1)).toBeLessThan(0.01)
    // What was used too fast before has to be made up for.
    expect(state.dualPrice).toBeGreaterThan(Math.log(3))
    expect(state.dualPrice).toBeLessThan(Math.log(3) + 0.1)
  })
})

describe('forecast traffic', () => {
  it('is 1 in any week, and adds up', () => {
    const times = fc.integer({ min: -1e12, max: 1e12 })
    const lengths = fc.integer({ min: 0, max: 30 * 24 * HOUR_MS })
    fc.assert(
      fc.property(shares, times, lengths, lengths, (hours, from, first, second) => {
        expect(trafficBetween(hours, from, from + HOURS_OF_WEEK * HOUR_MS)).toBeCloseTo(1, 9)
        const parts =
          trafficBetween(hours, from, from + first) + trafficBetween(hours, from + first, from + first + second)
        expect(parts).toBeCloseTo(trafficBetween(hours, from, from + first + second), 6)
        expect(trafficBetween(hours, from, from - first)).toBe(0)
      }),
      { seed: 5, numRuns: 200 },
    )
  })

  it('counts hours from Monday 00:00 UTC by the part that lies between', () => {
    const monday = Date.UTC(2024, 0, 1)
    const hours = Array.from({ length: HOURS_OF_WEEK }, (_, hour) => (hour === 0 ? 0.6 : hour === 1 ? 0.4 : 0))
    expect(hourOfWeek(monday / HOUR_MS)).toBe(0)
    expect(trafficBetween(hours, monday + HOUR_MS / 2, monday + 1.25 * HOUR_MS)).toBeCloseTo(0.3 + 0.1, 12)
  })
})
