import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkCondition } from '../../core/contract/conditions.ts'
import type { Condition } from '../../core/contract/filters.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { keptFilters } from '../../core/scoring/arena.ts'
import { changeCatalogue } from '../../core/scoring/catalogue.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import { openTinyShop, type TinyItem } from '../support/tiny-shop.ts'

const N = 70
const COLOURS = ['red', 'blue', 'blü', '']
const TAGS = ['a', 'ab', 'b', 'x\u0001']

/** Irregular, and the same in every run. */
const items = Array.from({ length: N }, (_, i): TinyItem => {
  const colour = COLOURS[(i * 7) % 5] || undefined
  const tags = TAGS.filter((_, t) => ((i * 5) >> t) % 3 === 0)
  return {
    key: `item-${String(i).padStart(3, '0')}`,
    category: i % 11 === 0 ? undefined : `c${i % 4}`,
    brand: i % 5 === 0 ? undefined : `b${i % 3}`,
    priceMinor: 100 * (1 + ((i * 13) % 20)),
    popularity: ((i * 17) % 23) / 32,
    available: i % 9 !== 0,
    attributes: {
      ...(colour === undefined ? {} : { colour: [colour] }),
      tags,
      ...(i % 6 === 0 ? {} : { weight: ((i * 3) % 10) / 10 }),
      col: ['nearly colour'],
    },
  }
})

function meets(item: TinyItem, node: Condition): boolean {
  if ('not' in node) return !meets(item, node.not)
  if ('and' in node) return node.and.every((part) => meets(item, part))
  if ('or' in node) return node.or.some((part) => meets(item, part))
  if ('in' in node) {
    const { category, brand, attributes } = item
    const builtIn = { category: category === undefined ? [] : [category], brand: brand === undefined ? [] : [brand] }
    const has = { ...attributes, ...builtIn }[node.attribute]
    return Array.isArray(has) && node.in.some((value) => has.includes(value))
  }
  const number = node.attribute === 'price' ? item.priceMinor : item.attributes?.[node.attribute]
  if (typeof number !== 'number') return false
  const f = Math.fround
  return f(number) >= f(node.min ?? -3e38) && f(number) <= f(node.max ?? 3e38)
}

const texts = fc.oneof(
  ...Object.entries({
    colour: ['red', 'blue', 'blü', 'none'],
    tags: [...TAGS, 'none'],
    category: ['c0', 'c1', 'c2', 'c3', 'none'],
    brand: ['b0', 'b1', 'b2'],
  }).map(([attribute, values]) =>
    fc.record({ attribute: fc.constant(attribute), in: fc.subarray(values, { minLength: 1 }) }),
  ),
)
const bound = (highest: number) => fc.double({ min: -1, max: highest, noNaN: true })
const ranges = fc
  .constantFrom(['weight', 1.2] as const, ['price', 2200] as const)
  .chain(([attribute, highest]) =>
    fc.oneof(
      fc.record({ attribute: fc.constant(attribute), min: bound(highest) }),
      fc.record({ attribute: fc.constant(attribute), max: bound(highest) }),
      fc.record({ attribute: fc.constant(attribute), min: bound(highest), max: bound(highest) }),
    ),
  )
const { tree } = fc.letrec<{ tree: Condition; parts: Condition[] }>((tie) => ({
  parts: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
  tree: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    texts,
    ranges,
    tie('parts').map((and) => ({ and })),
    tie('parts').map((or) => ({ or })),
    tie('tree').map((not) => ({ not })),
  ),
}))

