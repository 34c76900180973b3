import fc from 'fast-check'
import { expect, test } from 'vitest'
import { contentNeighbours } from '../../../training/content/neighbours.ts'
import { csrOf, dense, rowOf } from './matrices.ts'

const TERMS = 8

function cosine(a: number[], b: number[]): number {
  const dot = (x: number[], y: number[]) => x.reduce((sum, value, t) => sum + value * y[t], 0)
  const norms = Math.sqrt(dot(a, a) * dot(b, b))
  return norms === 0 ? 0 : dot(a, b) / norms
}

const catalogue = dense({ min: 1, max: 14 }, TERMS).chain((rows) =>
  fc.record({
    rows: fc.constant(rows),
    targets: fc.subarray(rows.map((_, item) => item)),
    sources: fc.subarray(rows.map((_, item) => item)),
    neighbours: fc.integer({ min: 1, max: 5 }),
  }),
)

test('gives targets the most similar sources, as comparing all pairs does', async () => {
  await fc.assert(
    fc.asyncProperty(catalogue, async ({ rows, targets, sources, neighbours }) => {
      const found = await contentNeighbours(csrOf(rows, TERMS), {
        targets: Uint32Array.from(targets),
        sources: Uint32Array.from(sources),
        neighbours,
        threads: 1,
      })
      rows.forEach((row, target) => {
        const listed = rowOf(found, target)
        const all = sources.filter((source) => source !== target).map((source) => cosine(row, rows[source]))
        const best = targets.includes(target) ? all.filter((c) => c > 0).sort((a, b) => b - a) : []
        expect(listed.length).toBe(Math.min(neighbours, best.length))
        listed.forEach(({ col, value }, place) => {
          expect(sources).toContain(col)
          expect(col).not.toBe(target)
          expect(value).toBeCloseTo(cosine(row, rows[col]), 5)
          expect(value).toBeCloseTo(best[place], 5)
        })
      })
    }),
    { seed: 43, numRuns: 25 },
  )
})

test('orders equal items by index, the same on any number of threads', async () => {
  const rows = Array.from({ length: 700 }, (_, item) => Array.from({ length: 6 }, (_, t) => (item % (t + 2) ? 0 : 1)))
  const terms = csrOf(rows, 6)
  const every = Uint32Array.from(rows.keys())
  const parameters = { targets: every, sources: every, neighbours: 4, threads: 1 }
  const one = await contentNeighbours(terms, parameters)
  expect(await contentNeighbours(terms, { ...parameters, threads: 3 })).toEqual(one)
  // The other multiples of 2 that are none of 3, 4, 5 or 7 have the same one term.
  expect(rowOf(one, 2).map(({ col }) => col)).toEqual([22, 26, 34, 38])
})

test('a word of the whole catalogue takes part in the cosine but brings no candidates', async () => {
  // Every item has term 0, which is beyond what may be added up for one target; terms 1 and 2 are rare.
  const rows = Array.from({ length: 20_001 }, (_, item) => [1, item % 5000 === 0 ? 1 : 0, item % 9000 === 0 ? 3 : 0])
  const found = await contentNeighbours(csrOf(rows, 3), {
    targets: Uint32Array.of(0, 1),
    sources: Uint32Array.from(rows.keys()),
    neighbours: 3,
    threads: 2,
  })
  expect(rowOf(found, 0).map(({ col }) => col)).toEqual([9000, 18_000, 5000])
  expect(rowOf(found, 0)[2].value).toBeCloseTo(cosine(rows[0], rows[5000]), 6)
  expect(rowOf(found, 1)).toEqual([])
})
