import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Campaign } from '../../core/contract/campaigns.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { RecommendRequest } from '../../core/contract/requests.ts'
import { answerOf } from '../../core/scoring/answer.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { parseCampaignFile } from '../../core/scoring/campaigns/parse.ts'
import { decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { merchandiseAt } from '../../core/scoring/merchandise.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { openTinyShop, type TinyItem } from '../support/tiny-shop.ts'

const N = 40
const TIME = 1_700_000_000_000
const keyOf = (i: number) => `item-${String(i).padStart(3, '0')}`

const items = Array.from(
  { length: N },
  (_, i): TinyItem => ({
    key: keyOf(i),
    category: `c${i % 4}`,
    brand: i % 5 === 0 ? undefined : `b${i % 3}`,
    available: i % 7 !== 0,
    popularity: (((i * 17) % 23) - 6) / 32,
  }),
)

function campaign(id: string, more: Partial<Campaign>): Campaign {
  return {
    id,
    state: 'live',
    startsAt: TIME - 1000,
    endsAt: TIME + 1000,
    mechanism: 'coupon',
    ladder: [{ percentBps: 1000 }],
    ...more,
  } as Campaign
}

const textOf = (campaigns: Campaign[]) => JSON.stringify({ version: 1, currency: 'GBP', campaigns })

describe('boosts and pins', () => {
  let g: Generation
  let close: () => Promise<void>
  let revision = 0
  beforeAll(async () => {
    const opened = await openTinyShop({ items })
    close = opened.close
    g = openGeneration(opened.image, 0, 'debug')
  })
  afterAll(() => close())

  const compiled = (campaigns: Campaign[]) =>
    compileCampaigns(g, parseCampaignFile(textOf(campaigns), 'GBP'), `revision ${revision++}`)

  const asked = (campaigns: Campaign[], request: RecommendRequest, time = TIME) =>
    recommend(g, request, emptyLiveShopper(), time, merchandiseAt(compiled(campaigns), time)).items

  const targets = (item: TinyItem, { targets }: Campaign) =>
    (targets?.items?.includes(item.key) ?? true) &&
    (targets?.categories?.includes(item.category ?? '') ?? true) &&
    (targets?.brands?.includes(item.brand ?? '') ?? true)

  /** The answer by scoring everything, sorting it, and putting pins in their slots. */
  function naive(campaigns: Campaign[], { slots = 10, exclude = [], filters }: RecommendRequest) {
    const eligible = items
      .filter(({ key, available }) => available && !exclude.includes(key))
      .filter(({ category }) => filters?.category?.includes(category ?? '') ?? true)
      .map((item) => {
        const boosting = campaigns.filter((c) => c.boost !== undefined && c.boost > 1 && targets(item, c))
        const boost = Math.max(1, ...boosting.map(({ boost = 1 }) => boost))
        const by = boosting.find((c) => c.boost === boost)
        const score = item.popularity ?? 0
        const marks = by === undefined ? [] : [{ code: 'boosted', campaign: by.id }]
        return { item: item.key, score: score > 0 ? score * boost : score / boost, marks: marks as object[] }
      })
      .sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1))
    const bySlot = new Map<number, { item: string; campaign: string }>()
    for (const { id, pins = [] } of campaigns)
      for (const { item, slot } of pins)
        if (!bySlot.has(slot) && items.some(({ key }) => key === item)) bySlot.set(slot, { item, campaign: id })
    const pinned: { slot: number; entry: (typeof eligible)[number] }[] = []
    for (const [slot, { item, campaign }] of [...bySlot].sort(([a], [b]) => a - b)) {
      const entry = eligible.find((known) => known.item === item)
      if (entry === undefined || slot > slots || pinned.some((pin) => pin.entry.item === item)) continue
      pinned.push({ slot, entry: { ...entry, marks: [...entry.marks, { code: 'pinned', campaign }] } })
    }
    const rest = eligible.filter(({ item }) => !pinned.some(({ entry }) => entry.item === item))
    const answer = rest.slice(0, slots - pinned.length)
    for (const { slot, entry } of pinned) answer.splice(Math.min(slot - 1, answer.length), 0, entry)
    return answer
  }

  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const someTargets = fc.record({
    items: maybe(fc.uniqueArray(fc.nat(N).map(keyOf), { minLength: 1, maxLength: 6 })),
    categories: maybe(fc.subarray(['c0', 'c1', 'c2', 'nothing'], { minLength: 1 })),
    brands: maybe(fc.subarray(['b0', 'b1'], { minLength: 1 })),
  })
  const pins = fc
    .uniqueArray(fc.record({ item: fc.nat(N).map(keyOf), slot: fc.integer({ min: 1, max: 12 }) }), {
      minLength: 1,
      maxLength: 4,
      selector: ({ slot }) => slot,
    })
    .filter((list) => new Set(list.map(({ item }) => item)).size === list.length)
  const campaigns = fc
    .array(fc.record({ targets: someTargets, boost: maybe(fc.constantFrom(1, 1.5, 2, 10)), pins: maybe(pins) }), {
      maxLength: 4,
    })
    .map((list) => list.map((more, i) => campaign(`campaign-${i}`, JSON.parse(JSON.stringify(more)))))
  const requests = fc.record({
    slots: fc.integer({ min: 1, max: N }),
    exclude: maybe(fc.uniqueArray(fc.nat(N - 1).map(keyOf), { maxLength: 20 })),
    filters: maybe(fc.record({ category: fc.subarray(['c0', 'c1', 'c2', 'c3'], { minLength: 1 }) })),
  })

  it('give what scoring everything with its factor and placing the pins gives', () => {
    fc.assert(
      fc.property(campaigns, requests, (list, request) => {
        const found = asked(list, request).map(({ item, score, reasons }) => ({ item, score, marks: reasons.slice(1) }))
        expect(found).toEqual(naive(list, request))
      }),
      { seed: 20_111_112, numRuns: 400 },
    )
  })

  it('are the same in a decision, whose probabilities do not follow a boost', () => {
    const list = [
      campaign('push', { targets: { categories: ['c1'] }, boost: 4 }),
      campaign('put', { pins: [{ item: keyOf(1), slot: 2 }] }),
    ]
    const decided = (campaigns: Campaign[], slots: number) =>
      answerOf(
        g,
        decide(g, {
          request: { slots },
          time: TIME,
          live: emptyLiveShopper(),
          campaigns: compiled(campaigns),
          remainingMinor: new Float64Array(2).fill(Number.POSITIVE_INFINITY),
          remainingUses: new Float64Array(2).fill(Number.POSITIVE_INFINITY),
          dualPrices: noPrices(2),
        }),
      ).items
    const found = decided(list, 8)
    expect(found.map(({ item, score, reasons }) => ({ item, score, marks: reasons.slice(1) }))).toEqual(
      naive(list, { slots: 8 }),
    )
    const plain = new Map(decided([], N).map(({ item, purchaseProbability }) => [item, purchaseProbability]))
    for (const { item, purchaseProbability } of found) expect(purchaseProbability).toBe(plain.get(item))
  })

  it('act only while their campaign is live and runs', () => {
    const more = { targets: { categories: ['c1'] }, boost: 10, pins: [{ item: keyOf(1), slot: 1 }] }
    const plain = asked([], { slots: 5 })
    expect(asked([campaign('a', more)], { slots: 5 })).not.toEqual(plain)
    for (const state of ['draft', 'paused', 'ended'] as const)
      expect(asked([campaign('a', { ...more, state })], { slots: 5 })).toEqual(plain)
    for (const time of [TIME - 1001, TIME + 1000])
      expect(asked([campaign('a', more)], { slots: 5 }, time)).toEqual(plain)
  })

  it('count a pinned item for the caps of an answer', () => {
    const list = [campaign('a', { pins: [{ item: keyOf(1), slot: 3 }] })]
    const found = asked(list, { slots: 4, diversity: { maxPerCategory: 1 } }).map(({ item }) => item)
    expect(found[2]).toBe(keyOf(1))
    expect(new Set(found.map((key) => items.find((item) => item.key === key)?.category)).size).toBe(4)
  })

  it('reach beyond the shortlist that vectors rank again', async () => {
    const many = Array.from({ length: 400 }, (_, i): TinyItem => ({ key: keyOf(i), bias: (400 - i) / 1024 }))
    const blend = {
      rows: 1,
      content: 0,
      sessions: 0,
      peers: 0,
      links: 0,
      vectors: 0.001,
      popular: 0,
      trends: 0,
      rhythm: 0,
    }
    const opened = await openTinyShop({ items: many, model: { blend: { known: blend, session: blend } } })
    const large = openGeneration(opened.image, 0, 'debug')
    const list = [
      campaign('push', { targets: { items: [keyOf(301)] }, boost: 10 }),
      campaign('put', { pins: [{ item: keyOf(390), slot: 3 }] }),
    ]
    const merchandise = merchandiseAt(compileCampaigns(large, parseCampaignFile(textOf(list), 'GBP'), 'vectors'), TIME)
    const request = { history: [{ item: keyOf(0) }], slots: 5 }
    const found = recommend(large, request, emptyLiveShopper(), TIME, merchandise).items.map(({ item }) => item)
    expect(found[0]).toBe(keyOf(301))
    expect(found[2]).toBe(keyOf(390))
    expect(new Set(found).size).toBe(5)
    await opened.close()
  })

  it('leave other lists as their name says', () => {
    const list = [campaign('a', { pins: [{ item: keyOf(1), slot: 1 }] })]
    expect(asked(list, { list: 'popular' })).toEqual(asked([], { list: 'popular' }))
  })
})

