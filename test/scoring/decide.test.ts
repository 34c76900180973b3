import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Campaign, CampaignFile } from '../../core/contract/campaigns.ts'
import { actionsOf, type DecisionRow } from '../../core/contract/decision-row.ts'
import { emptyLiveShopper, type LiveShopperColumns } from '../../core/contract/live.ts'
import type { DecideRequest } from '../../core/contract/requests.ts'
import { answerOf, answerText } from '../../core/scoring/answer.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { changeCatalogue } from '../../core/scoring/catalogue.ts'
import { type DecideArguments, decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { JsonBytes } from '../../core/scoring/json-bytes.ts'
import { hashOf } from '../../core/scoring/keys.ts'
import { argumentsOfRow, writeRow } from '../../core/scoring/row.ts'
import { openTinyShop } from '../support/tiny-shop.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const DAY = 86_400_000

const coupon: Campaign = {
  id: 'spring',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '2027-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }, { amountMinor: 150 }],
}
const threshold: Campaign = {
  ...coupon,
  id: 'full',
  mechanism: 'spend_threshold',
  ladder: [{ thresholdMinor: 5000, rewardMinor: 200 }],
}

/** Items: a plain one, one of unknown cost, one with hardly any margin. */
const shop = {
  items: [
    { key: 'a', category: 'x', popularity: 1, elasticity: -6 },
    { key: 'b', category: 'y', popularity: 0.9, costMinor: -1 },
    { key: 'c', category: 'y', popularity: 0.8, costMinor: 990 },
  ],
}

describe('a decision', () => {
  let g: Generation
  let close: () => Promise<void>
  beforeAll(async () => {
    const opened = await openTinyShop(shop)
    close = opened.close
    g = openGeneration(opened.image, 0)
  })
  afterAll(() => close())

  const plain = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 }
  function argumentsFor(
    campaigns: Campaign[],
    request: DecideRequest = {},
    more: { policy?: CampaignFile['policy']; live?: LiveShopperColumns; remaining?: number; time?: number } = {},
  ): DecideArguments {
    const file: CampaignFile = { version: 1, currency: 'GBP', policy: { ...plain, ...more.policy }, campaigns }
    return {
      request: { shopper: 'someone', ...request },
      time: more.time ?? NOW,
      live: more.live ?? emptyLiveShopper(),
      campaigns: compileCampaigns(g, file, 'revision'),
      remainingMinor: new Float64Array(campaigns.length).fill(more.remaining ?? Number.POSITIVE_INFINITY),
      remainingUses: new Float64Array(campaigns.length).fill(Number.POSITIVE_INFINITY),
      dualPrices: noPrices(campaigns.length),
    }
  }
  const answered = (args: DecideArguments) => answerOf(g, decide(g, args))
  const reasons = (args: DecideArguments) => answered(args).items.map((item) => item.offerReason)

  it('gives an offer where it pays, and says why it gives none elsewhere', () => {
    const answer = answered(argumentsFor([coupon]))
    expect(answer.items.map((item) => [item.item, item.offerReason])).toEqual([
      ['a', 'incremental_value'],
      ['b', 'cost_unknown'],
      ['c', 'margin_floor'],
    ])
    expect(answer.items[0].offer).toMatchObject({ campaign: 'spring', mechanism: 'coupon', validUntil: NOW + DAY })
    expect(answer.items[1].offer).toBeNull()
  })

  it('never gives what a merchant paused, has not started, has ended or aimed elsewhere', () => {
    expect(reasons(argumentsFor([{ ...coupon, state: 'paused' }]))[0]).toBe('no_campaign')
    expect(reasons(argumentsFor([coupon], {}, { time: Date.parse('2025-12-31T23:59:59Z') }))[0]).toBe('no_campaign')
    expect(reasons(argumentsFor([coupon], {}, { time: Date.parse('2027-01-01T00:00:00Z') }))[0]).toBe('no_campaign')
    expect(reasons(argumentsFor([{ ...coupon, targets: { categories: ['y'] } }]))[0]).toBe('no_campaign')
    expect(reasons(argumentsFor([{ ...coupon, targets: { categories: ['x'], items: ['a'] } }]))[0]).toBe(
      'incremental_value',
    )
  })

  it('gives nobody in the hold-out anything, and always the same shoppers', () => {
    const all = argumentsFor([coupon], {}, { policy: { holdoutBps: 10_000 } })
    expect(answered(all)).toMatchObject({ holdout: true, basketReason: 'holdout' })
    const held = (shopper: string) =>
      decide(g, argumentsFor([coupon], { shopper }, { policy: { holdoutBps: 500 } })).holdout
    const shoppers = Array.from({ length: 4000 }, (_, i) => `shopper-${i}`)
    const share = shoppers.filter(held).length / shoppers.length
    expect(share).toBeGreaterThan(0.04)
    expect(share).toBeLessThan(0.06)
  })

  it('uses nothing personal and gives no offer when asked not to', () => {
    const answer = answered(argumentsFor([coupon], { personalise: false, history: [{ item: 'a' }] }))
    expect(answer.personalised).toBe(false)
    expect(answer.items[0].offerReason).toBe('not_personal')
  })

  it('stops at the contact cap, and where the cap cannot be counted', () => {
    const capped: Campaign = { ...coupon, contactCap: { count: 2, days: 7 } }
    const shownAt = (...times: number[]) => {
      const live = emptyLiveShopper()
      live.nContacts = times.length
      live.contactTimes.set(times)
      live.contactHashes.fill(hashOf(g, 'spring').lo)
      return live
    }
    expect(reasons(argumentsFor([capped], {}, { live: shownAt(NOW - DAY) }))[0]).toBe('incremental_value')
    expect(reasons(argumentsFor([capped], {}, { live: shownAt(NOW - DAY, NOW - 2 * DAY) }))[0]).toBe('contact_cap')
    expect(reasons(argumentsFor([capped], {}, { live: shownAt(NOW - DAY, NOW - 8 * DAY) }))[0]).toBe(
      'incremental_value',
    )
    const othersOnly = shownAt(...Array.from({ length: 32 }, (_, i) => NOW - i))
    othersOnly.contactHashes.fill(1)
    expect(reasons(argumentsFor([capped], {}, { live: othersOnly }))[0]).toBe('contact_cap')
    expect(reasons({ ...argumentsFor([capped]), request: {} })[0]).toBe('contact_cap')
  })

  it('holds every offer back from its budget and stops when that is empty, also within one answer', async () => {
    const opened = await openTinyShop({
      items: [
        { key: 'a', elasticity: -6 },
        { key: 'b', elasticity: -6 },
      ],
    })
    const two = openGeneration(opened.image, 0)
    const once = { ...coupon, ladder: [{ amountMinor: 150 }] }
    const args = argumentsFor([once], {}, { remaining: 200 })
    const decision = decide(two, {
      ...args,
      campaigns: compileCampaigns(two, { version: 1, currency: 'GBP', policy: plain, campaigns: [once] }, 'r'),
    })
    expect(decision.slots.map(({ choice }) => choice.reason)).toEqual(['incremental_value', 'budget_exhausted'])
    const [issued, ...others] = decision.issued.map(({ on, useProbability: _, marginMinor: _margin, ...rest }) => ({
      campaign: on.id,
      ...rest,
    }))
    expect(others).toEqual([])
    expect(issued).toEqual({ campaign: 'spring', item: 0, amountMinor: 150, thresholdMinor: 0, validUntil: NOW + DAY })
    expect(args.remainingMinor[0]).toBe(200)
    await opened.close()
  })

  it('tells what the cart still lacks for a spend threshold, and offers none that is reached', () => {
    const basket = (priceMinor: number) =>
      answered(argumentsFor([threshold], { cart: [{ item: 'a', priceMinor, quantity: 2 }] }))
    expect(basket(1900).basketOffer).toMatchObject({ thresholdMinor: 5000, rewardMinor: 200, missingMinor: 1200 })
    expect(basket(2500)).toMatchObject({ basketOffer: null, basketReason: 'already_reached' })
  })

  it('draws each action as often as it says', () => {
    const policy = { explorationFloor: 0.05, temperatureMinor: 5 }
    const counts = new Map<number, number>()
    let expected: number[] = []
    const n = 4000
    for (let i = 0; i < n; i++) {
      const decision = decide(g, argumentsFor([coupon], { requestId: `r${i}` }, { policy }))
      const { propensity, probabilities } = decision.slots[0].choice
      expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12)
      expected = probabilities
      const chosen = probabilities.indexOf(propensity)
      counts.set(chosen, (counts.get(chosen) ?? 0) + 1)
    }
    const chiSquare = expected.reduce((sum, p, a) => sum + ((counts.get(a) ?? 0) - n * p) ** 2 / (n * p), 0)
    // 99.9th percentile of χ² with two degrees of freedom.
    expect(chiSquare).toBeLessThan(13.8)
  })

  it('is made again bit for bit from its log row', () => {
    const args = argumentsFor(
      [coupon, threshold],
      { cart: [{ item: 'c' }], explain: true },
      { policy: { explorationFloor: 0.05, temperatureMinor: 1 } },
    )
    const decision = decide(g, args)
    const out = new JsonBytes(g, new SharedArrayBuffer(64))
    const { start, end } = writeRow(g, args, decision, true, Buffer.from(JSON.stringify(args.request)), out)
    expect(out.view(start, end).toString()).toBe(answerText(g, decision))
    const row = JSON.parse(out.view().toString()) as DecisionRow
    expect(row.answer).toEqual(answerOf(g, decision))
    expect(row.propensities.length).toBe(decision.slots.length + 1)
    const logged = row.propensities.flatMap(actionsOf)
    const choices = [...decision.slots.map(({ choice }) => choice), decision.basketChoice]
    expect(logged.map(({ probability }) => probability)).toEqual(choices.flatMap(({ probabilities }) => probabilities))
    expect(logged.map(({ action }) => action)).toEqual(
      choices.flatMap(({ open }) => ['nothing', ...open.map(({ on, number }) => `${on.id}#${number}`)]),
    )
    expect(answerText(g, decide(g, argumentsOfRow(row, args.campaigns)))).toBe(answerText(g, decision))
  })

  it('explains every action it weighed or dropped', () => {
    const answer = answered(argumentsFor([coupon], { explain: true }))
    expect(answer.items[0].considered?.map((action) => action.droppedBy)).toEqual([null, null])
    expect(answer.items[2].considered?.map((action) => action.droppedBy)).toEqual(['margin_floor', 'margin_floor'])
    const { incrementalMarginMinor, uncertaintyMinor, resourcePriceMinor, valueMinor } = answer.items[0].considered![0]
    expect(valueMinor).toBeCloseTo(incrementalMarginMinor - uncertaintyMinor - resourcePriceMinor, 10)
  })

  it('follows the live catalogue', () => {
    changeCatalogue(g.live, [
      { item: 0, change: { stock: 0 } },
      { item: 1, change: { priceMinor: 1234 } },
    ])
    expect(answered(argumentsFor([])).items.map(({ item, priceMinor }) => [item, priceMinor])).toEqual([
      ['b', 1234],
      ['c', 1000],
    ])
    changeCatalogue(g.live, [
      { item: 0, change: { stock: null } },
      { item: 1, change: { priceMinor: 1000 } },
    ])
  })

  it('refuses an unknown item, shop or currency with its name', () => {
    const refused = (request: DecideRequest) => () => decide(g, argumentsFor([], request))
    expect(refused({ item: 'zzz' })).toThrow('unknown item: zzz')
    expect(refused({ shop: 'other' })).toThrow('unknown shop: other')
    expect(refused({ currency: 'EUR' })).toThrow('currency EUR')
  })
})
