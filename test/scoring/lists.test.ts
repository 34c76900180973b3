import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { RecommendRequest } from '../../core/contract/requests.ts'
import { answerOf } from '../../core/scoring/answer.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { hashOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { hazard } from '../../core/scoring/rhythm.ts'
import { openTinyShop, type TinyItem, type TinyShop } from '../support/tiny-shop.ts'

const N = 40
const DAY_MS = 86_400_000
const WATERMARK = 1_700_000_000_000
const f = Math.fround
const keyOf = (i: number) => `item-${String(i).padStart(3, '0')}`

const items = Array.from(
  { length: N },
  (_, i): TinyItem => ({
    key: keyOf(i),
    category: `c${i % 3}`,
    available: i % 8 !== 0,
    popularity: ((i * 17) % 23) / 32,
    trending: i % 3 === 0 ? ((i * 7) % 10) / 16 : 0,
    newness: i % 4 === 0 ? ((i * 11) % 10) / 16 : 0,
    repeatRate: i % 2 === 0 ? (1 + ((i * 3) % 7)) / 8 : 0,
    intervalDays: i % 2 === 0 ? 5 + ((i * 13) % 30) : 0,
  }),
)
const together = items.map((_, j) =>
  Array.from({ length: N }, (_, i): [number, number] => [i, ((i * 5 + j * 3) % 9) / 16]).filter(
    ([i, share]) => i !== j && share > 0.35,
  ),
)
const history = Array.from({ length: 30 }, (_, i) => ({
  item: (i * 7) % N,
  kind: i % 5 === 0 ? ('view' as const) : ('purchase' as const),
  days: i % 5 === 0 ? undefined : (i * 3) % 40,
}))
const shop: TinyShop = { items, together, shoppers: [{ key: 'known', history }], watermark: WATERMARK }

