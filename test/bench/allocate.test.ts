import fc from 'fast-check'
import { expect, it } from 'vitest'
import { servedDay } from '../../bench/allocate/day.ts'
import { servedFloorWeek } from '../../bench/allocate/floors.ts'
import { compareWithHighs } from '../../bench/allocate/parity.ts'
import { servedWeek } from '../../bench/allocate/periods.ts'
import { inShareOfFreeUse, type Pace, servePeriod } from '../../bench/allocate/serve.ts'
import { drawRequests, driftOf, forecastShares, MONDAY_MS, NO_DRIFT, WEEK_MS } from '../../bench/allocate/shop.ts'
import { Random } from '../../bench/random.ts'
import { solveDual } from '../../training/allocation/dual.ts'
import { addUses, dualValue } from '../../training/allocation/instance.ts'

const shape = { requests: 200, offers: 3, depthsBps: [500, 2000], budgets: 2, stocks: 2 }

function fixedAt(price: number, resources: number): Pace[] {
  const plan = { dualPrice: price, budget: 1, hourShares: forecastShares(), endMs: MONDAY_MS + WEEK_MS }
  return Array.from({ length: resources }, () => ({ plan, law: null }))
}

it('never counts a week as better than the dual allows, or more used than there is, at any prices', () => {
  fc.assert(
    fc.property(fc.nat(1e6), fc.double({ min: 0, max: 2, noNaN: true }), (seed, price) => {
      const random = new Random(seed)
      const came = inShareOfFreeUse(drawRequests(random, shape, WEEK_MS, driftOf(random)), 0.3)
      const { valueMinor, used, isOver } = servePeriod(came, fixedAt(price, 4), 3_600_000)
      expect(valueMinor).toBeLessThanOrEqual(dualValue(came, solveDual(came).dualPrices) * (1 + 1e-9))
      expect(isOver).toEqual([false, false, false, false])
      for (const [m, budget] of came.budget.entries()) expect(used[m]).toBeLessThanOrEqual(budget)
    }),
    { seed: 1, numRuns: 50 },
  )
})

it('values a request by what it takes: all of its uses, none twice', () => {
  const came = drawRequests(new Random(1), { ...shape, requests: 1 }, WEEK_MS, NO_DRIFT)
  const free = { ...came, budget: came.budget.map(() => Number.POSITIVE_INFINITY) }
  const { valueMinor, used } = servePeriod(free, fixedAt(0, 4), WEEK_MS)
  const best = came.value.indexOf(Math.max(...came.value))
  const expected = new Float64Array(4)
  addUses(came, best, 1, expected)
  expect(valueMinor).toBe(came.value[best])
  expect([...used]).toEqual([...expected])
})

it('has requests by the hour as forecast where nothing drifts', () => {
  const { timesMs } = drawRequests(new Random(2), { ...shape, requests: 40_000 }, WEEK_MS, NO_DRIFT)
  const counts = new Float64Array(168)
  for (const time of timesMs) counts[Math.floor((time - MONDAY_MS) / 3_600_000)]++
  const shares = forecastShares()
  const chi = counts.reduce((sum, count, h) => sum + (count - 40_000 * shares[h]) ** 2 / (40_000 * shares[h]), 0)
  // χ² with 167 degrees of freedom: 167 ± 18.
  expect(Math.abs(chi - 167)).toBeLessThan(80)
})

it('comes nearer to the optimum with feedback than with fixed prices under drift, and is equal for equal seeds', () => {
  const of = () => servedWeek({ ...shape, stocks: 0, budgets: 1, requests: 20_000 }, 'demand', 5)
  const once = of()
  expect(once).toEqual(of())
  expect(once.over).toBe(0)
  expect(once.paced).toBeGreaterThan(Math.max(0.98, once.fixed))
  expect(once.paced).toBeLessThanOrEqual(1)
})

it('spends a day evenly and never over its budget, with more requests than forecast', () => {
  const { paced, fixed } = servedDay(0.3, 60_000, 3)
  expect(paced.overTicks + fixed.overTicks).toBe(0)
  expect(paced.spentShare).toBeGreaterThan(0.98)
  expect(paced.spentShare).toBeLessThanOrEqual(1)
  expect(paced.unevenness).toBeLessThan(fixed.unevenness)
})

it('keeps a return floor with feedback, near its optimum, where no price would miss it by a third', () => {
  const { paced, free } = servedFloorWeek(20_000, 'demand', 5)
  expect(free.kept).toBeLessThan(0.8)
  expect(paced.kept).toBeGreaterThan(0.99)
  expect(paced.value).toBeGreaterThan(0.98)
})

it('has the prices and the worth that HiGHS finds where every campaign has a budget, a stock and a return floor', async () => {
  const { objectiveGap, priceGap, constraints } = await compareWithHighs({ ...shape, requests: 1000 }, 0.3, 3, 7)
  expect(constraints).toBe(6)
  expect(objectiveGap).toBeLessThan(1e-9)
  expect(priceGap).toBeLessThan(1e-6)
})
