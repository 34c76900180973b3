import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hitRateAtK, mrrAtK, ndcgAtK, recallAtK } from '../../core/evaluation/ranking.ts'

const lists = fc.record({
  ranked: fc.uniqueArray(fc.nat(30), { maxLength: 20 }),
  relevant: fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 20 }).map((items) => new Set(items)),
  k: fc.integer({ min: 1, max: 25 }),
})

describe('ranking metrics', () => {
  test('equal the values worked out by hand', () => {
    const relevant = new Set([7, 8, 9])
    expect(recallAtK([7, 1, 9], relevant, 3)).toBeCloseTo(2 / 3, 12)
    const ideal = 1 + 1 / Math.log2(3) + 1 / 2
    expect(ndcgAtK([7, 1, 9], relevant, 3)).toBeCloseTo((1 + 1 / 2) / ideal, 12)
    expect(ndcgAtK([1, 7], relevant, 2)).toBeCloseTo(1 / Math.log2(3) / (1 + 1 / Math.log2(3)), 12)
    expect(mrrAtK([1, 2, 8], relevant, 3)).toBeCloseTo(1 / 3, 12)
    expect(mrrAtK([1, 2, 8], relevant, 2)).toBe(0)
    expect(hitRateAtK([1, 2, 8], relevant, 3)).toBe(1)
  })

  test('equal a naive computation over every list', () => {
    fc.assert(
      fc.property(lists, ({ ranked, relevant, k }) => {
        const top = ranked.slice(0, k)
        const hits = top.filter((item) => relevant.has(item))
        expect(recallAtK(ranked, relevant, k)).toBeCloseTo(hits.length / relevant.size, 12)
        const gains = top.map((item, at) => (relevant.has(item) ? 1 / Math.log2(at + 2) : 0))
        const ideal = [...relevant].slice(0, k).map((_, at) => 1 / Math.log2(at + 2))
        const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
        expect(ndcgAtK(ranked, relevant, k)).toBeCloseTo(sum(gains) / sum(ideal), 12)
        const first = top.findIndex((item) => relevant.has(item))
        expect(mrrAtK(ranked, relevant, k)).toBe(first < 0 ? 0 : 1 / (first + 1))
        expect(hitRateAtK(ranked, relevant, k)).toBe(hits.length > 0 ? 1 : 0)
      }),
      { seed: 11 },
    )
  })

  test('are 1 for the perfect list, and moving a hit up never lowers ndcg', () => {
    fc.assert(
      fc.property(lists, ({ ranked, relevant, k }) => {
        expect(ndcgAtK([...relevant], relevant, k)).toBeCloseTo(1, 12)
        const hit = ranked.findIndex((item) => relevant.has(item))
        fc.pre(hit > 0)
        const better = [ranked[hit], ...ranked.filter((_, at) => at !== hit)]
        expect(ndcgAtK(better, relevant, k)).toBeGreaterThanOrEqual(ndcgAtK(ranked, relevant, k) - 1e-12)
      }),
      { seed: 12 },
    )
  })
})
