import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import type { RecommendRequest } from '../../core/contract/requests.ts'
import { NO_SOURCE } from '../../core/scoring/blends.ts'
import { type Generation, openGeneration } from '../../core/scoring/generation.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import type { Neighbourhood, SourceWeights } from '../../core/snapshot/manifest.ts'
import { openTinyShop, type TinyNeighbours, type TinyShop } from '../support/tiny-shop.ts'

const USER_BASED: Neighbourhood = {
  items: 200,
  recent: 1000,
  neighbours: 3,
  place: 'events',
  match: [1],
  distance: [1],
  earlier: 1,
  cosine: true,
}

const itemsNamed = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `item-${String(i).padStart(2, '0')}` }))
const bought = (items: number[]) => items.map((item) => ({ item, kind: 'purchase' as const }))

async function open(shop: TinyShop): Promise<{ g: Generation; close(): Promise<void> }> {
  const { image, close } = await openTinyShop(shop)
  return { g: openGeneration(image, 0, 'debug'), close }
}

/**
 * Five shoppers and ten items; 1 where the shopper bought the item.
 *
 *            0 1 2 3 4 5 6 7 8 9     ‖r‖
 *   ann      1 1 1                   √3
 *   bob      1 1   1                 √3      cos(ann, bob) = 2 / (√3 √3) = .66667
 *   cat        1 1   1 1             √4      cos(ann, cat) = 2 / (√3 √4) = .57735
 *   dan                  1 1         √2      cos(ann, dan) = 0
 *   eve      1   1     1     1       √4      cos(ann, eve) = 2 / (√3 √4) = .57735
 *
 * ann's three neighbours are bob, cat and eve. r̂(ann, 3) = .66667 (bob); r̂(ann, 4) = .57735 (cat);
 * r̂(ann, 5) = .57735 (cat) + .57735 (eve) = 1.15470; r̂(ann, 8) = .57735 (eve); 6, 7 and 9: nothing.
 */
const FIVE_BY_TEN = [
  [0, 1, 2],
  [0, 1, 3],
  [1, 2, 4, 5],
  [6, 7],
  [0, 2, 5, 8],
]

function fiveByTen(weights: Partial<SourceWeights>): TinyShop {
  const known = { ...NO_SOURCE, ...weights }
  return {
    items: itemsNamed(10),
    shoppers: ['ann', 'bob', 'cat', 'dan', 'eve'].map((key, u) => ({ key, history: bought(FIVE_BY_TEN[u]) })),
    peers: {
      rows: FIVE_BY_TEN.map((items) => items.map((item) => [item, 1])),
      rowWeight: FIVE_BY_TEN.map((items) => 1 / Math.sqrt(items.length)),
    },
    links: [[[3, 0.25]], [], [], [], []],
    model: { peers: USER_BASED, blend: { known, session: known } },
  }
}

function answered(g: Generation, request: RecommendRequest) {
  const { items } = recommend(g, request, emptyLiveShopper())
  return items.map(({ item, score, reasons }): [number, number, string] => [
    Number(item.slice(5)),
    Number(score.toFixed(5)),
    reasons[0].code,
  ])
}

describe('user-based collaborative filtering, five shoppers and ten items', () => {
  it('predicts by hand-computed cosines', async () => {
    const { g, close } = await open(fiveByTen({ peers: 1 }))
    expect(answered(g, { shopper: 'ann', slots: 4 })).toEqual([
      [5, 1.1547, 'similar_shoppers'],
      [3, 0.66667, 'similar_shoppers'],
      [4, 0.57735, 'similar_shoppers'],
      [8, 0.57735, 'similar_shoppers'],
    ])
    await close()
  })

  it('keeps only the nearest: with two neighbours eve, the later of two equals, is left out', async () => {
    const shop = fiveByTen({ peers: 1 })
    const two = { ...USER_BASED, neighbours: 2 }
    const { g, close } = await open({ ...shop, model: { ...shop.model, peers: two } })
    expect(answered(g, { shopper: 'ann', slots: 3 })).toEqual([
      [3, 0.66667, 'similar_shoppers'],
      [4, 0.57735, 'similar_shoppers'],
      [5, 0.57735, 'similar_shoppers'],
    ])
    await close()
  })

  it('counts an anonymous history as a shopper of its own', async () => {
    const { g, close } = await open(fiveByTen({ peers: 1 }))
    const history = [0, 1, 2].map((item) => ({ item: `item-0${item}`, kind: 'purchase' as const }))
    const [first] = answered(g, { history, slots: 1 })
    // ann herself is a neighbour now, of cosine 1, and eve no longer is: 3 from bob, 4 and 5 from cat.
    expect(first).toEqual([3, 0.66667, 'similar_shoppers'])
    await close()
  })

  it('adds what a linked shopper bought, by the weight of the link', async () => {
    const { g, close } = await open(fiveByTen({ peers: 1, links: 1 }))
    expect(answered(g, { shopper: 'ann', slots: 6 }).slice(4)).toEqual([
      [6, 0.25, 'linked_shoppers'],
      [7, 0.25, 'linked_shoppers'],
    ])
    await close()
  })
})

