import fc from 'fast-check'
import { expect, test } from 'vitest'
import { priceBands } from '../../../training/content/price-bands.ts'
import { contentTerms, type ItemTexts } from '../../../training/content/terms.ts'
import { WordFinder } from '../../../training/content/words.ts'

const wordsOf = (text: string) => new WordFinder().wordsOf(text)

interface Item {
  title?: string | null
  category?: string | null
  brand?: string | null
  tags?: string[]
  price?: number
}

function textsOf(items: Item[]): ItemTexts {
  return {
    title: items.map(({ title }) => title ?? null),
    category: items.map(({ category }) => category ?? null),
    brand: items.map(({ brand }) => brand ?? null),
    tags: items.map(({ tags }) => tags ?? []),
    price_minor: Int32Array.from(items, ({ price }) => price ?? 100),
  }
}

/** The terms of one item and their weights. */
function termsOf(items: Item[], item: number): Record<string, number> {
  const { terms, weights } = contentTerms(textsOf(items))
  const { indptr, indices, data } = weights
  const row = [...indices.subarray(indptr[item], indptr[item + 1])]
  return Object.fromEntries(row.map((term, at) => [terms[term], data[indptr[item] + at]]))
}

test.each([
  ['SET/6 Children’s MUGS, 3.5cm 50%', ['set', '6', 'children', 'mug', '3.5cm', '50']],
  ['mug hanging_hearts T-LIGHT', ['mug', 'hang', 'heart', 't', 'light']],
  ['ＡＢＣ①２', ['abc12']],
  ['白色陶瓷杯子', ['白色', '陶瓷', '杯子']],
  ['赤いマグカップ', ['赤い', 'マグカップ']],
  ['ผ้าเช็ดตัวสีแดง', ['ผ้าเช็ดตัว', 'สี', 'แดง']],
  ['Красные кружки', ['красные', 'кружки']],
  ['', []],
  ['… !', []],
])('finds the words of %j', (text, words) => {
  expect(wordsOf(text)).toEqual(words)
})

test('terms of different fields differ, whole texts stay whole, and a missing field gives none', () => {
  const items = [{ title: 'Red mug', category: 'Home & Garden', brand: 'Red', tags: ['Gift Idea', ''] }, {}]
  const whole = ['brand:red', 'category:home & garden', 'price:0', 'tag:gift idea', 'title:mug', 'title:red']
  expect(Object.keys(termsOf(items, 0))).toEqual(whole)
  expect(Object.keys(termsOf(items, 1))).toEqual(['price:0'])
})

test('weights follow BM25 by field', () => {
  const items = [
    { title: 'blue blue cup', brand: 'ace' },
    { title: 'cup', brand: 'ace' },
    { title: 'plate', brand: 'bee' },
  ]
  // Lengths of titles 3, 1, 1: the mean is 5/3; each brand has one term.
  const found = termsOf(items, 0)
  const rarity = (n: number) => Math.log(1 + (3 - n + 0.5) / (n + 0.5))
  const long = 1.2 * (0.25 + 0.75 * (3 / (5 / 3)))
  expect(found['title:blue']).toBeCloseTo((rarity(1) * 2 * 2.2) / (2 + long), 6)
  expect(found['title:cup']).toBeCloseTo((rarity(2) * 2.2) / (1 + long), 6)
  expect(found['brand:ace']).toBeCloseTo(0.5 * rarity(2), 6)
  expect(found['price:0']).toBeCloseTo(0.25 * rarity(3), 6)
})

test('a rarer word weighs more, and every weight is positive', () => {
  const word = fc.constantFrom('mug', 'cup', 'red', 'blue', '12', 'plate')
  const item = fc.record({
    title: fc.array(word, { maxLength: 6 }).map((words) => words.join(' ')),
    category: fc.constantFrom(null, 'a', 'b'),
    tags: fc.array(word, { maxLength: 3 }),
    price: fc.nat(500),
  })
  fc.assert(
    fc.property(fc.array(item, { minLength: 1, maxLength: 12 }), (items) => {
      const { terms, weights } = contentTerms(textsOf(items))
      expect(terms).toEqual([...new Set(terms)].sort())
      expect(weights.data.every((weight) => weight > 0)).toBe(true)
      items.forEach((_, i) => {
        const row = weights.indices.subarray(weights.indptr[i], weights.indptr[i + 1])
        expect([...row]).toEqual([...new Set(row)].sort((a, b) => a - b))
      })
      const reversed = contentTerms(textsOf(items.toReversed()))
      expect(reversed.terms).toEqual(terms)
    }),
    { seed: 41, numRuns: 60 },
  )
})

test('price bands are fifths of the category, equal prices together', () => {
  const prices = Int32Array.of(500, 100, 200, 300, 400, 9000, 100, 7)
  const categories = ['a', 'a', 'a', 'a', 'a', 'b', null, null]
  expect([...priceBands(categories, prices)]).toEqual([4, 0, 1, 2, 3, 0, 2, 0])
  expect([...priceBands(['a', 'a', 'a', 'a'], Int32Array.of(5, 5, 5, 5))]).toEqual([0, 0, 0, 0])
})
