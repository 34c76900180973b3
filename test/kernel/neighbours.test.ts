import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { type Matrix, matrix, placeMatrix, positiveWeight, rowOf, transpose } from './matrices.ts'

const { fround } = Math
const UNTOUCHED = 0x8000_0000
const NOBODY = 0xffff_ffff

interface Asked {
  /** Rows × items; the order of a row's items is a permutation of its own, newest first. */
  rows: Matrix
  order: number[][]
  items: number[]
  weights: number[]
  rowWeight: number[]
  itemScale: number[]
  weighted: boolean
  recent: number
  neighbours: number
  skip: number
  match: number[]
  distance: number[]
  earlier: number
}

const asked: fc.Arbitrary<Asked> = matrix({ rows: 15, cols: 12 }, positiveWeight).chain((rows) =>
  fc.record({
    rows: fc.constant(rows),
    order: fc.tuple(...Array.from({ length: rows.nRows }, (_, r) => shuffled(rowOf(rows, r).map(([item]) => item)))),
    items: fc.uniqueArray(fc.nat(rows.nCols - 1), { maxLength: 8 }),
    weights: fc.array(positiveWeight, { minLength: 8, maxLength: 8 }),
    rowWeight: fc.array(fc.oneof(positiveWeight, fc.constant(0)), { minLength: 15, maxLength: 15 }),
    itemScale: fc.array(positiveWeight, { minLength: 12, maxLength: 12 }),
    weighted: fc.boolean(),
    recent: fc.integer({ min: 1, max: 16 }),
    neighbours: fc.integer({ min: 1, max: 16 }),
    skip: fc.oneof(fc.nat(14), fc.constant(NOBODY)),
    match: fc.array(positiveWeight, { minLength: 1, maxLength: 4 }),
    distance: fc.array(positiveWeight, { minLength: 1, maxLength: 4 }),
    earlier: fc.oneof(positiveWeight, fc.constant(1)),
  }),
)

function shuffled(items: number[]): fc.Arbitrary<number[]> {
  return fc.shuffledSubarray(items, { minLength: items.length })
}

interface Neighbour {
  row: number
  similarity: number
  place: number
}

function naiveNearest(q: Asked): Neighbour[] {
  const found: Neighbour[] = []
  for (let row = 0; row < q.rows.nRows; row++) {
    const held = new Map(rowOf(q.rows, row))
    const places = q.items.flatMap((item, place) => (held.has(item) ? [place] : []))
    if (places.length === 0) continue
    const sum = places.reduce((total, place) => {
      const data = q.weighted ? (held.get(q.items[place]) ?? 0) : 1
      return fround(total + fround(q.weights[place] * data))
    }, 0)
    found.push({ row, similarity: q.weighted ? fround(sum * q.rowWeight[row]) : sum, place: places[0] })
  }
  return found
    .slice(0, q.recent)
    .filter(({ row, similarity }) => row !== q.skip && similarity > 0)
    .sort((a, b) => b.similarity - a.similarity || a.row - b.row)
    .slice(0, q.neighbours)
}

function naiveSums(q: Asked, neighbours: Neighbour[], weight: number): Map<number, number> {
  const sums = new Map<number, number>()
  for (const { row, similarity, place } of neighbours) {
    const held = new Map(rowOf(q.rows, row))
    const matched = q.order[row].indexOf(q.items[place])
    const factor = fround(fround(weight * similarity) * (q.match[place] ?? q.match.at(-1)))
    q.order[row].forEach((item, position) => {
      const apart = Math.abs(position - matched)
      let value = fround(factor * (q.distance[apart] ?? q.distance.at(-1)))
      if (position > matched) value = fround(value * q.earlier)
      if (q.weighted) value = fround(value * (held.get(item) ?? 0))
      if (q.weighted) value = fround(value * q.itemScale[item])
      sums.set(item, fround((sums.get(item) ?? 0) + value))
    })
  }
  return sums
}

