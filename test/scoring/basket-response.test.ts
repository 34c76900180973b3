import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Campaign } from '../../core/contract/campaigns.ts'
import type { DecisionRow } from '../../core/contract/decision-row.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { DecideRequest } from '../../core/contract/requests.ts'
import { answerOf } from '../../core/scoring/answer.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { type DecideArguments, decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { JsonBytes } from '../../core/scoring/json-bytes.ts'
import { argumentsOfRow, writeRow } from '../../core/scoring/row.ts'
import { openTinyShop, type TinyShop } from '../support/tiny-shop.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const BASKET = { meanOrderMinor: 3000, marginRate: 0.4, elasticity: -2, elasticitySe: 0.3 }
const always = { state: 'live' as const, startsAt: '2026-01-01T00:00:00Z', endsAt: '2027-01-01T00:00:00Z' }
const full: Campaign = {
  ...always,
  id: 'full',
  mechanism: 'spend_threshold',
  ladder: [
    { thresholdMinor: 5000, rewardMinor: 600 },
    { thresholdMinor: 8000, rewardMinor: 1500 },
  ],
}
const newTiers: Campaign = { ...full, id: 'new' }
const coupon: Campaign = {
  ...always,
  id: 'basket-coupon',
  mechanism: 'coupon',
  scope: 'basket',
  minimumSpendMinor: 5000,
  ladder: [{ amountMinor: 600 }],
}
const CURVES = {
  'basket:coupon': [0.1, 0.5, 0, 0, 0, 0, 0],
  full: [0.4, 1.5, 0.01, 0, 0.04, 0, 0],
  'mechanism:coupon': [-2, 3, 0, 0, 0, 0, 0],
  'mechanism:spend_threshold': [-0.3, 0.8, 0.04, 0, 0.09, 0, 0],
}
const bare: TinyShop = {
  items: [{ key: 'cup', popularity: 0.5, priceMinor: 700, costMinor: 300, elasticity: -2 }],
  model: { basket: BASKET },
}

let open: { g: Generation; close(): Promise<void> }[] = []

beforeAll(async () => {
  const shops = [{}, CURVES, { 'mechanism:coupon': CURVES['mechanism:coupon'] }].map((curves) => {
    const told = Object.fromEntries(Object.entries(curves).map(([name, numbers]) => [name, [numbers]]))
    return { ...bare, response: { segment: [], base: [0], listed: [0], curves: told } }
  })
  open = []
  for (const shop of [bare, ...shops]) {
    const { image, close } = await openTinyShop(shop)
    open.push({ g: openGeneration(image, 0), close })
  }
})

afterAll(() => Promise.all(open.map(({ close }) => close())))

function asked(g: Generation, campaign: Campaign, request: DecideRequest = {}, uncertaintyZ = 0): DecideArguments {
  const policy = { holdoutBps: 0, explorationFloor: 0.05, temperatureMinor: 0, uncertaintyZ }
  return {
    request: { shopper: 'someone', explain: true, ...request },
    time: NOW,
    live: emptyLiveShopper(),
    campaigns: compileCampaigns(g, { version: 1, currency: 'GBP', policy, campaigns: [campaign] }, 'revision'),
    remainingMinor: Float64Array.of(Number.POSITIVE_INFINITY),
    remainingUses: Float64Array.of(Number.POSITIVE_INFINITY),
    dualPrices: noPrices(1),
  }
}

const answered = (g: Generation, campaign: Campaign, request?: DecideRequest, z?: number) =>
  answerOf(g, decide(g, asked(g, campaign, request, z)))

/** Spelt out: odds of e^{−missing/μ}, moved by show and slope times t. */
function expectedOf(missingMinor: number, share: number, [show, slope]: number[]): number {
  const none = Math.exp(-missingMinor / BASKET.meanOrderMinor)
  const odds = (none / (1 - none)) * Math.exp(show + slope * BASKET.elasticity * Math.log(1 - share))
  return odds / (1 + odds)
}

