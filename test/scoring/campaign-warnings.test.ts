import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { campaignWarnings } from '../../core/scoring/campaigns/warnings.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const coupon = {
  id: 'spring',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2027-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }],
}
const NOW = Date.parse('2026-06-01T00:00:00Z')

let g: Generation
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openTinyShop({
    items: [
      { key: 'a', category: 'Mugs', brand: 'Oak' },
      { key: 'b', category: 'Bowls', brand: 'Elm' },
    ],
    shoppers: [{ key: 'ann', traits: { tier: 'gold' }, history: [] }],
  })
  close = opened.close
  g = openGeneration(opened.image, 0)
})
afterAll(() => close())

function warned(...campaigns: object[]): [string, unknown][] {
  const text = JSON.stringify({ version: 1, currency: 'GBP', campaigns })
  const file: CampaignFile = parseCampaignFile(text, 'GBP')
  return campaignWarnings(g, file, compileCampaigns(g, file, 'r'), NOW).map(({ field, value }) => [field, value])
}

describe('a campaign file that is allowed', () => {
  it('is not doubted where it says what it can mean', () => {
    const gold = { audience: { anyOf: ['tier=gold'] }, targets: { categories: ['Mugs'], brands: ['Oak'] } }
    expect(warned({ ...coupon, ...gold })).toEqual([])
  })

  it('is doubted for every name that the catalogue does not have', () => {
    const targets = { items: ['a', 'z'], categories: ['Plates', 'Mugs'], brands: ['Ash'] }
    expect(warned({ ...coupon, targets, pins: [{ item: 'y', slot: 1 }] })).toEqual([
      ['campaigns[0].targets.items[1]', 'z'],
      ['campaigns[0].targets.categories[0]', 'Plates'],
      ['campaigns[0].targets.brands[0]', 'Ash'],
      ['campaigns[0].targets', targets],
      ['campaigns[0].pins[0].item', 'y'],
    ])
  })

  it('is doubted where known names match nothing together, on either side of a bundle', () => {
    const none = { categories: ['Mugs'], brands: ['Elm'] }
    const { ladder: _, ...rest } = coupon
    const bundle = { ...rest, mechanism: 'bundle', buy: { quantity: 2, targets: none } }
    const get = { quantity: 1, percentBps: 5000, targets: { items: ['b'] } }
    expect(warned({ ...bundle, get })).toEqual([['campaigns[0].buy.targets', none]])
  })

  it('is doubted for an audience that no shopper is in, and for a campaign whose time is over', () => {
    const anyOf = ['tier=gold', 'tier=iron']
    const endsAt = '2026-05-01T00:00:00Z'
    expect(warned({ ...coupon, audience: { anyOf }, endsAt })).toEqual([
      ['campaigns[0].endsAt', endsAt],
      ['campaigns[0].audience.anyOf[1]', 'tier=iron'],
    ])
    expect(warned({ ...coupon, state: 'ended', endsAt })).toEqual([])
  })

  it('is doubted for terms of offers where its codes are good once, because none are offered', () => {
    const terms = { contactCap: { count: 1, days: 1 }, validMinutes: 5 }
    expect(warned({ ...coupon, ...terms, codes: 'single_use' })).toEqual([
      ['campaigns[0].contactCap', terms.contactCap],
      ['campaigns[0].validMinutes', 5],
    ])
    expect(warned({ ...coupon, ...terms, code: 'ALL' })).toEqual([])
  })

  it('is doubted where campaigns of a group run at one time on the same items, and only there', () => {
    const later = { ...coupon, id: 'later', startsAt: '2026-07-01T00:00:00Z' }
    expect(warned(coupon, later)).toEqual([['campaigns[1].startsAt', later.startsAt]])
    const mugs = { targets: { categories: ['Mugs'] } }
    const bowls = { targets: { categories: ['Bowls'] } }
    expect(warned({ ...coupon, ...mugs }, { ...later, ...bowls })).toEqual([])
    expect(warned(coupon, { ...later, group: 'other' })).toEqual([])
    expect(warned(coupon, { ...later, scope: 'basket' })).toEqual([])
    expect(warned(coupon, { ...later, startsAt: '2027-01-01T00:00:00Z', endsAt: '2027-02-01T00:00:00Z' })).toEqual([])
  })
})
