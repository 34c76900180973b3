import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commonElasticity, type Demand, demandsOf, itemElasticities, likelihoodAt } from '../../training/elasticity.ts'
import { combine, shrink } from '../../training/shrinkage.ts'
import { DAY_MS, type SmallEvent, tableOf } from './small-shop.ts'

const PRIOR = { mean: -2, variance: 100 }

/** 120 views at each price, of which exactly `rate · (price / 1000)^elasticity` end in a purchase. */
function viewsAndPurchases(item: number, elasticity: number, rate: number, views: number): SmallEvent[] {
  return [800, 900, 1000, 1100, 1250].flatMap((priceMinor) => {
    const bought = Math.round(views * rate * (priceMinor / 1000) ** elasticity)
    const event = (kind: 'view' | 'purchase', n: number): SmallEvent => ({
      shopper: n,
      item,
      kind,
      timeMs: n,
      priceMinor,
    })
    return [
      ...Array.from({ length: views }, (_, n) => event('view', n)),
      ...Array.from({ length: bought }, (_, n) => event('purchase', n)),
    ]
  })
}

describe('elasticity', () => {
  test('is found from views and purchases at several prices', () => {
    const [demand] = demandsOf(tableOf(viewsAndPurchases(0, -3, 0.1, 5000)), 1)
    expect(commonElasticity([demand], PRIOR).mean).toBeCloseTo(-3, 1)
    const [estimate] = itemElasticities([demand], [0], 1, PRIOR)
    expect(estimate?.mean).toBeCloseTo(-3, 1)
    expect(Math.sqrt(estimate?.variance ?? 0)).toBeLessThan(0.2)
  })

  test('counts a discount as a lower price', () => {
    const listed = viewsAndPurchases(0, -3, 0.1, 1000)
    const discounted = listed.map((event) => ({
      ...event,
      priceMinor: 2000,
      quantity: 2,
      discountMinor: 4000 - 2 * (event.priceMinor ?? 0),
    }))
    expect(demandsOf(tableOf(discounted), 1)).toEqual(demandsOf(tableOf(listed), 1))
  })

  test('is found from weekly sales alone, weeks without a sale counted', () => {
    const weekly = [9, 3, 0, 9, 3, 0, 9, 3, 0, 9, 3, 0].flatMap((sales, week): SmallEvent[] => {
      const priceMinor = week % 3 === 0 ? 800 : 1200
      const other = Array.from(
        { length: 50 },
        (): SmallEvent => ({
          shopper: 1,
          item: 1,
          kind: 'purchase',
          timeMs: week * 7 * DAY_MS,
          priceMinor: 500,
        }),
      )
      const own = Array.from({ length: sales }, (): SmallEvent => ({ ...other[0], item: 0, priceMinor }))
      return [...own, ...other]
    })
    const [demand, constant] = itemElasticities(demandsOf(tableOf(weekly), 2), [0, 0], 1, PRIOR)
    const expected = Math.log(1.5 / 9) / Math.log(1200 / 800)
    expect(commonElasticity([demandsOf(tableOf(weekly), 2)[0]], PRIOR).mean).toBeCloseTo(expected, 0)
    expect(demand?.mean).toBeLessThan(-3)
    expect(constant).toBeNull()
  })

  test('has the score and information that are derivatives of its likelihood', () => {
    const occasions = fc.array(
      fc.record({ logPrice: fc.double({ min: -1, max: 1, noNaN: true }), weight: fc.integer({ min: 1, max: 9 }) }),
      { minLength: 2, maxLength: 12 },
    )
    fc.assert(
      fc.property(
        occasions,
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: -4, max: 1, noNaN: true }),
        (o, n, e) => {
          const demand: Demand = {
            logPrice: Float64Array.from(o, ({ logPrice }) => logPrice),
            weight: Float64Array.from(o, ({ weight }) => weight),
            purchases: n,
            purchasedLogPrice: n * o[0].logPrice,
          }
          const logL = (at: number) =>
            at * demand.purchasedLogPrice -
            n * Math.log(o.reduce((sum, { logPrice, weight }) => sum + weight * Math.exp(at * logPrice), 0))
          const h = 1e-4
          const { score, information } = likelihoodAt(demand, e)
          expect(score).toBeCloseTo((logL(e + h) - logL(e - h)) / (2 * h), 3)
          expect(information).toBeCloseTo(-(logL(e + h) - 2 * logL(e) + logL(e - h)) / h ** 2, 2)
        },
      ),
      { seed: 51 },
    )
  })
})

describe('shrinkage', () => {
  test('weights estimate and prior by precision', () => {
    expect(combine({ mean: -1, variance: 1 }, { mean: -3, variance: 1 })).toEqual({ mean: -2, variance: 0.5 })
    expect(combine({ mean: -1, variance: 1 }, { mean: -3, variance: 3 })).toEqual({ mean: -1.5, variance: 0.75 })
    expect(combine(null, { mean: -3, variance: 3 })).toEqual({ mean: -3, variance: 3 })
  })

  test('gives an item without an estimate its group, and a group without one the whole', () => {
    const tight = (mean: number) => ({ mean, variance: 0.01 })
    const estimates = [tight(-1), tight(-1.2), null, tight(-4), tight(-4.2), null, null]
    const { items, global } = shrink(estimates, [0, 0, 0, 1, 1, 1, 2], 3, { mean: -2.62, variance: 1 })
    expect(items[2].mean).toBeCloseTo(-1.1, 1)
    expect(items[5].mean).toBeCloseTo(-4.1, 1)
    expect(items[6].mean).toBeCloseTo(global.mean, 12)
    expect(items[6].variance).toBeGreaterThan(items[2].variance)
    expect(global.mean).toBeCloseTo(-2.6, 1)
  })

  test('lies between the estimate and its group, and is surer than either', () => {
    const drawn = fc.array(
      fc.record({
        mean: fc.double({ min: -8, max: 2, noNaN: true }),
        variance: fc.double({ min: 0.01, max: 9, noNaN: true }),
      }),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(drawn, (estimates) => {
        const withMissing = [...estimates, null]
        const { items } = shrink(
          withMissing,
          withMissing.map(() => 0),
          1,
          { mean: -2.62, variance: 1 },
        )
        const group = items[estimates.length]
        estimates.forEach(({ mean, variance }, i) => {
          expect(items[i].mean).toBeGreaterThanOrEqual(Math.min(mean, group.mean) - 1e-9)
          expect(items[i].mean).toBeLessThanOrEqual(Math.max(mean, group.mean) + 1e-9)
          expect(items[i].variance).toBeLessThanOrEqual(Math.min(variance, group.variance) + 1e-12)
        })
      }),
      { seed: 52 },
    )
  })
})
