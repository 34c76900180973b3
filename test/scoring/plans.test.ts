import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Campaign, CampaignFile } from '../../core/contract/campaigns.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { answerText } from '../../core/scoring/answer.ts'
import { type CompiledCampaigns, compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { changeCatalogue } from '../../core/scoring/catalogue.ts'
import { decide } from '../../core/scoring/decide.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')

const common = { state: 'live' as const, startsAt: '2026-01-01T00:00:00Z', endsAt: '2027-01-01T00:00:00Z' }
const campaigns: Campaign[] = [
  { ...common, id: 'all', mechanism: 'coupon', ladder: [{ percentBps: 700 }, { amountMinor: 120 }] },
  {
    ...common,
    id: 'x',
    mechanism: 'time_limited',
    ladder: [{ percentBps: 1500 }, { percentBps: 3000 }],
    targets: { categories: ['x'] },
  },
  { ...common, id: 'app', mechanism: 'coupon', ladder: [{ percentBps: 2500 }], audience: { channels: ['app'] } },
  {
    ...common,
    id: 'full',
    mechanism: 'spend_threshold',
    ladder: [
      { thresholdMinor: 3000, rewardMinor: 200 },
      { thresholdMinor: 6000, rewardMinor: 900 },
    ],
  },
  {
    ...common,
    id: 'again',
    mechanism: 'spend_threshold',
    every: true,
    maxTimes: 3,
    ladder: [{ thresholdMinor: 2000, rewardMinor: 100 }],
  },
]
const file: CampaignFile = {
  version: 1,
  currency: 'GBP',
  policy: { explorationFloor: 0.02, temperatureMinor: 10, marginFloorBps: 500 },
  campaigns,
}
const KEYS = ['a', 'b', 'c', 'd']

let g: Generation
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openTinyShop({
    items: KEYS.map((key, i) => ({
      key,
      category: i % 2 === 0 ? 'x' : 'y',
      popularity: 1 - i / 10,
      elasticity: -4 - i,
      costMinor: i === 3 ? -1 : 300,
    })),
  })
  close = opened.close
  g = openGeneration(opened.image, 0)
})
afterAll(() => close())

const step = fc.record({
  prices: fc.array(fc.tuple(fc.nat(KEYS.length - 1), fc.integer({ min: 0, max: 4000 })), { maxLength: 3 }),
  cart: fc.array(fc.record({ item: fc.constantFrom(...KEYS), quantity: fc.integer({ min: 1, max: 4 }) }), {
    maxLength: 2,
  }),
  channel: fc.constantFrom('app', 'web'),
  explain: fc.boolean(),
  /** Of each campaign: minor units and offers that are left. */
  left: fc.array(fc.tuple(fc.constantFrom(0, 90, 250, Number.POSITIVE_INFINITY), fc.constantFrom(0, 1, 9)), {
    minLength: campaigns.length,
    maxLength: campaigns.length,
  }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function decided(compiled: CompiledCampaigns, { cart, channel, explain, left }: Step, time: number) {
  return decide(g, {
    request: { shopper: 'nobody', cart, channel, explain },
    time,
    live: emptyLiveShopper(),
    campaigns: compiled,
    remainingMinor: Float64Array.from(left, ([minor]) => minor),
    remainingUses: Float64Array.from(left, ([, uses]) => uses),
    dualPrices: {
      budget: Float64Array.from(left, (_, p) => p / 100),
      stock: Float64Array.from(left, (_, p) => p / 3),
      return: Float64Array.from(left, (_, p) => p / 50),
    },
  })
}

test('campaigns that have decided before decide as those that were just compiled, whatever happens to prices and carts', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), (steps) => {
      const used = compileCampaigns(g, file, 'revision')
      steps.forEach((each, i) => {
        changeCatalogue(
          g.live,
          each.prices.map(([item, priceMinor]) => ({ item, change: { priceMinor } })),
        )
        const fresh = decided(compileCampaigns(g, file, 'revision'), each, NOW + i)
        const again = decided(used, each, NOW + i)
        expect(answerText(g, again)).toBe(answerText(g, fresh))
        const drawn = ({ slots, basketChoice }: typeof fresh) =>
          [...slots.map(({ choice }) => choice), basketChoice].map(({ open, probabilities }) => ({
            actions: open.map(({ on, number }) => `${on.id}#${number}`),
            probabilities,
          }))
        expect(drawn(again)).toEqual(drawn(fresh))
      })
    }),
    { seed: 5, numRuns: 300 },
  )
})