const N_ITEMS = 14
const weights = fc.array(
  fc.integer({ min: 1, max: 8 }).map((n) => n / 8),
  { minLength: 1, maxLength: 5 },
)
const neighbourhood: fc.Arbitrary<Neighbourhood> = fc.record({
  items: fc.integer({ min: 1, max: 10 }),
  recent: fc.integer({ min: 1, max: 15 }),
  neighbours: fc.integer({ min: 1, max: 15 }),
  place: fc.oneof(fc.constant('linear' as const), fc.constant('events' as const), weights),
  match: weights,
  distance: weights,
  earlier: fc.constantFrom(1, 0.5),
  cosine: fc.boolean(),
})
const neighbours = (rows: number): fc.Arbitrary<TinyNeighbours> =>
  fc.record({
    rows: fc.array(
      fc.uniqueArray(fc.tuple(fc.nat(N_ITEMS - 1), fc.constantFrom(0.25, 0.5, 1)), {
        selector: ([item]) => item,
        maxLength: 6,
      }),
      { minLength: rows, maxLength: rows },
    ),
    rowWeight: fc.array(fc.constantFrom(0.25, 0.5, 1), { minLength: rows, maxLength: rows }),
    itemScale: fc.array(fc.constantFrom(0.5, 1, 2), { minLength: N_ITEMS, maxLength: N_ITEMS }),
  })
const shops = fc.record({
  sessions: neighbours(12),
  peers: neighbours(4),
  links: fc.array(fc.array(fc.tuple(fc.nat(3), fc.constantFrom(0.5, 1)), { maxLength: 3 }), {
    minLength: 4,
    maxLength: 4,
  }),
  model: fc.record({ sessions: neighbourhood, peers: neighbourhood }),
  blend: fc.record({
    sessions: fc.constantFrom(0, 1, 2),
    peers: fc.constantFrom(0, 1),
    links: fc.constantFrom(0, 0.5),
  }),
})

const at = (list: number[], i: number) => list[Math.min(i, list.length - 1)]

/** What one neighbourhood adds to each item, by the formula alone. */
function naive(t: TinyNeighbours, p: Neighbourhood, history: number[], skip: number): Float64Array {
  const compared = history.slice(0, p.items)
  const plain = compared.map((_, place) =>
    p.place === 'linear'
      ? (compared.length - place) / compared.length
      : p.place === 'events'
        ? 0.5
        : at(p.place, place),
  )
  const norm = p.cosine ? Math.hypot(...plain) : 1
  const found = t.rows
    .map((row, v) => {
      const places = compared.flatMap((item, place) => (row.some(([held]) => held === item) ? [place] : []))
      const sum = places.reduce(
        (total, place) => total + (plain[place] / norm) * (row.find(([held]) => held === compared[place])?.[1] ?? 0),
        0,
      )
      return { v, row, places, similarity: Math.fround(sum * (t.rowWeight?.[v] ?? 1)) }
    })
    .filter(({ places }) => places.length > 0)
    .slice(0, p.recent)
    .filter(({ v }) => v !== skip)
  return addNaive(nearest(found, p.neighbours), t, p, compared)
}

interface NaiveRow {
  v: number
  row: [number, number][]
  places: number[]
  similarity: number
}

/** Similarities that differ by rounding alone count as equal. */
function nearest(found: NaiveRow[], n: number): NaiveRow[] {
  const rounded = (x: number) => Number(x.toFixed(6))
  return found.sort((a, b) => rounded(b.similarity) - rounded(a.similarity) || a.v - b.v).slice(0, n)
}

function addNaive(found: NaiveRow[], t: TinyNeighbours, p: Neighbourhood, compared: number[]): Float64Array {
  const sums = new Float64Array(N_ITEMS)
  for (const { row, places, similarity } of found) {
    const matched = row.findIndex(([held]) => held === compared[places[0]])
    row.forEach(([item, weight], position) => {
      const direction = position > matched ? p.earlier : 1
      const near = at(p.match, places[0]) * at(p.distance, Math.abs(position - matched)) * direction
      sums[item] += similarity * near * weight * (t.itemScale?.[item] ?? 1)
    })
  }
  return sums
}

describe('neighbourhoods in a score', () => {
  let closing: (() => Promise<void>)[] = []
  beforeAll(() => {
    closing = []
  })
  afterAll(() => Promise.all(closing.map((close) => close())))

  it('equal the formulas, over any tables, parameters and blend', async () => {
    const histories = fc.array(fc.uniqueArray(fc.nat(N_ITEMS - 1), { minLength: 1, maxLength: 8 }), {
      minLength: 8,
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(shops, histories, async ({ sessions, peers, links, model, blend }, asked) => {
        const everywhere = { ...NO_SOURCE, ...blend }
        const { g, close } = await open({
          items: itemsNamed(N_ITEMS),
          shoppers: ['s0', 's1', 's2', 's3'].map((key) => ({ key, history: [] })),
          sessions,
          peers,
          links,
          model: { ...model, blend: { known: everywhere, session: everywhere } },
        })
        closing.push(close)
        for (const [n, history] of asked.entries()) {
          const shopper = n % 5
          const visits = naive(sessions, model.sessions, history, -1)
          const shoppers = naive(peers, model.peers, history, shopper < 4 ? shopper : -1)
          const expected = visits.map((x, i) => blend.sessions * x + blend.peers * shoppers[i])
          for (const [linked, weight] of shopper < 4 ? links[shopper] : [])
            for (const [item, rating] of peers.rows[linked])
              expected[item] += blend.links * weight * rating * (peers.itemScale?.[item] ?? 1)
          const { items } = recommend(
            g,
            {
              shopper: `s${shopper}`,
              history: history.map((i) => ({ item: itemsNamed(N_ITEMS)[i].key })),
              slots: N_ITEMS,
            },
            emptyLiveShopper(),
          )
          expect(items.length).toBe(N_ITEMS)
          for (const { item, score } of items) expect(score).toBeCloseTo(expected[Number(item.slice(5))], 4)
        }
      }),
      { seed: 20_111_112, numRuns: 25 },
    )
  })
})
