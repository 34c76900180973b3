import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { truthParameters } from '../../training/simulation/parameters.ts'
import { Tally } from '../../training/simulation/policy-tally.ts'

const { types } = truthParameters()

const visit = fc.record({
  shopper: fc.integer({ min: 0, max: 4 }),
  shown: fc.array(
    fc.record({
      priceMinor: fc.integer({ min: 100, max: 5000 }),
      costMinor: fc.integer({ min: 1, max: 90 }),
      discountMinor: fc.integer({ min: 0, max: 50 }),
      buys: fc.boolean(),
      buysWithOffer: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
})

describe('the tally of policies', () => {
  it('adds up like a spreadsheet, and spreads its interval by the shoppers’ own differences', () => {
    fc.assert(
      fc.property(fc.array(visit, { maxLength: 20 }), (visits) => {
        const tally = new Tally(['none', 'ours'], 5)
        const difference = [0, 0, 0, 0, 0]
        let orders = 0
        for (const { shopper, shown } of visits) {
          tally.startVisit(shopper, shopper % 4)
          for (const { priceMinor, costMinor, discountMinor, buys, buysWithOffer } of shown) {
            tally.show(0, { priceMinor, costMinor, discountMinor: 0, buys })
            tally.show(1, { priceMinor, costMinor, discountMinor, buys: buysWithOffer })
            if (buys) difference[shopper] -= priceMinor - costMinor
            if (buysWithOffer) difference[shopper] += priceMinor - discountMinor - costMinor
          }
          tally.endVisit()
          if (shown.some(({ buysWithOffer }) => buysWithOffer)) orders++
        }
        const [none, ours] = tally.totals({ types })
        const total = difference.reduce((sum, value) => sum + value, 0)
        const variance = difference.reduce((sum, value) => sum + (value - total / 5) ** 2, 0) / 4
        expect(none.incrementalMarginMinor).toBe(0)
        expect(ours.orders).toBe(orders)
        expect(ours.incrementalMarginMinor).toBeCloseTo(total, 6)
        expect(ours.marginMinor - none.marginMinor).toBeCloseTo(total, 6)
        expect(ours.incrementalMargin95[1] - total).toBeCloseTo(1.96 * Math.sqrt(5 * variance), 6)
      }),
      { seed: 7, numRuns: 200 },
    )
  })

  it('tells of each type which share was offered something', () => {
    const tally = new Tally(['none', 'ours'], 3)
    const shown = { priceMinor: 100, costMinor: 50, buys: false }
    for (const [shopper, discountMinor] of [
      [0, 10],
      [0, 0],
      [1, 0],
    ]) {
      tally.startVisit(shopper, 1)
      tally.show(1, { ...shown, discountMinor })
      tally.endVisit()
    }
    const [, ours] = tally.totals({ types })
    expect(ours.offeredShare).toEqual({ persuadable: 0, always_buyer: 0.5, lost_cause: 0, sleeping_dog: 0 })
  })
})
