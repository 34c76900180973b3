import { expect, it } from 'vitest'
import { benchResponses, renderResponses } from '../../bench/responses/responses.ts'

it('learns from as many choices as visits logged, and compares with the same later traffic', async () => {
  const options = { items: 300, shoppers: 500, events: 20_000, visits: 3, explore: 0.02, seeds: 1, seed: 4 }
  const report = await benchResponses(options, () => {})
  const [{ impressions, priceAlone, learned, bestFixed }] = report.runs
  // Six slots a visit, of which some are hold-out or closed.
  expect(impressions).toBeGreaterThan(0.7 * 500 * 3 * 6)
  expect(impressions).toBeLessThanOrEqual(500 * 3 * 6)
  expect([priceAlone.policy, learned.policy]).toEqual(['ours', 'ours'])
  expect(bestFixed.policy).toMatch(/^everyone \d+ %$/)
  expect(renderResponses(report).split('\n')).toHaveLength(3)
})
