import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareOne, randomCampaigns, randomCart } from '../../bench/cart-oracle.ts'
import { Random } from '../../bench/random.ts'
import type { Campaign, CampaignFile } from '../../core/contract/campaigns.ts'
import type { KnownCode } from '../../core/contract/codes.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../../core/contract/live.ts'
import type { QuoteRequest } from '../../core/contract/quotes.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { quote } from '../../core/scoring/cart/quote.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { hashOf, itemHashOf } from '../../core/scoring/keys.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

interface Golden {
  items: Record<string, { priceMinor: number; costMinor: number; category: string }>
  carts: {
    why: string
    policy?: CampaignFile['policy']
    campaigns: (Partial<Campaign> & { id: string })[]
    cart: Record<string, number>
    codes?: string[]
    traits?: string[]
    shippingMinor?: number
    pays: number
    off: Record<string, number>
    refused?: Record<string, string>
    missing?: Record<string, number>
    notGiven?: Record<string, number>
    units?: Record<string, [number, number][]>
  }[]
}
const golden = JSON.parse(readFileSync(new URL('../../../test/golden/carts.json', import.meta.url), 'utf8')) as Golden

const NOW = Date.parse('2026-06-01T12:00:00Z')
const always = { state: 'live', startsAt: '2026-01-01T00:00:00Z', endsAt: '2027-01-01T00:00:00Z' }

