import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HOUR_MS, HOURS_OF_WEEK } from '../../core/scoring/pacing.ts'
import {
  nextReturnPrice,
  RETURN_PACING,
  type ReturnPlan,
  type ReturnState,
  startReturnPacing,
} from '../../core/scoring/return-pacing.ts'

const EVEN = new Float64Array(HOURS_OF_WEEK).fill(1 / HOURS_OF_WEEK)
const plan: ReturnPlan = { dualPrice: 1, floor: 2, hourShares: EVEN, endMs: 10 * HOUR_MS }
const law = { gain: 1, unit: 0.2 }
const started = startReturnPacing(plan, 0, { costMinor: 0, marginMinor: 0 })

const ticked = (hours: number, costMinor: number, marginMinor: number, state: ReturnState = started) =>
  nextReturnPrice(state, hours * HOUR_MS, { costMinor, marginMinor }, plan, law)

describe('the price of a return floor', () => {
  it('moves by what is missed for what the campaign will cost, by hand', () => {
    // 100 in a tenth of the time: 1,000 in all. 50 short of 200: an error of a twentieth.
    const first = ticked(1, 100, 150)
    expect(first.dualPrice).toBeCloseTo(1.05, 12)
    // As much again, and 50 are owed, a ninth of it now: 1,000 in all, (50 + 50/9) / 1,000.
    expect(ticked(2, 200, 300, first).dualPrice).toBeCloseTo(1.05 * (1 + (50 + 50 / 9) / 1000), 12)
    // Nothing more is given: 200 in half of the time, 400 in all, of which a ninth of 50 is due an hour.
    expect(ticked(2, 100, 150, first).dualPrice).toBeCloseTo(1.05 * (1 + 50 / 9 / 500), 12)
    // Beyond the floor by as much, it falls by as much.
    expect(ticked(1, 100, 250).dualPrice).toBeCloseTo(0.95, 12)
  })

  it('stays where nothing was given yet, or no time has passed', () => {
    expect(ticked(3, 0, 0).dualPrice).toBe(1)
    expect(ticked(0, 100, 0)).toEqual(started)
  })

  it('is never below 0 nor above 1,000, moves by a fifth at most, and rises with what is missed', () => {
    const counts = fc.array(fc.tuple(fc.nat(200), fc.nat(1e6), fc.integer({ min: -1_000_000, max: 3_000_000 })), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(counts, fc.double({ min: 0, max: 2000, noNaN: true }), (ticks, dualPrice) => {
        const own = { ...plan, dualPrice }
        let state = startReturnPacing(own, 0, { costMinor: 0, marginMinor: 0 })
        for (const [minutes, costMinor, marginMinor] of ticks) {
          const timeMs = state.timeMs + minutes * 60_000
          const returned = {
            costMinor: state.costMinor + costMinor,
            marginMinor: state.marginMinor + marginMinor,
          }
          const next = nextReturnPrice(state, timeMs, returned, own, RETURN_PACING)
          const better = { ...returned, marginMinor: returned.marginMinor + 1000 }
          expect(next.dualPrice).toBeGreaterThanOrEqual(0)
          expect(next.dualPrice).toBeLessThanOrEqual(1000)
          const scale = Math.max(state.dualPrice, own.dualPrice / 4, RETURN_PACING.unit)
          expect(Math.abs(next.dualPrice - state.dualPrice)).toBeLessThanOrEqual(0.2 * scale + 1e-9)
          expect(nextReturnPrice(state, timeMs, better, own, RETURN_PACING).dualPrice).toBeLessThanOrEqual(
            next.dualPrice,
          )
          state = next
        }
      }),
      { seed: 4, numRuns: 300 },
    )
  })

  it.each([5000, 60_000, 600_000])('finds where the floor is kept, from a wrong price, at ticks of %i ms', (tickMs) => {
    // Offers of returns spread evenly from 0 to 4 for a cost of 1: at λ those from r λ / (1 + λ) on are given. Their mean is
    // (4 + that) / 2, so a floor of 2.5 is kept from 1 on: λ = 1 / 1.5.
    const week: ReturnPlan = { dualPrice: 0.05, floor: 2.5, hourShares: EVEN, endMs: 7 * 24 * HOUR_MS }
    let state = startReturnPacing(week, 0, { costMinor: 0, marginMinor: 0 })
    let [costMinor, marginMinor] = [0, 0]
    for (let timeMs = tickMs; timeMs <= week.endMs; timeMs += tickMs) {
      const least = (week.floor * state.dualPrice) / (1 + state.dualPrice)
      const given = ((4 - least) / 4) * tickMs
      costMinor += given
      marginMinor += (given * (4 + least)) / 2
      state = nextReturnPrice(state, timeMs, { costMinor, marginMinor }, week, RETURN_PACING)
    }
    expect(marginMinor / costMinor).toBeGreaterThan(2.5 * 0.995)
    expect(marginMinor / costMinor).toBeLessThan(2.5 * 1.005)
    expect(state.dualPrice).toBeGreaterThan(0.5)
    expect(state.dualPrice).toBeLessThan(0.9)
  })
})
