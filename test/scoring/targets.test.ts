import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Targets } from '../../core/contract/campaigns.ts'
import { targetBitmap, targetsItem } from '../../core/scoring/campaigns/targets.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { openTinyShop, type TinyItem } from '../support/tiny-shop.ts'

const N = 70
const items = Array.from(
  { length: N },
  (_, i): TinyItem => ({
    key: `item-${String(i).padStart(3, '0')}`,
    category: i % 11 === 0 ? undefined : `c${i % 4}`,
    brand: i % 5 === 0 ? undefined : `b${i % 3}`,
    priceMinor: 100 * (1 + (i % 20)),
  }),
)

let g: Generation
let close: () => Promise<void>
beforeAll(async () => {
  const opened = await openTinyShop({ items })
  close = opened.close
  g = openGeneration(opened.image, 0)
})
afterAll(() => close())

const listOf = (...texts: string[]) => fc.option(fc.subarray(texts), { nil: undefined })
const targets = fc
  .record({
    items: listOf('nobody', ...items.map(({ key }) => key)),
    categories: listOf('c0', 'c1', 'c2', 'c3', 'nothing'),
    brands: listOf('b0', 'b1', 'b2', ''),
    max: fc.option(fc.integer({ min: 0, max: 2500 }), { nil: undefined }),
  })
  .map(
    ({ max, ...lists }): Targets => ({ ...lists, where: max === undefined ? undefined : { attribute: 'price', max } }),
  )

function isTargeted({ key, category, brand, priceMinor = 0 }: TinyItem, wanted: Targets): boolean {
  const isIn = (list: string[] | undefined, value?: string) =>
    list === undefined || (value !== undefined && list.includes(value))
  const { where } = wanted
  const max = where !== undefined && 'max' in where ? where.max : undefined
  return (
    isIn(wanted.items, key) &&
    isIn(wanted.categories, category) &&
    isIn(wanted.brands, brand) &&
    (max === undefined || priceMinor <= max)
  )
}

test('an item is targeted when it is in every list that is there and meets the expression; no bit is set behind the last', () => {
  fc.assert(
    fc.property(targets, (wanted) => {
      const bitmap = targetBitmap(g, wanted)
      expect(items.map((_, item) => targetsItem({ targets: bitmap }, item))).toEqual(
        items.map((item) => isTargeted(item, wanted)),
      )
      expect(bitmap[bitmap.length - 1] >>> (N % 32)).toBe(0)
    }),
  )
})