describe('the expression of a filter', () => {
  let g: Generation
  let close: () => Promise<void>

  beforeAll(async () => {
    const opened = await openTinyShop({ items })
    close = opened.close
    g = openGeneration(opened.image, 0, 'debug')
  })
  afterAll(() => close())

  const asked = (where: Condition, slots = 10) =>
    recommend(g, { slots, filters: { where } }, emptyLiveShopper()).items.map(({ item }) => item)

  const naive = (where: Condition, slots = 10) =>
    items
      .filter((item) => item.available && meets(item, where))
      .sort((a, b) => (b.popularity ?? 0) - (a.popularity ?? 0) || (a.key < b.key ? -1 : 1))
      .slice(0, slots)
      .map(({ key }) => key)

  it('gives exactly the best items that meet it, as many as there are', () => {
    fc.assert(
      fc.property(tree, fc.integer({ min: 1, max: 70 }), (where, slots) => {
        expect(asked(where, slots)).toEqual(naive(where, slots))
      }),
      { seed: 20_111_112, numRuns: 1000 },
    )
  })

  it('narrows with the plain fields', () => {
    const where: Condition = { attribute: 'colour', in: ['red'] }
    const found = recommend(g, { slots: 70, filters: { category: ['c1'], where } }, emptyLiveShopper()).items
    const expected = naive({ and: [where, { attribute: 'category', in: ['c1'] }] }, 70)
    expect(found.map(({ item }) => item)).toEqual(expected)
    expect(expected.length).toBeGreaterThan(0)
  })

  it('follows a live price', () => {
    const where: Condition = { not: { attribute: 'price', min: 100 } }
    expect(asked(where)).toEqual([])
    changeCatalogue(g.live, [{ item: 1, change: { priceMinor: 99 } }])
    expect(asked(where)).toEqual([items[1].key])
    changeCatalogue(g.live, [{ item: 1, change: { priceMinor: items[1].priceMinor } }])
  })

  it('is refused for an attribute that nobody knows, with those that are known', () => {
    const where: Condition = {
      and: [{ attribute: 'category', in: ['c1'] }, { not: { attribute: 'colou', in: ['red'] } }],
    }
    expect(() => asked(where)).toThrow(
      expect.objectContaining({
        code: 'unknown_attribute',
        field: 'filters.where.and[1].not.attribute',
        value: 'colou',
        message: 'unknown attribute: colou (known: category, brand, price, col, colour, tags, weight)',
      }),
    )
  })

  it.each([
    [{ attribute: 'colour', min: 1 }, 'ask with in'],
    [{ attribute: 'weight', in: ['1'] }, 'ask with min, max or both'],
    [{ attribute: 'price', in: ['1'] }, 'ask with min, max or both'],
  ] as [Condition, string][])('is refused for %j: %s', (where, remedy) => {
    expect(() => asked(where)).toThrow(
      expect.objectContaining({ code: 'invalid_value', message: expect.stringContaining(remedy) }),
    )
  })

  it('leaves the kept filters right after a refusal', () => {
    const kept = Array.from({ length: 20 }, (_, i): Condition => ({ attribute: 'price', min: 100 * i }))
    for (const where of kept) expect(asked(where)).toEqual(naive(where))
    expect(() => asked({ attribute: 'nothing', min: 1 })).toThrow('unknown attribute')
    for (const where of kept) expect(asked(where)).toEqual(naive(where))
  })

  it('keeps those that were asked for last, each in a bitmap of its own, and answers right however many there are', () => {
    const room = keptFilters(N)
    const each = Array.from({ length: room + 50 }, (_, i): Condition => ({ attribute: 'price', min: 2 * i }))
    for (const where of each) {
      expect(asked(where)).toEqual(naive(where))
      expect(asked(each[0])).toEqual(naive(each[0]))
    }
    const kept = [...g.keptFilters]
    expect(kept).toHaveLength(room)
    expect(new Set(kept.map(([, { pointer }]) => pointer)).size).toBe(room)
    const last = [each[0], each[room + 49], each[room + 48]].map((where) => JSON.stringify(where))
    for (const text of last) expect(kept.filter(([key]) => key.includes(text))).toHaveLength(1)
    expect(kept.some(([key]) => key.includes(JSON.stringify(each[1])))).toBe(false)
  })
})

