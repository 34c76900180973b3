import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bootstrapMeans } from '../../core/evaluation/bootstrap.ts'
import { RankingTally } from '../../core/evaluation/tally.ts'

test('lists count the same, whatever their segment; coverage and novelty are of what was shown', () => {
  const tally = new RankingTally(2, Float64Array.of(0, 0.5, 0.25, 0.125), (item) => (item < 0 ? 'new' : 'old'))
  tally.add([1, 2, 3], new Set([1]), 'a')
  tally.add([1, 3], new Set([-1]), 'b')
  const report = tally.report(1)
  expect(report).toMatchObject({
    lists: 2,
    recall: 0.5,
    ndcg: 0.5,
    mrr: 0.5,
    hitRate: 0.5,
    coverage: 0.75,
    novelty: 1.75,
  })
  expect(report.segments).toEqual({
    a: { lists: 1, recall: 1, ndcg: 1, mrr: 1, hitRate: 1 },
    b: { lists: 1, recall: 0, ndcg: 0, mrr: 0, hitRate: 0 },
  })
  expect(report.itemAges).toEqual({ new: { recall: 0, relevant: 1 }, old: { recall: 1, relevant: 1 } })
  expect([...tally.column('recall')]).toEqual([1, 0])
})

test('an interval covers the mean of about 95 of 100 samples, and the same seed tells the same', () => {
  const samples = fc.sample(fc.array(fc.noBias(fc.integer({ min: 0, max: 100 })), { minLength: 80, maxLength: 80 }), {
    seed: 3,
    numRuns: 200,
  })
  const covered = samples.filter((values) => {
    const [[low, high]] = bootstrapMeans([Float64Array.from(values)], 7)
    return low <= 50 && 50 <= high
  })
  expect(covered.length).toBeGreaterThan(176)
  expect(covered.length).toBeLessThan(200)
  const column = Float64Array.from(samples[0])
  expect(bootstrapMeans([column], 7)).toEqual(bootstrapMeans([column], 7))
})
