import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Campaign, CampaignFile } from '../../core/contract/campaigns.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../../core/contract/live.ts'
import type { DecideRequest } from '../../core/contract/requests.ts'
import { answerOf } from '../../core/scoring/answer.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { changeCatalogue } from '../../core/scoring/catalogue.ts'
import { decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { hashOf, itemHashOf } from '../../core/scoring/keys.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const HOUR = 3_600_000

const coupon: Campaign = {
  id: 'spring',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2027-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }, { percentBps: 2000 }],
}
const threshold: Campaign = {
  ...coupon,
  id: 'full',
  mechanism: 'spend_threshold',
  ladder: [{ thresholdMinor: 5000, rewardMinor: 600 }],
}
const exact = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 }

/** `slow` sells by itself and does not mind the price; `dear` and `cheap` are nearly as popular. */
const shop = {
  items: [
    { key: 'cheap', popularity: 0.9, priceMinor: 500, costMinor: 200, elasticity: -5 },
    { key: 'dear', popularity: 0.8, priceMinor: 2000, costMinor: 800, elasticity: -5 },
    { key: 'raised', popularity: 0.1, priceMinor: 1000, priorPriceMinor: 850, costMinor: 100, elasticity: -8 },
  ],
  shoppers: [
    { key: 'dog', history: [] },
    { key: 'fan', history: [] },
  ],
  response: {
    segment: [1, 2],
    base: [0.5, 1, 0],
    curves: {
      'mechanism:coupon': [
        [0, 1, 0, 0, 0, 0, 0],
        [-3, 0, 0, 0, 0, 0, 0],
        [0, 2, 0, 0, 0, 0, 0],
      ],
      'mechanism:spend_threshold': [
        [0, 1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0, 0],
      ],
    },
  },
}