describe('plain fields over more items than are walked', () => {
  const many = Array.from({ length: 6000 }, (_, i): TinyItem => {
    const category = i % 10 === 0 ? 'some' : 'most'
    return {
      key: `item-${String(i).padStart(4, '0')}`,
      category: i % 500 === 7 ? 'few' : category,
      brand: `b${i % 7}`,
      priceMinor: (i * 7919) % 6000,
      popularity: ((i * 17) % 5003) / 8192,
      available: i % 9 !== 0,
    }
  })
  let g: Generation
  let close: () => Promise<void>

  beforeAll(async () => {
    const opened = await openTinyShop({ items: many })
    close = opened.close
    g = openGeneration(opened.image, 0, 'debug')
  })
  afterAll(() => close())

  const plain = fc.record(
    {
      category: fc.subarray(['few', 'some', 'most', 'none'], { minLength: 1 }),
      brand: fc.subarray(['b0', 'b1', 'b6', 'none'], { minLength: 1 }),
      minPriceMinor: fc.integer({ min: 0, max: 6000 }),
      maxPriceMinor: fc.integer({ min: 0, max: 6000 }),
      where: fc.constantFrom<Condition[]>({ attribute: 'brand', in: ['b2', 'b6'] }, { attribute: 'price', max: 9 }),
    },
    { requiredKeys: [] },
  )
  const priceOf = ({ key, priceMinor = 0 }: TinyItem, changed: Map<string, number>) => changed.get(key) ?? priceMinor

  it('give exactly the best items that meet them, also after prices changed, however few they are', () => {
    const changed = new Map<string, number>()
    const change = fc.tuple(fc.nat(many.length - 1), fc.nat(6000))
    fc.assert(
      fc.property(plain, fc.integer({ min: 1, max: 30 }), fc.option(change), (filters, slots, price) => {
        if (price !== null) {
          changeCatalogue(g.live, [{ item: price[0], change: { priceMinor: price[1] } }])
          changed.set(many[price[0]].key, price[1])
        }
        const { category, brand, minPriceMinor = 0, maxPriceMinor = 6000, where } = filters
        const expected = many
          .filter((item) => item.available && (category?.includes(item.category ?? '') ?? true))
          .filter((item) => brand?.includes(item.brand ?? '') ?? true)
          .filter((item) => priceOf(item, changed) >= minPriceMinor && priceOf(item, changed) <= maxPriceMinor)
          .filter((item) => where === undefined || meets({ ...item, priceMinor: priceOf(item, changed) }, where))
          .sort((a, b) => (b.popularity ?? 0) - (a.popularity ?? 0) || (a.key < b.key ? -1 : 1))
          .slice(0, slots)
          .map(({ key }) => key)
        const { items } = recommend(g, { slots, filters }, emptyLiveShopper())
        expect(items.map(({ item }) => item)).toEqual(expected)
      }),
      { seed: 20_111_112, numRuns: 300 },
    )
  })
})

describe('the door', () => {
  const nested = (depth: number): unknown => (depth === 0 ? { attribute: 'a', in: ['b'] } : { not: nested(depth - 1) })
  const refused: [string, unknown, object][] = [
    ['an unknown form', { attribute: 'a' }, { code: 'invalid_value', field: 'where' }],
    ['no object', 'red', { code: 'invalid_value', field: 'where', value: 'red' }],
    ['an empty list', { or: [] }, { code: 'invalid_value', field: 'where.or' }],
    ['a part that is none', { or: [{ not: 5 }] }, { code: 'invalid_value', field: 'where.or[0].not', value: 5 }],
    ['two forms at once', { and: [nested(0)], or: [] }, { code: 'unknown_field', field: 'where.or' }],
    [
      'a bound that is no number',
      { attribute: 'a', min: '1' },
      { code: 'invalid_type', field: 'where.min', value: '1' },
    ],
    ['no name', { in: ['a'] }, { code: 'missing_field', field: 'where.attribute' }],
    ['more than eight levels', nested(8), { code: 'invalid_value', field: `where${'.not'.repeat(8)}` }],
    ['endless depth', JSON.parse(`${'{"not":'.repeat(5000)}1${'}'.repeat(5000)}`), { code: 'invalid_value' }],
    ['more than 64 nodes', { or: Array(64).fill(nested(0)) }, { code: 'invalid_value', field: 'where.or[63]' }],
    [
      'more than 500 values',
      { or: Array(6).fill({ attribute: 'a', in: Array(90).fill('b') }) },
      { code: 'invalid_value', field: 'where.or[5]' },
    ],
  ]
  it.each(refused)('refuses %s', (_, where, fault) => {
    expect(() => checkCondition(where, 'where')).toThrow(expect.objectContaining(fault))
  })

  it('lets a deep and wide expression through', () => {
    expect(() => checkCondition(nested(7), 'where')).not.toThrow()
  })
})
