import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { Diversity } from '../../core/contract/requests.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { openTinyShop, type TinyItem } from '../support/tiny-shop.ts'

const N = 90
const DIM = 4
/** The tiny shop's vectors are the axes, in turn; items of the last third have none. */
const WITH_VECTOR = 60

/** The best items are of one category, so that a cap has to look far down. */
const items = Array.from(
  { length: N },
  (_, i): TinyItem => ({
    key: `item-${String(i).padStart(3, '0')}`,
    category: i < 40 ? 'c0' : i % 7 === 0 ? undefined : `c${i % 5}`,
    brand: i % 6 === 0 ? undefined : `b${(i * i) % 4}`,
    available: i % 11 !== 0,
    popularity: (N - i + ((i * 17) % 9)) / 128,
    hasVector: i < WITH_VECTOR,
  }),
)

function similarity(a: number, b: number): number {
  if (a < WITH_VECTOR && b < WITH_VECTOR) return a % DIM === b % DIM ? 1 : 0
  return items[a].category !== undefined && items[a].category === items[b].category ? 1 : 0
}

function naive(k: number, { maxPerCategory = N, maxPerBrand = N, mmr = 1 }: Diversity): string[] {
  const score = (i: number) => items[i].popularity ?? 0
  let left = items.flatMap((item, i) => (item.available ? [i] : [])).sort((a, b) => score(b) - score(a) || a - b)
  const taken: number[] = []
  const count = (field: 'category' | 'brand', i: number) =>
    items[i][field] === undefined ? 0 : taken.filter((t) => items[t][field] === items[i][field]).length
  const fits = (i: number) => count('category', i) < maxPerCategory && count('brand', i) < maxPerBrand
  while (taken.length < k && left.length > 0) {
    const list = left.slice(0, Math.max(k, Math.min(10 * k, 500)))
    const least = score(list[list.length - 1])
    const range = score(list[0]) - least
    for (;;) {
      const open = list.filter((i) => !taken.includes(i) && fits(i))
      if (open.length === 0 || taken.length === k) break
      const values = open.map((i) => {
        const nearest = Math.max(0, ...taken.map((t) => similarity(i, t)))
        const relevance = range > 0 ? (score(i) - least) / range : 1
        return mmr === 1 ? relevance : mmr * relevance - (1 - mmr) * nearest
      })
      taken.push(open[values.indexOf(Math.max(...values))])
    }
    left = left.filter((i) => !list.includes(i) && fits(i))
  }
  return taken.map((i) => items[i].key)
}

describe('diversity', () => {
  let g: Generation
  let close: () => Promise<void>
  beforeAll(async () => {
    const opened = await openTinyShop({ items })
    close = opened.close
    g = openGeneration(opened.image, 0, 'debug')
  })
  afterAll(() => close())

  const asked = (slots: number, diversity?: Diversity) =>
    recommend(g, { slots, diversity }, emptyLiveShopper()).items.map(({ item }) => item)
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

  it('gives the items that picking one after the other by the formula gives', () => {
    const diversities = fc.record({
      maxPerCategory: maybe(fc.integer({ min: 1, max: 5 })),
      maxPerBrand: maybe(fc.integer({ min: 1, max: 8 })),
      mmr: maybe(fc.constantFrom(0, 0.25, 0.5, 0.75, 1)),
    })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: N }), diversities, (slots, diversity) => {
        expect(asked(slots, diversity)).toEqual(naive(slots, diversity))
      }),
      { seed: 20_111_112, numRuns: 300 },
    )
  })

  it('fills the answer from far down the ranking where the caps close what is near', () => {
    const found = asked(2, { maxPerCategory: 1 })
    expect(found).toHaveLength(2)
    expect(items.findIndex(({ key }) => key === found[1])).toBeGreaterThan(20)
  })

  it('changes nothing where nothing is asked of it', () => {
    expect(asked(30, {})).toEqual(asked(30))
    expect(asked(30, { mmr: 1, maxPerCategory: 100 })).toEqual(asked(30))
  })
})
