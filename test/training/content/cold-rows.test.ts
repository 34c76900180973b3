import fc from 'fast-check'
import { expect, test } from 'vitest'
import { coldRows, fade } from '../../../training/content/cold-rows.ts'
import { emptyRows } from '../../../training/sparse.ts'
import { csrOf, dense, rowOf } from './matrices.ts'

const N = 7

function naive(base: number[][], content: number[][], interactions: number[], added: number): number[][] {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const filled = base.flat().filter((value) => value !== 0)
  const overall = filled.length === 0 ? 1 : mean(filled)
  return base.map((row, source) => {
    const own = row.filter((value) => value !== 0)
    const typical = own.length === 0 ? overall : mean(own)
    const edges = row
      .map((_, target) => ({
        target,
        weight: 0.5 * content[target][source] * typical * Math.max(0, 1 - interactions[target] / 4),
      }))
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight || a.target - b.target)
      .slice(0, added)
    return row.map((_, target) => edges.find((edge) => edge.target === target)?.weight ?? 0)
  })
}

const square = dense({ min: N, max: N }, N)
const shop = fc.record({
  base: square,
  content: square,
  interactions: fc.array(fc.nat(6), { minLength: N, maxLength: N }),
  added: fc.integer({ min: 1, max: N }),
})

test('keeps the strongest faded edges of each source, as the definition does', () => {
  fc.assert(
    fc.property(shop, ({ base, content, interactions, added }) => {
      const expected = naive(base, content, interactions, added)
      const parameters = { interactions: Uint32Array.from(interactions), strength: 0.5, enough: 4, added }
      const found = coldRows(csrOf(base, N), csrOf(content, N), parameters)
      expected.forEach((row, source) => {
        const listed = rowOf(found, source)
        expect(listed.map(({ col }) => col)).toEqual(row.flatMap((value, col) => (value === 0 ? [] : [col])))
        for (const { col, value } of listed) expect(value).toBeCloseTo(row[col], 5)
        expect(listed.length).toBeLessThanOrEqual(added)
      })
    }),
    { seed: 47, numRuns: 200 },
  )
})

test('an item with enough interactions gets nothing, a new one everything', () => {
  expect([0, 5, 10, 11].map((n) => fade(n, 10))).toEqual([1, 0.5, 0, 0])
})

test('a shop without a single row still links its items by content', () => {
  const content = csrOf(
    [
      [0, 0.5],
      [0, 0],
    ],
    2,
  )
  const parameters = { interactions: Uint32Array.of(0, 0), strength: 2, enough: 4, added: 5 }
  expect(rowOf(coldRows(emptyRows(2), content, parameters), 1)).toEqual([{ col: 0, value: 1 }])
})