describe('a campaign file', () => {
  it('is refused with every fault of its boosts and pins at once', () => {
    const faulty = textOf([
      campaign('a', { boost: 2 }),
      campaign('b', {
        pins: [
          { item: 'x', slot: 1 },
          { item: 'y', slot: 1 },
          { item: 'x', slot: 2 },
        ],
      }),
    ])
    expect(() => parseCampaignFile(faulty, 'GBP')).toThrow(
      expect.objectContaining({
        code: 'invalid_campaigns',
        faults: [
          expect.objectContaining({ field: 'campaigns[0].boost', value: 2 }),
          expect.objectContaining({ field: 'campaigns[1].pins[1].slot', value: 1 }),
          expect.objectContaining({ field: 'campaigns[1].pins[2].item', value: 'x' }),
        ],
      }),
    )
  })

  it('is refused where a boost is out of bounds, or too many campaigns boost', () => {
    const many = Array.from({ length: 17 }, (_, i) => campaign(`c${i}`, { boost: 2, targets: { brands: ['b'] } }))
    expect(() => parseCampaignFile(textOf(many), 'GBP')).toThrow('at most 16 live campaigns may boost')
    expect(() => parseCampaignFile(textOf([campaign('a', { boost: 11, targets: {} })]), 'GBP')).toThrow(
      expect.objectContaining({ code: 'invalid_campaigns', field: 'campaigns[0].boost' }),
    )
  })
})
