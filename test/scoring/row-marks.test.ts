import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Filters } from '../../core/contract/filters.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { MARKS } from '../../core/scoring/arena.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { openTinyShop, type TinyItem } from '../support/tiny-shop.ts'

/** More categories than marks: several have the same. */
const CATEGORIES = 2 * MARKS + 40
const N = 3 * CATEGORIES
const categoryOf = (i: number) => `c${String(i % CATEGORIES).padStart(3, '0')}`

/** Irregular, and the same in every run. */
const items = Array.from(
  { length: N },
  (_, i): TinyItem => ({
    key: `item-${String(i).padStart(4, '0')}`,
    category: i % 11 === 0 ? undefined : categoryOf(i * 7),
    priceMinor: 100 + ((i * 13) % 900),
    bias: ((i * 17) % 23) / 512,
    available: i % 9 !== 0,
  }),
)

const rowOf = (i: number) => {
  const columns = new Set(Array.from({ length: 3 + ((i * 5) % 40) }, (_, e) => (i * 31 + e * e * 17) % N))
  return [...columns].sort((a, b) => a - b).map((c): [number, number] => [c, ((c * 29 + i) % 64) / 64])
}

describe('a filter by categories, asked before entries of rows are added', () => {
  let g: Generation
  let close: () => Promise<void>

  beforeAll(async () => {
    const opened = await openTinyShop({ items, rows: items.map((_, i) => rowOf(i)) })
    close = opened.close
    g = openGeneration(opened.image, 0, 'debug')
  })
  afterAll(() => close())

  const asked = fc.record({
    history: fc.array(fc.nat(N - 1), { minLength: 1, maxLength: 12 }),
    category: fc.array(fc.nat(CATEGORIES + 3), { minLength: 1, maxLength: 80 }),
    slots: fc.integer({ min: 1, max: 30 }),
    isBounded: fc.boolean(),
  })

  it('changes no answer: the same is asked as an expression, of which no marks are known', () => {
    fc.assert(
      fc.property(asked, ({ history, category, slots, isBounded }) => {
        const names = category.map((c) => `c${String(c).padStart(3, '0')}`)
        const bounds: Filters = isBounded ? { minPriceMinor: 300, maxPriceMinor: 800 } : {}
        const answer = (filters: Filters) => {
          const request = { slots, history: history.map((i) => ({ item: items[i].key })), filters }
          return recommend(g, request, emptyLiveShopper())
        }
        const marked = answer({ ...bounds, category: names })
        expect(marked).toEqual(answer({ ...bounds, where: { attribute: 'category', in: names } }))
        expect([...g.arena.accumulator.view].every((sum) => Object.is(sum, -0))).toBe(true)
      }),
      { seed: 20_111_112, numRuns: 400 },
    )
  })
})