describe('a quote', () => {
  let g: Generation
  let close: () => Promise<void>
  const keys = Object.keys(golden.items).sort()
  beforeAll(async () => {
    const opened = await openTinyShop({ items: keys.map((key) => ({ key, ...golden.items[key] })) })
    close = opened.close
    g = openGeneration(opened.image, 0)
  })
  afterAll(() => close())

  function quoted(
    campaigns: object[],
    request: QuoteRequest,
    policy: CampaignFile['policy'] = {},
    live: LiveShopperColumns = emptyLiveShopper(),
    knownCodes: KnownCode[] = [],
  ) {
    const text = JSON.stringify({ version: 1, currency: 'GBP', policy: { holdoutBps: 0, ...policy }, campaigns })
    const file = parseCampaignFile(text, 'GBP')
    return quote(g, {
      request,
      time: NOW,
      live,
      knownCodes,
      campaigns: compileCampaigns(g, file, 'revision'),
      remainingMinor: Float64Array.from(file.campaigns, ({ budgetMinor }) => budgetMinor ?? Number.POSITIVE_INFINITY),
      remainingUses: new Float64Array(file.campaigns.length).fill(Number.POSITIVE_INFINITY),
    })
  }

  it.each(golden.carts)('$why', ({ campaigns, policy, cart, codes, traits, shippingMinor, ...expected }) => {
    const answer = quoted(
      campaigns.map((campaign) => ({ ...always, ...campaign })),
      { cart: Object.entries(cart).map(([item, quantity]) => ({ item, quantity })), codes, traits, shippingMinor },
      policy,
    )
    const byCampaign = <T>(entries: { campaign: string }[], value: (entry: never) => T) =>
      Object.fromEntries(entries.map((entry) => [entry.campaign, value(entry as never)]))
    expect(answer.totalMinor).toBe(expected.pays)
    expect(byCampaign(answer.promotions, ({ discountMinor }: { discountMinor: number }) => discountMinor)).toEqual(
      expected.off,
    )
    expect(byCampaign(answer.refused, ({ reason }: { reason: string }) => reason)).toMatchObject(expected.refused ?? {})
    expect(byCampaign(answer.refused, ({ missingMinor }: { missingMinor?: number }) => missingMinor)).toMatchObject(
      expected.missing ?? {},
    )
    expect(
      byCampaign(answer.promotions, ({ notGivenMinor }: { notGivenMinor: number }) => notGivenMinor),
    ).toMatchObject(expected.notGiven ?? {})
    for (const [item, units] of Object.entries(expected.units ?? {}))
      expect(answer.lines.find((line) => line.item === item)?.units).toEqual(
        units.map(([count, netMinor]) => ({ units: count, netMinor })),
      )
  })

  it('gives the offer that a shopper holds, for one unit, whatever its campaign has come to', () => {
    const live = emptyLiveShopper()
    const { lo, hi } = itemHashOf(g, keys.indexOf('tea'))
    live.nOffers = 1
    live.offerItems.set([lo, hi])
    live.offerCampaigns[0] = hashOf(g, 'spring').lo
    live.offerMinor[0] = 250
    live.offerUntil[0] = NOW + 1
    const ladder = [{ percentBps: 1000 }, { percentBps: 2500 }]
    const spring = { ...always, id: 'spring', mechanism: 'coupon', state: 'paused', ladder }
    const answer = quoted([spring], { cart: [{ item: 'tea', quantity: 2 }], shopper: 'someone' }, {}, live)
    expect(answer.promotions).toMatchObject([{ campaign: 'spring', discountMinor: 250 }])
    expect(answer.lines[0].units).toEqual([
      { units: 1, netMinor: 1000 },
      { units: 1, netMinor: 750 },
    ])
  })

  it('counts a code that is good once by what is known of it, and tells what came of each', () => {
    const welcome = { ...always, id: 'welcome', mechanism: 'coupon', codes: 'single_use', ladder: [{ amountMinor: 5 }] }
    const limited = { ...welcome, id: 'limited', group: 'other', limits: { perShopper: 2 } }
    const shared = {
      ...always,
      id: 'all',
      mechanism: 'coupon',
      group: 'all',
      code: 'ALL',
      ladder: [{ amountMinor: 1 }],
    }
    const known = (typed: string, campaign: string, refusal: KnownCode['refusal'] = null, usesOfShopper = 0) => ({
      typed,
      campaign,
      refusal,
      usesOfShopper,
    })
    const codes = ['used', 'good', 'spare', 'often', 'ALL', 'none', 'left']
    const answer = quoted(
      [welcome, limited, shared],
      { cart: [{ item: 'tea' }], shopper: 'ann', codes },
      {},
      emptyLiveShopper(),
      [
        known('used', 'welcome', 'code_used'),
        known('good', 'welcome'),
        known('spare', 'welcome'),
        known('often', 'limited', null, 2),
        known('left', 'of a campaign that left the file'),
      ],
    )
    expect(answer.promotions.map(({ campaign, discountMinor }) => [campaign, discountMinor])).toEqual([
      ['welcome', 5],
      ['all', 1],
    ])
    expect(answer.codes).toEqual([
      { code: 'used', campaign: 'welcome', reason: 'code_used' },
      { code: 'good', campaign: 'welcome', reason: null },
      { code: 'spare', campaign: 'welcome', reason: 'code_not_needed' },
      { code: 'often', campaign: 'limited', reason: 'limit_reached' },
      { code: 'ALL', campaign: 'all', reason: null },
      { code: 'none', campaign: null, reason: 'code_unknown' },
      { code: 'left', campaign: null, reason: 'code_unknown' },
    ])
    const reason = (refusal: KnownCode['refusal']) => {
      const asked = { cart: [{ item: 'tea' }], codes: ['x'] }
      return quoted([welcome], asked, {}, emptyLiveShopper(), [known('x', 'welcome', refusal)]).refused[0].reason
    }
    expect((['code_used', 'code_reserved', 'code_expired'] as const).map(reason)).toEqual([
      'code_used',
      'code_reserved',
      'code_expired',
    ])
  })

  it('lets a personal code use what is held back for the offers of its shopper, and nobody else', () => {
    const live = emptyLiveShopper()
    live.nOffers = 1
    live.offerCampaigns[0] = hashOf(g, 'own').lo
    live.offerMinor[0] = 100
    const ladder = [{ percentBps: 1000 }]
    const own = { ...always, id: 'own', mechanism: 'coupon', codes: 'personal', ladder, budgetMinor: 0 }
    const codes = [{ typed: 'x', campaign: 'own', refusal: null, usesOfShopper: 0 }]
    const asked = { cart: [{ item: 'tea' }], shopper: 'ann', codes: ['x'] }
    expect(quoted([own], asked, {}, live, codes).promotions).toMatchObject([{ campaign: 'own', discountMinor: 100 }])
    expect(quoted([own], asked, {}, emptyLiveShopper(), codes).refused[0].reason).toBe('budget_exhausted')
    expect(quoted([own], { ...asked, codes: [] }, {}, live).refused[0].reason).toBe('code_missing')
    const shared = { ...own, codes: undefined, code: 'x' }
    expect(quoted([shared], asked, {}, live).refused[0].reason).toBe('budget_exhausted')
  })

  it('refuses an item that nobody knows the price of', () => {
    expect(() => quoted([], { cart: [{ item: 'tea' }, { item: 'none' }] })).toThrow('unknown item: none')
    expect(quoted([], { cart: [{ item: 'none', priceMinor: 5 }] }).totalMinor).toBe(5)
  })

  const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

  it('is what a literal reading of the rules gives, unit by unit', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expect(compareOne(g, seed)).toBeNull()
      }),
      { seed: 5, numRuns: 3000 },
    )
  })

  it('does not depend on the order of lines, nor on how they are split', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed)
        const file = randomCampaigns(random, g)
        const request = randomCart(random, g)
        const reversed = { ...request, cart: [...request.cart].reverse() }
        const units = request.cart.flatMap(({ quantity = 1, ...line }) => Array.from({ length: quantity }, () => line))
        const total = (asked: QuoteRequest) => quoted(file.campaigns, asked, file.policy)
        const plain = total(request)
        for (const other of [total(reversed), total({ ...request, cart: units })]) {
          expect(other.totalMinor).toBe(plain.totalMinor)
          expect(other.promotions).toEqual(plain.promotions)
        }
      }),
      { seed: 6, numRuns: 500 },
    )
  })

  it('never takes off more than the price, and its lines add up to its total', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed)
        const file = randomCampaigns(random, g)
        const answer = quoted(file.campaigns, randomCart(random, g), file.policy)
        for (const { units, priceMinor, netMinor, listMinor, discountMinor } of answer.lines) {
          expect(units.reduce((sum, group) => sum + group.units * group.netMinor, 0)).toBe(netMinor)
          expect(listMinor - discountMinor).toBe(netMinor)
          for (const group of units) {
            expect(group.netMinor).toBeGreaterThanOrEqual(0)
            expect(group.netMinor).toBeLessThanOrEqual(priceMinor)
          }
        }
        const lines = answer.lines.reduce((sum, { netMinor }) => sum + netMinor, 0)
        expect(lines + answer.shippingMinor).toBe(answer.totalMinor)
      }),
      { seed: 7, numRuns: 500 },
    )
  })
})
