import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { RecommendRequest } from '../../core/contract/requests.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { openTinyShop, type TinyItem, type TinyShop } from '../support/tiny-shop.ts'

const N = 60
const f = Math.fround

/** A shop whose tables come from a small linear congruence: irregular, and the same in every run. */
function irregularShop(): TinyShop & { rows: [number, number][][] } {
  let state = 12345
  const next = (below: number) => {
    state = (state * 1103515245 + 12345) % 2147483648
    return state % below
  }
  const items = Array.from(
    { length: N },
    (_, i): TinyItem => ({
      key: `item-${String(i).padStart(3, '0')}`,
      category: `c${next(4)}`,
      brand: next(5) === 0 ? undefined : `b${next(3)}`,
      priceMinor: 100 * (1 + next(20)),
      stock: next(10) === 0 ? 0 : -1,
      available: next(10) !== 0,
      bias: (next(9) - 4) / 64,
      popularity: next(16) / 16,
    }),
  )
  const rows = items.map(() => {
    const columns = new Set(Array.from({ length: next(12) }, () => next(N)))
    return [...columns].sort((a, b) => a - b).map((column): [number, number] => [column, (1 + next(8)) / 16])
  })
  return { items, rows }
}

const shop = irregularShop()
const keyOf = (i: number) => shop.items[i].key

/** Scores every item the slow way and sorts them all. */
function oracle(history: number[], request: RecommendRequest): { item: string; score: number }[] {
  const distinct = [...new Set(history)]
  const excluded = new Set(request.exclude ?? [])
  const { filters } = request
  return shop.items
    .map((item, i) => ({ item, i }))
    .filter(({ item }) => item.available !== false && item.stock !== 0 && !excluded.has(item.key))
    .filter(({ item }) => request.candidates === undefined || request.candidates.includes(item.key))
    .filter(({ item }) => filters?.category === undefined || filters.category.includes(item.category ?? ''))
    .filter(({ item }) => filters?.brand === undefined || filters.brand.includes(item.brand ?? ''))
    .filter(({ item }) => (item.priceMinor ?? 0) >= (filters?.minPriceMinor ?? 0))
    .filter(({ item }) => (item.priceMinor ?? 0) <= (filters?.maxPriceMinor ?? 1e9))
    .map(({ item, i }) => {
      const sum = distinct.reduce((acc, j) => {
        const weight = shop.rows[j].find(([column]) => column === i)?.[1]
        return weight === undefined ? acc : f(acc + f(0.5 * weight))
      }, 0)
      const base = f((distinct.length > 0 ? item.bias : item.popularity) ?? 0)
      return { item: item.key, score: f(sum + base) }
    })
    .sort((a, b) => b.score - a.score || (a.item < b.item ? -1 : 1))
    .slice(0, request.slots)
}

describe('ranking', () => {
  let g: Generation
  let close: () => Promise<void>

  beforeAll(async () => {
    const opened = await openTinyShop(shop)
    close = opened.close
    g = openGeneration(opened.image, 0)
  })
  afterAll(() => close())

  const anItem = fc.nat(N - 1)
  const someKeys = fc.uniqueArray(anItem, { minLength: 1, maxLength: 30 }).map((items) => items.map(keyOf))
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const filters = fc.record({
    category: maybe(fc.subarray(['c0', 'c1', 'c2', 'c3', 'nothing'], { minLength: 1 })),
    brand: maybe(fc.subarray(['b0', 'b1', 'b2'], { minLength: 1 })),
    minPriceMinor: maybe(fc.integer({ min: 0, max: 2000 })),
    maxPriceMinor: maybe(fc.integer({ min: 0, max: 2500 })),
  })

  it('equals scoring everything and sorting it, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.array(anItem, { maxLength: 12 }),
        fc.record({
          slots: fc.integer({ min: 1, max: 70 }),
          exclude: maybe(someKeys),
          candidates: maybe(someKeys),
          filters: maybe(filters),
        }),
        (history, asked) => {
          const request = { ...asked, history: history.map((i) => ({ item: keyOf(i) })) }
          const answer = recommend(g, request, emptyLiveShopper())
          expect(answer.items.map(({ item, score }) => ({ item, score }))).toEqual(oracle(history, asked))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('leaves no trace of one request in the next', () => {
    const request = { slots: N, history: [{ item: keyOf(3) }, { item: keyOf(7) }] }
    const before = recommend(g, request, emptyLiveShopper())
    recommend(g, { slots: 3, candidates: [keyOf(1), keyOf(2)], history: [{ item: keyOf(9) }] }, emptyLiveShopper())
    expect(recommend(g, request, emptyLiveShopper())).toEqual(before)
  })

  it('names the history item that gave the largest part of a score', () => {
    const answer = recommend(
      g,
      { slots: N, history: [{ item: keyOf(3) }, { item: keyOf(7), kind: 'purchase' }] },
      emptyLiveShopper(),
    )
    for (const { item, reasons } of answer.items) {
      const i = shop.items.findIndex(({ key }) => key === item)
      const part = (j: number) => shop.rows[j].find(([column]) => column === i)?.[1] ?? 0
      const parts = [0.5 * part(3), part(7)]
      const [reason] = reasons
      if (parts[0] + parts[1] === 0) expect(['popular', 'near_your_taste']).toContain(reason.code)
      else
        expect(reason).toMatchObject(
          parts[1] > parts[0]
            ? { code: 'because_you_bought', item: keyOf(7) }
            : { code: 'because_you_viewed', item: keyOf(3) },
        )
    }
  })
})