describe('offers', () => {
  let g: Generation
  let close: () => Promise<void>
  beforeAll(async () => {
    const opened = await openTinyShop(shop)
    close = opened.close
    g = openGeneration(opened.image, 0)
  })
  afterAll(() => close())

  function answered(
    campaigns: Campaign[],
    request: DecideRequest = {},
    policy: CampaignFile['policy'] = {},
    live: LiveShopperColumns = emptyLiveShopper(),
  ) {
    const file: CampaignFile = { version: 1, currency: 'GBP', policy: { ...exact, ...policy }, campaigns }
    const unlimited = () => new Float64Array(campaigns.length).fill(Number.POSITIVE_INFINITY)
    const decision = decide(g, {
      request: { shopper: 'someone', ...request },
      time: NOW,
      live,
      campaigns: compileCampaigns(g, file, 'revision'),
      remainingMinor: unlimited(),
      remainingUses: unlimited(),
      dualPrices: noPrices(campaigns.length),
    })
    return { ...answerOf(g, decision), issued: decision.issued }
  }

  function holding(item: string, campaign: string, minor: number, thresholdMinor = 0): LiveShopperColumns {
    const live = emptyLiveShopper()
    const { lo, hi } =
      item === ''
        ? { lo: 0, hi: 0 }
        : itemHashOf(
            g,
            shop.items.findIndex(({ key }) => key === item),
          )
    live.nOffers = 1
    live.offerItems.set([lo, hi])
    live.offerCampaigns[0] = hashOf(g, campaign).lo
    live.offerMinor[0] = minor
    live.offerThresholds[0] = thresholdMinor
    live.offerUntil[0] = NOW + HOUR
    live.offerRoom = 31
    return live
  }
  const offersOf = ({ items }: ReturnType<typeof answered>) =>
    Object.fromEntries(items.map(({ item, offer }) => [item, offer?.discountMinor ?? 0]))

  it('go to who answers them, by segment: none to who is put off, deep ones to who is won by them', () => {
    expect(offersOf(answered([coupon], { shopper: 'dog' }))).toEqual({ cheap: 0, dear: 0, raised: 0 })
    expect(offersOf(answered([coupon], { shopper: 'fan' }))).toMatchObject({ cheap: 100, dear: 400 })
    const plain = answered([coupon], { shopper: 'nobody', explain: true }).items[0]
    const fan = answered([coupon], { shopper: 'fan', explain: true }).items[0]
    const odds = (p: number) => p / (1 - p)
    expect(odds(fan.purchaseProbability) / odds(plain.purchaseProbability)).toBeCloseTo(Math.E, 6)
    const lift = odds(fan.considered![1].purchaseProbability) / odds(fan.purchaseProbability)
    expect(lift).toBeCloseTo(0.8 ** (2 * -5), 6)
  })

  it('are no reduction against a price of the last 30 days that was as low', () => {
    const { items } = answered([{ ...coupon, ladder: [{ percentBps: 1000 }, { percentBps: 2000 }] }], { explain: true })
    const raised = items.find(({ item }) => item === 'raised')
    expect(raised?.considered?.map(({ droppedBy }) => droppedBy)).toEqual(['prior_price', null])
    // 800 is 50 below 850, the lowest price: 5.88 %, not the 20 % off a price that was raised.
    expect(raised?.offer).toMatchObject({ discountMinor: 200, priceMinor: 800, percentBps: 588 })
  })

  it('see a price that is raised while serving against the one before', () => {
    changeCatalogue(g.live, [{ item: 0, change: { priceMinor: 600 } }])
    const { items } = answered([{ ...coupon, ladder: [{ percentBps: 1000 }] }], { explain: true })
    const cheap = items.find(({ item }) => item === 'cheap')
    expect(cheap).toMatchObject({ priceMinor: 600, priorPriceMinor: 500, offer: null, offerReason: 'prior_price' })
    changeCatalogue(g.live, [{ item: 0, change: { priceMinor: 500 } }])
  })

  it('do not part prices of shoppers further than the cap', () => {
    expect(offersOf(answered([coupon], { shopper: 'fan' }, { priceGapBps: 1000 }))).toMatchObject({
      cheap: 50,
      dear: 200,
    })
  })

  it('leave the margin that the shop asks of every campaign', () => {
    // 20 % off 500 leaves 200 of 400, 50 %; 10 % off leaves 250 of 450, 55 %.
    expect(offersOf(answered([coupon], { shopper: 'fan' }, { marginFloorBps: 5500 }))).toMatchObject({ cheap: 50 })
  })

  it('are the same for everybody where prices are, whoever asks and however often', () => {
    const policy = { prices: 'same_for_all' as const, holdoutBps: 5000, temperatureMinor: 50, explorationFloor: 0.05 }
    const asked = ['dog', 'fan', 'x', 'y', 'z'].map((shopper) => answered([coupon], { shopper }, policy))
    for (const other of [...asked, answered([coupon], { personalise: false }, policy)])
      expect(offersOf(other)).toEqual(offersOf(asked[0]))
    expect(Object.values(offersOf(asked[0])).some((minor) => minor > 0)).toBe(true)
  })

  it('stay as they were issued, whatever would be drawn now, and cost the budget nothing again', () => {
    const kept = answered([coupon], { shopper: 'dog' }, {}, holding('dear', 'spring', 123))
    const dear = kept.items.find(({ item }) => item === 'dear')
    expect(dear).toMatchObject({ offerReason: 'kept', propensity: 1 })
    expect(dear?.offer).toEqual({
      campaign: 'spring',
      mechanism: 'coupon',
      percentBps: 615,
      discountMinor: 123,
      priceMinor: 1877,
      validUntil: NOW + HOUR,
    })
    expect(kept.issued).toEqual([])
  })

  it('are honoured when their campaign is paused, and gone with a campaign that left the file', () => {
    const paused = answered([{ ...coupon, state: 'paused' }], {}, {}, holding('dear', 'spring', 123))
    expect(offersOf(paused)).toMatchObject({ dear: 123, cheap: 0 })
    expect(offersOf(answered([threshold], {}, {}, holding('dear', 'spring', 123)))).toMatchObject({ dear: 0 })
  })

  it('are issued only while the shopper can hold more', () => {
    const live = emptyLiveShopper()
    live.offerRoom = 1
    const { issued, items } = answered([coupon], { shopper: 'fan' }, {}, live)
    expect(issued.length).toBe(1)
    expect(items[1].offerReason).toBe('offers_held')
  })

  const cart = [{ item: 'unknown', priceMinor: 3200 }]

  it('lift an item that carries the cart over the tier, and say what is missing', () => {
    const joint = answered([threshold], { cart })
    expect(joint.basketOffer).toMatchObject({ campaign: 'full', missingMinor: 1800, rewardMinor: 600 })
    expect(joint.items.map(({ item }) => item)).toEqual(['dear', 'cheap', 'raised'])
    expect(joint.items[0].reasons).toContainEqual({ code: 'reaches_threshold', campaign: 'full' })
    expect(joint.items[1].reasons).not.toContainEqual({ code: 'reaches_threshold', campaign: 'full' })
    const first = answered([threshold], { cart }, { ranking: 'items_first' })
    expect(first.items.map(({ item }) => item)).toEqual(['cheap', 'dear', 'raised'])
    expect(joint.items[0].purchaseProbability).toBe(first.items[1].purchaseProbability)
  })

  it('keep the tier that was promised, and lift for it, on the next page', () => {
    const kept = answered([threshold], { cart }, {}, holding('', 'full', 700, 4900))
    expect(kept.basketOffer).toMatchObject({ thresholdMinor: 4900, rewardMinor: 700, missingMinor: 1700 })
    expect(kept).toMatchObject({ basketReason: 'kept', basketPropensity: 1 })
    expect(kept.items[0].item).toBe('dear')
  })

  it('of a threshold that counts again and again are for the next time', () => {
    const every = { ...threshold, every: true, ladder: [{ thresholdMinor: 3000, rewardMinor: 300 }] }
    expect(answered([every], { cart }).basketOffer).toMatchObject({ thresholdMinor: 6000, rewardMinor: 600 })
    expect(answered([{ ...every, maxTimes: 1 }], { cart }).basketReason).toBe('already_reached')
  })

  it('run within their hours in their zone', () => {
    // 12:00 UTC on a Monday in June is 14:00 in Berlin.
    const berlin = { ...coupon, zone: 'Europe/Berlin' }
    const at = (from: string, to: string, days?: ('mon' | 'sun')[]) =>
      offersOf(answered([{ ...berlin, hours: [{ from, to, days }] }], { shopper: 'fan' })).dear
    expect(at('14:00', '14:01')).toBe(400)
    expect(at('12:00', '14:00')).toBe(0)
    expect(at('14:00', '15:00', ['sun'])).toBe(0)
    expect(at('22:00', '15:00', ['sun'])).toBe(400)
  })
})