describe('a basket’s offer', () => {
  it('moves the odds of reaching its tier by its campaign’s curve, else by its mechanism’s', () => {
    const [, , { g }] = open
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4900 }), (cartMinor) => {
        for (const [campaign, curve] of [
          [full, CURVES.full],
          [newTiers, CURVES['mechanism:spend_threshold']],
        ] as const) {
          const { basketConsidered = [] } = answered(g, campaign, { cart: [{ item: 'else', priceMinor: cartMinor }] })
          expect(basketConsidered.map(({ purchaseProbability }) => purchaseProbability)).toEqual([
            expect.closeTo(expectedOf(5000 - cartMinor, 0.12, curve), 6),
            expect.closeTo(expectedOf(8000 - cartMinor, 0.1875, curve), 6),
          ])
        }
      }),
      { numRuns: 50 },
    )
  })

  it('is charged for doubt about its curve, and more where only its mechanism is known', () => {
    const [, , { g }] = open
    const doubts = [full, newTiers].map((campaign) => {
      const [{ uncertaintyMinor, incrementalMarginMinor, valueMinor }] =
        answered(g, campaign, {}, 1).basketConsidered ?? []
      expect(valueMinor).toBeCloseTo(incrementalMarginMinor - uncertaintyMinor, 6)
      return uncertaintyMinor
    })
    expect(doubts[0]).toBeGreaterThan(0)
    expect(doubts[1]).toBeGreaterThan(doubts[0])
  })

  it('that is a coupon has a curve of its own, and none of coupons for items', () => {
    const probabilityOf = (g: Generation) => answered(g, coupon).basketConsidered?.[0].purchaseProbability
    const [plain, , learned, onItemsOnly] = open.map(({ g }) => probabilityOf(g))
    expect(learned).toBeCloseTo(expectedOf(5000, 0.12, CURVES['basket:coupon']), 6)
    expect(plain).toBeCloseTo(expectedOf(5000, 0.12, [0, 1]), 6)
    expect(onItemsOnly).toBe(plain)
  })

  it('goes by its price alone where nothing is learned of it', () => {
    const [plain, empty] = open.map(({ g }) => answered(g, full, {}, 1))
    expect(plain.basketConsidered?.length).toBe(2)
    expect(empty.basketConsidered).toEqual(plain.basketConsidered)
    expect(empty.items[0].purchaseProbability).toBe(plain.items[0].purchaseProbability)
  })

  it('is logged with what each tier promised and what the cart lacked, and is decided again from its row', () => {
    const [, , { g }] = open
    const args = asked(g, full, { cart: [{ item: 'cup', quantity: 2 }] })
    const decision = decide(g, args)
    const out = new JsonBytes(g, new SharedArrayBuffer(1 << 16))
    writeRow(g, args, decision, true, Buffer.from(JSON.stringify(args.request)), out)
    const row = JSON.parse(out.view().toString()) as DecisionRow
    expect(row.tiers).toEqual([
      [5000, 600, 3600],
      [8000, 1500, 6600],
    ])
    expect(answerOf(g, decide(g, argumentsOfRow(row, args.campaigns)))).toEqual(row.answer)
    const empty = asked(g, full)
    const fresh = new JsonBytes(g, new SharedArrayBuffer(1 << 16))
    writeRow(g, empty, decide(g, empty), true, Buffer.from('{}'), fresh)
    expect((JSON.parse(fresh.view().toString()) as DecisionRow).tiers).toEqual([
      [5000, 600, 5000],
      [8000, 1500, 8000],
    ])
    const reached = asked(g, full, { cart: [{ item: 'cup', quantity: 20 }] })
    const shut = new JsonBytes(g, new SharedArrayBuffer(1 << 16))
    writeRow(g, reached, decide(g, reached), true, Buffer.from('{}'), shut)
    expect(JSON.parse(shut.view().toString())).not.toHaveProperty('tiers')
  })
})
