import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allowedPrices, type PriceBounds, priceLadder, unitsAt } from '../../../training/pricing/ladder.ts'
import { weeklyUnitsOf } from '../../../training/pricing/level.ts'
import { parseEnding, pricePoints } from '../../../training/pricing/price-points.ts'
import { seasonOf } from '../../../training/pricing/season.ts'
import { DAY_MS, type SmallEvent, tableOf } from '../small-shop.ts'

const OPEN: PriceBounds = { maxChange: 0.5, ending: '', marginFloorBps: 0, ceilingMinor: null }

const question = fc.record({
  currentMinor: fc.integer({ min: 1, max: 3000 }),
  costMinor: fc.integer({ min: 1, max: 3000 }),
  elasticity: fc.double({ min: -6, max: -0.05, noNaN: true }),
  elasticitySe: fc.double({ min: 0, max: 1, noNaN: true }),
  weeklyUnits: fc.double({ min: 0, max: 100, noNaN: true }),
  maxChange: fc.double({ min: 0.01, max: 0.9, noNaN: true }),
  ending: fc.constantFrom('', '9', '5', '99', '00'),
  marginFloorBps: fc.integer({ min: 0, max: 5000 }),
  ceilingMinor: fc.option(fc.integer({ min: 1, max: 4000 })),
})

describe('a price ladder', () => {
  test('finds the textbook optimum c · e / (1 + e) where nothing bounds it', () => {
    const demand = { elasticity: -3, elasticitySe: 0, weeklyUnits: 10 }
    expect(priceLadder(demand, 1000, 600, OPEN).best?.priceMinor).toBe(900)
  })

  test('tells units, revenue and profit that were computed by hand', () => {
    // 20 % off at elasticity −2: 12 / 0.64 = 18.75 pieces; 18.75 · 800 and · (800 − 500)
    const demand = { elasticity: -2, elasticitySe: 0, weeklyUnits: 12 }
    const { rungs } = priceLadder(demand, 1000, 500, { ...OPEN, maxChange: 0.2, ending: '00' })
    expect(rungs.map(({ priceMinor }) => priceMinor)).toEqual([800, 900, 1000, 1100, 1200])
    expect(rungs[0]).toEqual({
      priceMinor: 800,
      weeklyUnits: expect.closeTo(18.75, 9),
      revenueMinor: 15000,
      profitMinor: 5625,
      profitSeMinor: 0,
    })
  })

  test('is the brute force over every whole price, within all bounds, on price points and above the floor', () => {
    fc.assert(
      fc.property(question, ({ currentMinor, costMinor, elasticity, elasticitySe, weeklyUnits, ...bounds }) => {
        const demand = { elasticity, elasticitySe, weeklyUnits }
        const { rungs, best } = priceLadder(demand, currentMinor, costMinor, bounds)
        const naive = Array.from({ length: 6001 }, (_, price) => price).filter(
          (price) =>
            price > 0 &&
            price >= currentMinor * (1 - bounds.maxChange) &&
            price <= currentMinor * (1 + bounds.maxChange) &&
            price <= (bounds.ceilingMinor ?? Number.POSITIVE_INFINITY) &&
            String(price).padStart(bounds.ending.length, '0').endsWith(bounds.ending) &&
            (price - costMinor) * 10_000 >= bounds.marginFloorBps * price,
        )
        expect(rungs.map(({ priceMinor }) => priceMinor)).toEqual(naive)
        const profits = naive.map((price) => unitsAt(demand, currentMinor, price) * (price - costMinor))
        if (best === null) expect(naive).toEqual([])
        else expect(profits[naive.indexOf(best.priceMinor)]).toBe(Math.max(...profits))
      }),
      { seed: 71, numRuns: 300 },
    )
  })

  test('expects the mean of demand over what the elasticity may be', () => {
    const demand = { elasticity: -2, elasticitySe: 0.5, weeklyUnits: 10 }
    let sum = 0
    let weights = 0
    for (let z = -8; z <= 8; z += 0.001) {
      const weight = Math.exp(-z * z * 0.5)
      sum += weight * 10 * 0.7 ** (-2 + 0.5 * z)
      weights += weight
    }
    expect(unitsAt(demand, 1000, 700)).toBeCloseTo(sum / weights, 6)
  })

  test('takes up to four digits as an ending, and refuses what leaves no step', () => {
    expect(pricePoints(480, 700, '99')).toEqual([499, 599, 699])
    expect(allowedPrices(15, 1, { ...OPEN, ending: '99' })).toEqual([])
    expect(() => parseEnding('x')).toThrow(expect.objectContaining({ code: 'invalid_value', field: 'ending' }))
    expect(() => pricePoints(1, 2_000_000_000, '9')).toThrow(expect.objectContaining({ field: 'ending' }))
  })
})

describe('the level of an item', () => {
  const week = (n: number, pieces: number, priceMinor: number): SmallEvent[] =>
    Array.from({ length: pieces }, () => ({
      shopper: 1,
      item: 0,
      kind: 'purchase',
      timeMs: n * 7 * DAY_MS,
      priceMinor,
    }))

  test('is what it would have sold at its price of today', () => {
    // Two weeks at half price sold eight each, two at the full one two each: at elasticity −2 that is two a week.
    const table = tableOf([...week(0.5, 2, 1000), ...week(1.5, 8, 500), ...week(2.5, 8, 500), ...week(3.5, 2, 1000)])
    const [level] = weeklyUnitsOf(table, [1000], [-2], () => 1, 4 * 7 * DAY_MS)
    expect(level).toBeCloseTo(2, 9)
  })

  test('counts weeks without a sale since the first, and nothing for an item that nobody bought', () => {
    const table = tableOf([...week(0.5, 6, 1000), ...week(9.5, 4, 1000)])
    expect([...weeklyUnitsOf(table, [1000, 1000], [-2, -2], () => 1, 10 * 7 * DAY_MS)]).toEqual([1, 0])
  })
})

describe('the season of a shop', () => {
  const sold = (weeks: number) =>
    tableOf(
      Array.from({ length: weeks }, (_, n) => {
        const pieces = Math.floor(400 * (1 + 0.4 * Math.sin((2 * Math.PI * n * 7) / 365.25)))
        const sale: SmallEvent = { shopper: 1, item: 0, kind: 'purchase', timeMs: n * 7 * DAY_MS, priceMinor: 100 }
        return Array.from({ length: pieces }, () => sale)
      }).flat(),
    )

  test('is found from two years of purchases', () => {
    const factor = seasonOf(sold(110), 110 * 7 * DAY_MS)
    for (const ahead of [0, 5, 11, 30])
      expect(factor(ahead)).toBeCloseTo(1 + 0.4 * Math.sin((2 * Math.PI * (110 + ahead) * 7) / 365.25), 0.9)
  })

  test('is none where only one year is known', () => {
    expect(seasonOf(sold(60), 60 * 7 * DAY_MS)(5)).toBe(1)
  })
})
