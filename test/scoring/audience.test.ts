import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Campaign } from '../../core/contract/campaigns.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../../core/contract/live.ts'
import type { DecideRequest } from '../../core/contract/requests.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { hashOf } from '../../core/scoring/keys.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const coupon: Campaign = {
  id: 'spring',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2027-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }],
}

let g: Generation
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openTinyShop({
    items: [{ key: 'a', popularity: 1, elasticity: -6 }],
    shoppers: [
      { key: 'ann', traits: { club: 'x=y', tier: 'gold' }, history: [] },
      { key: 'bob', traits: { tier: 'silver' }, history: [] },
      { key: 'cem', history: [] },
    ],
  })
  close = opened.close
  g = openGeneration(opened.image, 0)
})
afterAll(() => close())

function reason(more: Partial<Campaign>, request: DecideRequest, live: LiveShopperColumns = emptyLiveShopper()) {
  const policy = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 }
  const campaigns = [{ ...coupon, ...more } as Campaign]
  const decision = decide(g, {
    request,
    time: Date.parse('2026-06-01T12:00:00Z'),
    live,
    campaigns: compileCampaigns(g, { version: 1, currency: 'GBP', policy, campaigns }, 'r'),
    remainingMinor: Float64Array.of(Number.POSITIVE_INFINITY),
    remainingUses: Float64Array.of(Number.POSITIVE_INFINITY),
    dualPrices: noPrices(1),
  })
  return decision.slots[0].choice.reason
}

it('a campaign for some is given to who has one of its traits, from the snapshot or the request', () => {
  const gold = { audience: { anyOf: ['tier=gold', 'tier=platinum'] } }
  expect(['ann', 'bob', 'cem', 'new'].map((shopper) => reason(gold, { shopper }))).toEqual([
    'incremental_value',
    'audience',
    'audience',
    'audience',
  ])
  expect(reason(gold, { shopper: 'new', traits: ['tier=platinum'] })).toBe('incremental_value')
  expect(reason(gold, { session: 'somebody' })).toBe('audience')
  expect(reason({ audience: { anyOf: ['club=x=y'] } }, { shopper: 'ann' })).toBe('incremental_value')
})

it('a campaign for all but some is kept from who has one of the traits', () => {
  const others = { audience: { noneOf: ['tier=gold', 'age=minor'] } }
  expect(['ann', 'bob', 'new'].map((shopper) => reason(others, { shopper }))).toEqual([
    'audience',
    'incremental_value',
    'incremental_value',
  ])
  expect(reason(others, { shopper: 'bob', traits: ['age=minor'] })).toBe('audience')
})

it('a campaign of some channels is given in these alone', () => {
  const app = { audience: { channels: ['app'] } }
  expect(reason(app, { shopper: 'ann', channel: 'app' })).toBe('incremental_value')
  expect(reason(app, { shopper: 'ann', channel: 'web' })).toBe('audience')
  expect(reason(app, { shopper: 'ann' })).toBe('audience')
})

it("a campaign's own hold-out keeps it from its share of shoppers", () => {
  expect(reason({ holdoutBps: 10_000 }, { shopper: 'ann' })).toBe('holdout')
  const held = Array.from({ length: 2000 }, (_, i) => reason({ holdoutBps: 2000 }, { shopper: `s${i}` }))
  const share = held.filter((why) => why === 'holdout').length / held.length
  expect(share).toBeGreaterThan(0.16)
  expect(share).toBeLessThan(0.24)
})

it('a campaign stops at the redemptions that one shopper may have', () => {
  const used = (times: number) => {
    const live = emptyLiveShopper()
    live.nUses = times
    live.useHashes.fill(hashOf(g, 'spring').lo, 0, times)
    return live
  }
  const twice = { limits: { perShopper: 2 } }
  expect(reason(twice, { shopper: 'ann' }, used(1))).toBe('incremental_value')
  expect(reason(twice, { shopper: 'ann' }, used(2))).toBe('limit_reached')
})
