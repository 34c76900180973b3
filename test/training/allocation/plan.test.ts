import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random } from '../../../bench/random.ts'
import { OfferwrightError } from '../../../core/contract/errors.ts'
import { HOUR_MS, hourOfWeek } from '../../../core/scoring/pacing.ts'
import { HOURS_OF_WEEK } from '../../../core/snapshot/manifest.ts'
import { type PlannedCampaign, type PlannedRequest, planAllocation } from '../../../training/allocation/plan.ts'
import { hourSharesOf } from '../../../training/allocation/traffic.ts'

/** Values of use 10 of "summer". */
const summer = (...values: number[]): PlannedRequest[] =>
  values.map((valueMinor, i) => ({
    timeMs: i * HOUR_MS,
    actions: [{ campaignId: 'summer', valueMinor, costMinor: 10, useProbability: 0.1, marginMinor: valueMinor }],
  }))

function randomRequests(seed: number, n: number): PlannedRequest[] {
  const random = new Random(seed)
  return Array.from({ length: n }, (_, r) => ({
    timeMs: r * HOUR_MS,
    actions: ['a', 'b', 'c'].flatMap((campaignId) =>
      [1, 2].map((depth) => {
        const valueMinor = 100 * depth * (random.uniform() - 0.2)
        const costMinor = 100 * depth * random.uniform()
        return { campaignId, valueMinor, costMinor, useProbability: depth * random.uniform(), marginMinor: valueMinor }
      }),
    ),
  }))
}

/** What the campaigns use where each request takes its best action at the prices. */
function usedAt(requests: PlannedRequest[], priceOf: (campaignId: string) => number): Map<string, number> {
  const used = new Map<string, number>()
  for (const { actions } of requests) {
    const worth = actions.map(({ campaignId, valueMinor, costMinor }) => valueMinor - priceOf(campaignId) * costMinor)
    const best = worth.indexOf(Math.max(...worth))
    if (worth[best] <= 0) continue
    const { campaignId, costMinor } = actions[best]
    used.set(campaignId, (used.get(campaignId) ?? 0) + costMinor)
  }
  return used
}