describe('lists', () => {
  let g: Generation
  let close: () => Promise<void>
  beforeAll(async () => {
    const opened = await openTinyShop(shop)
    close = opened.close
    g = openGeneration(opened.image, 0, 'debug')
  })
  afterAll(() => close())

  const asked = (request: RecommendRequest, time = WATERMARK, live = emptyLiveShopper()) =>
    recommend(g, request, live, time)

  function naive(score: (i: number) => number, request: RecommendRequest, least = 0): object[] {
    const out = new Set([request.item, ...(request.exclude ?? []), ...(request.cart ?? []).map(({ item }) => item)])
    return items
      .map((item, i) => ({ item: item.key, score: score(i), i }))
      .filter(({ item, score, i }) => items[i].available && !out.has(item) && score > least)
      .filter(({ item }) => request.candidates?.includes(item) ?? true)
      .filter(({ i }) => request.filters?.category?.includes(items[i].category ?? '') ?? true)
      .sort((a, b) => b.score - a.score || a.i - b.i)
      .slice(0, request.slots)
      .map(({ item, score }) => ({ item, score }))
  }

  const someKeys = fc.uniqueArray(fc.nat(N - 1).map(keyOf), { minLength: 1, maxLength: 12 })
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const requests = fc.record({
    slots: fc.integer({ min: 1, max: N }),
    exclude: maybe(someKeys),
    candidates: maybe(someKeys),
    item: maybe(fc.nat(N - 1).map(keyOf)),
    cart: maybe(
      fc.array(
        fc.nat(N - 1).map((i) => ({ item: keyOf(i) })),
        { minLength: 1, maxLength: 3 },
      ),
    ),
    filters: maybe(fc.record({ category: fc.subarray(['c0', 'c1', 'c2'], { minLength: 1 }) })),
  })

  const PLAIN: ['popular' | 'trending' | 'new', (item: TinyItem) => number, number][] = [
    ['popular', (item) => item.popularity ?? 0, -1],
    ['trending', (item) => item.trending ?? 0, 0],
    ['new', (item) => item.newness ?? 0, 0],
  ]
  it.each(PLAIN)('%s is the best of its table, the same for everybody', (list, score, least) => {
    fc.assert(
      fc.property(requests, fc.constantFrom(undefined, 'known'), (request, shopper) => {
        const answer = asked({ ...request, list, shopper })
        const expected = naive((i) => score(items[i]), request, least)
        expect(answer.items.map(({ item, score }) => ({ item, score }))).toEqual(expected)
        expect(answer.personalised).toBe(false)
        for (const { reasons } of answer.items) expect(reasons).toEqual([{ code: list }])
      }),
      { seed: 20_111_112, numRuns: 200 },
    )
  })

  it('bought_together is the mean share of the orders of the page’s item and the cart’s', () => {
    const shareOf = (j: number, i: number) => together[j].find(([column]) => column === i)?.[1] ?? 0
    fc.assert(
      fc.property(requests, (request) => {
        fc.pre(request.item !== undefined || request.cart !== undefined)
        const keys = [request.item, ...(request.cart ?? []).map(({ item }) => item)]
        const sources = [...new Set(keys.flatMap((key) => items.findIndex((item) => item.key === key)))].filter(
          (j) => j >= 0,
        )
        const weight = f(1 / sources.length)
        const score = (i: number) => sources.reduce((sum, j) => f(sum + f(weight * f(shareOf(j, i)))), 0)
        const answer = asked({ ...request, list: 'bought_together' })
        expect(answer.items.map(({ item, score }) => ({ item, score }))).toEqual(naive(score, request))
        for (const { item, reasons } of answer.items) {
          const shares = sources.map((j) =>
            shareOf(
              j,
              items.findIndex(({ key }) => key === item),
            ),
          )
          const share = Math.max(...shares)
          expect(reasons).toEqual([
            {
              code: 'bought_together',
              item: keyOf(sources[shares.indexOf(share)]),
              share: Number(f(share).toFixed(3)),
            },
          ])
        }
      }),
      { seed: 20_111_112, numRuns: 200 },
    )
  })

  it('bought_again holds the shopper’s own items from half their interval on, by the chance of buying them now', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 0, max: 60 }), (request, later) => {
        const score = (i: number) => {
          const days = history.filter(({ item }) => item === i).map(({ days }) => days ?? Number.POSITIVE_INFINITY)
          const since = Math.min(...days) + later
          const { repeatRate = 0, intervalDays = 0 } = items[i]
          const isDue = repeatRate > 0 && Number.isFinite(since) && since >= intervalDays / 2
          return isDue ? f(hazard(repeatRate, intervalDays, since)) : 0
        }
        const answer = asked({ ...request, list: 'bought_again', shopper: 'known' }, WATERMARK + later * DAY_MS)
        expect(answer.items.map(({ item, score }) => ({ item, score }))).toEqual(naive(score, request))
        expect(answer.personalised).toBe(answer.items.length > 0)
      }),
      { seed: 20_111_112, numRuns: 200 },
    )
  })

  it('bought_again follows what was bought a moment ago, and a session’s purchases', () => {
    const live = emptyLiveShopper()
    const first = asked({ list: 'bought_again', shopper: 'known', slots: N }).items[0].item
    const { lo, hi } = hashOf(g, first)
    live.nEvents = 1
    live.eventHashes.set([lo, hi])
    live.eventKinds[0] = EVENT_KINDS.indexOf('purchase')
    live.eventTimes[0] = WATERMARK
    const after = asked({ list: 'bought_again', shopper: 'known', slots: N }, WATERMARK, live).items
    expect(after.map(({ item }) => item)).not.toContain(first)
    const later = WATERMARK + 400 * DAY_MS
    const session = asked({ list: 'bought_again', session: 'unknown', slots: N }, later, live).items
    expect(session.map(({ item, reasons }) => [item, reasons])).toEqual([[first, [{ code: 'due_again', days: 400 }]]])
  })

  it.each([
    [{ list: 'bought_together' }, { code: 'missing_field', field: 'item' }],
    [{ list: 'bought_again' }, { code: 'missing_field', field: 'shopper' }],
  ] as [RecommendRequest, object][])('%j is refused', (request, fault) => {
    expect(() => asked(request)).toThrow(expect.objectContaining(fault))
  })

  it('is refused where the snapshot has no table for it', async () => {
    const bare = await openTinyShop({ items: [{ key: 'a' }] })
    for (const list of ['trending', 'new', 'bought_together', 'bought_again'] as const)
      expect(() =>
        recommend(openGeneration(bare.image, 0), { list, item: 'a', shopper: 's' }, emptyLiveShopper()),
      ).toThrow(expect.objectContaining({ code: 'invalid_value', field: 'list', value: list }))
    await bare.close()
  })
})