describe.each(BUILDS)('neighbourhoods, %s build', (build) => {
  const arena = new Arena(build)
  const { kernel } = arena

  function place(q: Asked) {
    arena.reset()
    const postings = placeMatrix(arena, transpose(q.rows))
    const inOrder = q.order.map((items, row) => {
      const held = new Map(rowOf(q.rows, row))
      return items.map((item): [number, number] => [item, held.get(item) ?? 0])
    })
    const rowSums = arena.room(q.rows.nRows * 4)
    kernel.fillUntouched(rowSums, q.rows.nRows)
    const itemSums = arena.room(q.rows.nCols * 4)
    kernel.fillUntouched(itemSums, q.rows.nCols)
    return {
      postings,
      rowSums,
      itemSums,
      rowIndptr: arena.u32(q.rows.indptr),
      rowItems: arena.u32(inOrder.flat().map(([item]) => item)),
      rowData: q.weighted ? arena.f32(inOrder.flat().map(([, data]) => data)) : 0,
      rowWeight: q.weighted ? arena.f32(q.rowWeight) : 0,
      itemScale: q.weighted ? arena.f32(q.itemScale) : 0,
      items: arena.u32(q.items),
      weights: arena.f32(q.weights.slice(0, q.items.length)),
      touchedRows: arena.room(q.rows.nRows * 4),
      touchedItems: arena.room(q.rows.nCols * 4),
      ends: arena.room(q.items.length * 4),
      match: arena.f32(q.match),
      distance: arena.f32(q.distance),
      outRows: arena.room(q.neighbours * 4),
      outSimilarities: arena.room(q.neighbours * 4),
      outPlaces: arena.room(q.neighbours * 4),
    }
  }

  function nearest(q: Asked, at: ReturnType<typeof place>): number {
    const itemData = q.weighted ? at.postings.data : 0
    return kernel.nearestRows(
      ...([at.items, at.weights, q.items.length, at.postings.indptr, at.postings.indices, itemData] as const),
      ...([at.rowWeight, q.recent, q.neighbours, q.skip, at.rowSums, at.touchedRows, at.ends] as const),
      ...([at.outRows, at.outSimilarities, at.outPlaces] as const),
    )
  }

  function add(q: Asked, at: ReturnType<typeof place>, n: number, weight: number, nTouched: number): number {
    return kernel.addNeighbours(
      ...([at.outRows, at.outSimilarities, at.outPlaces, n, at.items] as const),
      ...([at.match, q.match.length, at.distance, q.distance.length, q.earlier] as const),
      ...([at.rowIndptr, at.rowItems, at.rowData, at.itemScale, weight] as const),
      ...([at.itemSums, at.touchedItems, nTouched] as const),
    )
  }

  it('are the most similar of the most recent rows, as a naive search finds them', () => {
    fc.assert(
      fc.property(asked, (q) => {
        const at = place(q)
        const n = nearest(q, at)
        const expected = naiveNearest(q)
        expect(arena.readU32(at.outRows, n)).toEqual(expected.map(({ row }) => row))
        expect(arena.readF32(at.outSimilarities, n)).toEqual(expected.map(({ similarity }) => similarity))
        expect(arena.readU32(at.outPlaces, n)).toEqual(expected.map((found) => found.place))
      }),
      SEEDED,
    )
  })

  it('leave the row sums untouched', () => {
    fc.assert(
      fc.property(asked, (q) => {
        const at = place(q)
        nearest(q, at)
        expect(arena.readU32(at.rowSums, q.rows.nRows)).toEqual(Array(q.rows.nRows).fill(UNTOUCHED))
      }),
      SEEDED,
    )
  })

  it('add what their rows hold, equal to a naive sum to the bit', () => {
    fc.assert(
      fc.property(asked, positiveWeight, (q, weight) => {
        const at = place(q)
        const touched = add(q, at, nearest(q, at), weight, 0)
        const sums = naiveSums(q, naiveNearest(q), weight)
        const untouched = -0
        expect(arena.readU32(at.touchedItems, touched)).toEqual([...sums.keys()])
        expect(arena.readF32(at.itemSums, q.rows.nCols)).toEqual(
          Array.from({ length: q.rows.nCols }, (_, item) => sums.get(item) ?? untouched),
        )
      }),
      SEEDED,
    )
  })

  it('list an item once, however many calls reach it', () => {
    fc.assert(
      fc.property(asked, (q) => {
        const at = place(q)
        const n = nearest(q, at)
        const touched = add(q, at, n, 1, 0)
        expect(add(q, at, n, 1, touched)).toBe(touched)
      }),
      SEEDED,
    )
  })

  it('name the first row that holds an item', () => {
    fc.assert(
      fc.property(asked, fc.nat(11), (q, item) => {
        const at = place(q)
        const n = nearest(q, at)
        expect(kernel.firstHolding(at.outRows, n, at.rowIndptr, at.rowItems, item)).toBe(
          naiveNearest(q).findIndex(({ row }) => q.order[row].includes(item)),
        )
      }),
      SEEDED,
    )
  })
})