describe('a plan', () => {
  it('prices a budget at the request that it reaches last', () => {
    // 200 requests are expected, 4 known: 1,250 minor units are 25 for those, two and a half offers.
    const plan = planAllocation(summer(50, 20, 40, 30), [
      { campaignId: 'summer', budgetMinor: 1250, expectedRequests: 200 },
    ])
    expect(plan.campaigns).toEqual({ summer: { dualPrice: 3 } })
    expect(plan.boundMinor).toBeCloseTo(50 + 40 + 15, 9)
  })

  it('prices several budgets each by what it brings where requests may take from either', () => {
    // "summer" has an offer and a half. Only the second request may take "winter" instead, and loses 10 by it.
    const [first, second] = summer(50, 40)
    second.actions.push({ ...second.actions[0], campaignId: 'winter', valueMinor: 30 })
    const plan = planAllocation(
      [first, second],
      [
        { campaignId: 'summer', budgetMinor: 15, expectedRequests: 2 },
        { campaignId: 'winter', budgetMinor: 10, expectedRequests: 2 },
      ],
    )
    expect(plan.campaigns.summer.dualPrice).toBeCloseTo(1, 6)
    expect(plan.campaigns.winter.dualPrice).toBeCloseTo(0, 6)
    expect(plan.boundMinor).toBeCloseTo(50 + 20 + 15, 6)
  })

  it('at its prices uses up what has a price and no more than a few requests beyond any budget', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.constantFrom(0.1, 0.4, 3), (seed, share) => {
        const requests = randomRequests(seed, 300)
        const free = usedAt(requests, () => 0)
        const budgets: PlannedCampaign[] = ['a', 'b', 'c'].map((campaignId) => ({
          campaignId,
          budgetMinor: share * (free.get(campaignId) ?? 0),
          expectedRequests: 300,
        }))
        const { campaigns } = planAllocation(requests, budgets)
        const used = usedAt(requests, (campaignId) => campaigns[campaignId].dualPrice)
        for (const { campaignId, budgetMinor = 0 } of budgets) {
          const beyond = (used.get(campaignId) ?? 0) - budgetMinor
          expect(beyond).toBeLessThan(3 * 200)
          if (campaigns[campaignId].dualPrice > 1e-6) expect(beyond).toBeGreaterThan(-3 * 200)
        }
      }),
      { seed: 1, numRuns: 60 },
    )
  })

  it('leaves actions of campaigns without a budget free, and campaigns without an action without a price', () => {
    const plan = planAllocation(summer(50, 20), [{ campaignId: 'other', budgetMinor: 0, expectedRequests: 2 }])
    expect(plan).toEqual({ campaigns: { other: { dualPrice: 0 } }, boundMinor: 70 })
    expect(planAllocation(summer(50, -20), [])).toEqual({ campaigns: {}, boundMinor: 50 })
  })

  it('prices a stock at the offer that it reaches last, beside a budget that is not scarce', () => {
    // Each uses a tenth of an offer: a quarter of one is two and a half requests. The third wins 30 with its tenth.
    const plan = planAllocation(summer(50, 20, 40, 30), [
      { campaignId: 'summer', budgetMinor: 1000, stock: 0.25, expectedRequests: 4 },
    ])
    expect(plan.campaigns.summer.dualPrice).toBeCloseTo(0, 6)
    expect(plan.campaigns.summer.stockDualPrice).toBeCloseTo(300, 4)
    expect(plan.boundMinor).toBeCloseTo(50 + 40 + 15, 4)
  })

  it('prices a return floor at the request whose return the others can just carry', () => {
    // Each costs 10. At a floor of 3 two earn 20 and 10 beyond it, and two fall short by 10 and 25: four fifths of the last are carried.
    const plan = planAllocation(summer(50, 40, 20, 5), [{ campaignId: 'summer', returnFloor: 3, expectedRequests: 4 }])
    expect(plan.campaigns).toEqual({ summer: { dualPrice: 0, returnDualPrice: 5 / 25 } })
    expect(plan.boundMinor).toBeCloseTo(50 + 40 + 20 + 0.8 * 5, 9)
    const slack = planAllocation(summer(50, 40), [{ campaignId: 'summer', returnFloor: 3, expectedRequests: 2 }])
    expect(slack.campaigns.summer).toEqual({ dualPrice: 0, returnDualPrice: 0 })
  })

  it('keeps a return floor at its price but for the request that is split', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 0.2, max: 4, noNaN: true }),
        (seed, returnFloor) => {
          const requests = randomRequests(seed, 200)
          const { campaigns } = planAllocation(requests, [{ campaignId: 'a', returnFloor, expectedRequests: 200 }])
          const price = campaigns.a.returnDualPrice ?? 0
          let owed = 0
          for (const { actions } of requests) {
            const short = actions.map(({ campaignId, costMinor, marginMinor }) =>
              campaignId === 'a' ? returnFloor * costMinor - marginMinor : 0,
            )
            // A little above the price, so that the request that is split takes what owes less.
            const worth = actions.map(({ valueMinor }, a) => valueMinor - (price * (1 + 1e-9) + 1e-9) * short[a])
            const best = worth.indexOf(Math.max(...worth))
            if (worth[best] > 0) owed += short[best]
          }
          expect(owed).toBeLessThan(1e-6)
          if (price > 1e-6) expect(owed).toBeGreaterThan(-2 * 200 * (returnFloor + 1))
        },
      ),
      { seed: 3, numRuns: 100 },
    )
  })

  it.each<[string, PlannedRequest[], PlannedCampaign[]]>([
    ['requests', [], []],
    ['requests[1].actions[0].valueMinor', summer(1, Number.NaN), []],
    ['requests[0].timeMs', [{ timeMs: Number.NaN, actions: [] }], []],
    ['requests[0].actions[0].costMinor', [{ timeMs: 0, actions: [{ ...summer(1)[0].actions[0], costMinor: -1 }] }], []],
    ['campaigns[0].budgetMinor', summer(1), [{ campaignId: 'a', budgetMinor: -1, expectedRequests: 1 }]],
    ['campaigns[0].expectedRequests', summer(1), [{ campaignId: 'a', budgetMinor: 1, expectedRequests: 0 }]],
    [
      'campaigns[1].campaignId',
      summer(1),
      [1, 2].map((budgetMinor) => ({ campaignId: 'a', budgetMinor, expectedRequests: 1 })),
    ],
  ])('is refused for a bad %s', (field, requests, budgets) => {
    let refusal: unknown
    try {
      planAllocation(requests, budgets)
    } catch (error) {
      refusal = error
    }
    expect(refusal).toBeInstanceOf(OfferwrightError)
    expect(refusal).toMatchObject({ code: 'invalid_value', field })
  })
})

describe('shares of traffic by hour of the week', () => {
  it('are unknown before a week was watched', () => {
    expect(hourSharesOf([])).toBeNull()
    expect(hourSharesOf([0, 167.9 * HOUR_MS])).not.toBeNull()
    expect(hourSharesOf([0, 166.9 * HOUR_MS])).toBeNull()
  })

  it('follow what was counted as far as it swings more than chance does, by hand', () => {
    // The mean's own doubt moves the third digit. 10 requests in each hour of a week, but 40 in every fourth: m = 17.5, variance 168.75 · 168/167 beside 17.5 by chance.
    const times = Array.from({ length: HOURS_OF_WEEK }, (_, hour) =>
      Array.from({ length: hour % 4 === 0 ? 40 : 10 }, (_, i) => hour + i / 40),
    )
    const shares = hourSharesOf(times.flat().map((hour) => hour * HOUR_MS)) ?? []
    const spread = (168.75 * 168) / 167 - 17.5
    const believed = spread / (spread + 17.5)
    const rate = (count: number) => 17.5 + believed * (count - 17.5)
    expect(shares[hourOfWeek(0)] / shares[hourOfWeek(1)]).toBeCloseTo(rate(40) / rate(10), 2)
    expect([...shares].reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
  })

  it('are even for even traffic, however often an hour was watched', () => {
    fc.assert(
      fc.property(fc.integer({ min: HOURS_OF_WEEK, max: 900 }), fc.integer({ min: -1e5, max: 1e5 }), (hours, first) => {
        const even = hourSharesOf(Array.from({ length: hours }, (_, hour) => (first + hour) * HOUR_MS)) ?? []
        expect(even.length).toBe(HOURS_OF_WEEK)
        for (const share of even) expect(share).toBeCloseTo(1 / HOURS_OF_WEEK, 12)
      }),
      { seed: 2, numRuns: 100 },
    )
  })
})
