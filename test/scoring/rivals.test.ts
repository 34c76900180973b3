import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { listedMove } from '../../core/scoring/offers/response.ts'
import { rivalMinors } from '../../core/scoring/offers/rivals.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const NOW = 1_700_000_000_000
const CANNIBALISED = 0.5
const LISTED = 1.5

/** Two teas, a cup by itself, and one thing without a category; tea costs less than usual. */
const shop = {
  items: [
    { key: 'assam', popularity: 0.9, priceMinor: 1000, costMinor: 400, elasticity: -3, category: 'tea' },
    { key: 'ceylon', popularity: 0.8, priceMinor: 1000, costMinor: 400, elasticity: -3, category: 'tea' },
    { key: 'cup', popularity: 0.7, priceMinor: 1000, costMinor: 400, elasticity: -3, category: 'cups' },
    { key: 'thing', popularity: 0.6, priceMinor: 1000, costMinor: 400, elasticity: -3 },
  ],
  shoppers: [{ key: 'ann', history: [] }],
  response: {
    segment: [1],
    base: [0, 0],
    listed: [LISTED, LISTED],
    usualMinor: [1250, 0, 1000, 1000],
    curves: {
      'mechanism:coupon': [
        [0, 1, 0, 0, 0, 0, CANNIBALISED],
        [0, 1, 0, 0, 0, 0, CANNIBALISED],
      ],
    },
  },
}

describe('offers beside each other', () => {
  let g: Generation
  let close: () => Promise<void>
  beforeAll(async () => {
    const opened = await openTinyShop(shop)
    close = opened.close
    g = openGeneration(opened.image, 0)
  })
  afterAll(() => close())

  function explained(candidates: string[]) {
    const file = {
      version: 1 as const,
      currency: 'GBP',
      policy: { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 },
      campaigns: [
        {
          id: 'tenth',
          mechanism: 'coupon' as const,
          state: 'live' as const,
          startsAt: NOW - 1000,
          endsAt: NOW + 1000,
          ladder: [{ percentBps: 1000 }],
        },
      ],
    }
    const { slots } = decide(g, {
      request: { shopper: 'ann', candidates, explain: true },
      time: NOW,
      live: emptyLiveShopper(),
      campaigns: compileCampaigns(g, file, 'revision'),
      remainingMinor: Float64Array.of(Number.POSITIVE_INFINITY),
      remainingUses: Float64Array.of(Number.POSITIVE_INFINITY),
      dualPrices: noPrices(1),
    })
    return new Map(slots.map((slot) => [shop.items[slot.item].key, slot]))
  }
  const marginOf = (slots: ReturnType<typeof explained>, key: string) =>
    slots.get(key)!.choice.considered[0].incrementalMarginMinor

  it('are charged for what they take from others of the category, and for nothing else', () => {
    const [alone, beside] = [explained(['assam']), explained(['assam', 'ceylon', 'cup', 'thing'])]
    const { purchaseProbability: p } = beside.get('ceylon')!
    expect(marginOf(alone, 'assam') - marginOf(beside, 'assam')).toBeCloseTo(CANNIBALISED * 0.1 * p * (1 - p) * 600, 6)
    expect(marginOf(explained(['cup']), 'cup')).toBeCloseTo(marginOf(beside, 'cup'), 9)
    expect(marginOf(explained(['thing']), 'thing')).toBeCloseTo(marginOf(beside, 'thing'), 9)
  })

  it('are weighed by what the list price does, which is not in the probability that is told', () => {
    const slots = explained(['assam', 'cup'])
    const odds = (p: number) => p / (1 - p)
    const of = (key: string) => {
      const { purchaseProbability, choice } = slots.get(key)!
      return odds(choice.considered[0].purchaseProbability) / odds(purchaseProbability)
    }
    // The coupon moves both alike; tea is a fifth cheaper than usual.
    expect(of('assam') / of('cup')).toBeCloseTo(0.8 ** (LISTED * -3), 4)
  })

  it('stake what the rule of the sum says, whatever stands beside them', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(3), { maxLength: 4 }),
        fc.array(fc.double({ min: 0.01, max: 0.9, noNaN: true }), { minLength: 4, maxLength: 4 }),
        (items, p) => {
          const probabilities = items.map((item) => p[item])
          const categories = ['tea', 'tea', 'cups', null]
          const expected = items.map((item) =>
            items
              .filter((other) => other !== item && categories[item] !== null && categories[other] === categories[item])
              .reduce((sum, other) => sum + p[other] * (1 - p[other]) * 600, 0),
          )
          const told = rivalMinors(g, items, probabilities)
          for (const [slot, minor] of expected.entries()) expect(told[slot]).toBeCloseTo(minor, 9)
        },
      ),
      { seed: 41 },
    )
  })
})

it('moves the odds of list prices as the elasticity says, and not where no usual price is known', () => {
  expect(listedMove(-2, 500, 1000)).toBeCloseTo(2 * Math.log(2), 12)
  expect(listedMove(-2, 500, 0)).toBe(0)
  expect(Number.isFinite(listedMove(-2, 0, 1000))).toBe(true)
})