describe('the hazard of buying again', () => {
  it('is the density over what is left, by the definition of both', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 1, max: 365, noNaN: true }),
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        (rate, interval, x) => {
          const share = (days: number) => 1 - 1 / (1 + (days / interval) ** 3)
          const days = x * interval
          const step = interval * 1e-5
          const density = (share(days + step) - share(days - step)) / (2 * step)
          const expected = (rate * density) / (1 - rate * share(days))
          expect(hazard(rate, interval, days) / expected).toBeCloseTo(1, 5)
        },
      ),
      { seed: 20_111_112, numRuns: 200 },
    )
  })
})

describe('trends and rhythm as sources', () => {
  it('add to the score by their weights, let due items come back, and are told as reasons', async () => {
    const blend = {
      rows: 1,
      content: 0,
      sessions: 0,
      peers: 0,
      links: 0,
      vectors: 0,
      popular: 0,
      trends: 0.5,
      rhythm: 2,
    }
    const rows = items.map(
      (_, j): [number, number][] => [[(j + 1) % N, 0.25]].sort((a, b) => a[0] - b[0]) as [number, number][],
    )
    const opened = await openTinyShop({ ...shop, rows, model: { blend: { known: blend, session: blend } } })
    const g = openGeneration(opened.image, 0, 'debug')
    const { items: found } = recommend(g, { shopper: 'known', slots: N }, emptyLiveShopper())
    const weightOf = (j: number) => {
      const mine = history.filter(({ item }) => item === j)
      return mine.length === 0 ? 0 : mine.some(({ kind }) => kind === 'purchase') ? 1 : 0.5
    }
    const expected = items
      .map((item, i) => {
        const days = Math.min(...history.filter((h) => h.item === i).map((h) => h.days ?? Number.POSITIVE_INFINITY))
        const { repeatRate = 0, intervalDays = 0, trending = 0 } = item
        const isDue = repeatRate > 0 && Number.isFinite(days) && days >= intervalDays / 2
        const parts = {
          row: f(0.25 * weightOf((i + N - 1) % N)),
          trending: 0.5 * trending,
          due_again: isDue ? 2 * hazard(repeatRate, intervalDays, days) : 0,
        }
        const score = f(f(parts.row + parts.trending) + parts.due_again)
        return { item: item.key, i, score, parts, out: !item.available || (!isDue && Number.isFinite(days)) }
      })
      .filter(({ out }) => !out)
      .sort((a, b) => b.score - a.score || a.i - b.i)
    expect(found.map(({ item }) => item)).toEqual(expected.map(({ item }) => item))
    found.forEach(({ score, reasons }, slot) => {
      expect(score).toBe(expected[slot].score)
      const { parts } = expected[slot]
      const largest = Math.max(...Object.values(parts))
      if (largest > parts.row) expect(parts[reasons[0].code as keyof typeof parts]).toBe(largest)
      else expect(['trending', 'due_again']).not.toContain(reasons[0].code)
    })
    const args = {
      request: { shopper: 'known', slots: N },
      time: WATERMARK,
      live: emptyLiveShopper(),
      campaigns: compileCampaigns(g, { version: 1, currency: 'GBP', campaigns: [] }, 'none'),
      remainingMinor: new Float64Array(0),
      remainingUses: new Float64Array(0).fill(Number.POSITIVE_INFINITY),
      dualPrices: noPrices(0),
    }
    expect(answerOf(g, decide(g, args)).items.map(({ reasons }) => reasons)).toEqual(
      found.map(({ reasons }) => reasons),
    )
    await opened.close()
  })
})
