import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type MarkdownProblem, planMarkdown, valueHeld, valueOfPolicy } from '../../../training/pricing/markdown.ts'
import { followMarkdown } from '../../../training/pricing/markdown-path.ts'
import { poissonCounts } from '../../../training/pricing/poisson.ts'

const problems: fc.Arbitrary<MarkdownProblem> = fc.record({
  stock: fc.integer({ min: 0, max: 6 }),
  currentMinor: fc.integer({ min: 20, max: 60 }),
  weeklyUnits: fc.array(fc.double({ min: 0, max: 4, noNaN: true }), { minLength: 1, maxLength: 4 }),
  elasticity: fc.double({ min: -5, max: -0.1, noNaN: true }),
  salvageMinor: fc.integer({ min: 0, max: 20 }),
  maxChange: fc.double({ min: 0.05, max: 0.6, noNaN: true }),
  ending: fc.constantFrom('5', '0', '9'),
})

/** The definition, state by state: every price, every demand, no table. */
function bruteForce(problem: MarkdownProblem, week: number, pieces: number, standing: number): number {
  const { currentMinor, weeklyUnits, elasticity, salvageMinor, maxChange, ending } = problem
  if (week === weeklyUnits.length || pieces === 0) return pieces * salvageMinor
  let best = 0
  for (let price = standing; price >= standing * (1 - maxChange) && price >= salvageMinor && price > 0; price--) {
    if (price !== standing && !String(price).endsWith(ending)) continue
    const mean = weeklyUnits[week] * (price / currentMinor) ** elasticity
    let gain = 0
    let chance = Math.exp(-mean)
    let rest = 1
    for (let sold = 0; sold < pieces; sold++) {
      gain += chance * (price * sold + bruteForce(problem, week + 1, pieces - sold, price))
      rest -= chance
      chance *= mean / (sold + 1)
    }
    gain += rest * price * pieces
    best = Math.max(best, gain)
  }
  return best
}

describe('a markdown plan', () => {
  test('is worth what brute force over every course of prices and sales finds', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        fc.pre(problem.currentMinor >= problem.salvageMinor)
        const { valueMinor } = planMarkdown(problem)
        expect(valueMinor).toBeCloseTo(bruteForce(problem, 0, problem.stock, problem.currentMinor), 6)
      }),
      { seed: 81, numRuns: 60 },
    )
  })

  test('only lowers prices, by no more than a step, to price points that salvage does not beat', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { prices, choices } = planMarkdown(problem)
        const states = problem.stock + 1
        for (const week of choices)
          prices.forEach((standing, j) => {
            for (let pieces = 0; pieces < states; pieces++) {
              const price = prices[week[j * states + pieces]]
              expect(price).toBeLessThanOrEqual(standing)
              expect(price).toBeGreaterThanOrEqual(standing * (1 - problem.maxChange))
              if (price === problem.currentMinor) continue
              expect(String(price).endsWith(problem.ending)).toBe(true)
              expect(price).toBeGreaterThanOrEqual(problem.salvageMinor)
            }
          })
      }),
      { seed: 82, numRuns: 100 },
    )
  })

  test('is worth the same when its policy is followed, week by week and on the whole', () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const policy = planMarkdown(problem)
        expect(valueOfPolicy(problem, policy)).toBeCloseTo(policy.valueMinor, 9)
        expect(valueHeld(problem)).toBeLessThanOrEqual(policy.valueMinor + 1e-9)
        const path = followMarkdown(problem, policy)
        const revenue = path.reduce((sum, week) => sum + week.expectedRevenueMinor, 0)
        const left = (path.at(-1)?.expectedStockLeft ?? 0) * problem.salvageMinor
        expect(Math.abs(revenue + left - policy.valueMinor)).toBeLessThanOrEqual(0.5 * path.length + 1e-6)
      }),
      { seed: 83, numRuns: 100 },
    )
  })

  test('loses under another demand what it would have won by knowing it', () => {
    const truth: MarkdownProblem = {
      stock: 40,
      currentMinor: 999,
      weeklyUnits: [4, 4, 4, 4, 4, 4],
      elasticity: -3,
      salvageMinor: 100,
      maxChange: 0.2,
      ending: '9',
    }
    const believed = { ...truth, elasticity: -1.1 }
    const best = planMarkdown(truth).valueMinor
    const misled = valueOfPolicy(truth, planMarkdown(believed))
    expect(misled).toBeLessThan(best)
    expect(misled).toBeGreaterThanOrEqual(valueHeld(truth))
  })

  test('refuses a stock that it cannot plan piece by piece', () => {
    const problem = {
      stock: 50_000,
      currentMinor: 999,
      weeklyUnits: [1],
      elasticity: -2,
      salvageMinor: 0,
      maxChange: 0.2,
    }
    expect(() => planMarkdown({ ...problem, ending: '9' })).toThrow(
      expect.objectContaining({ code: 'invalid_value', field: 'stock', value: 50_000 }),
    )
  })
})

test('Poisson counts have the mean and variance of their rate, small or large', () => {
  for (const rate of [0, 1e-9, 0.3, 7, 900, 40_000]) {
    const { first, probabilities } = poissonCounts(rate)
    const moment = (f: (n: number) => number) => probabilities.reduce((sum, p, n) => sum + p * f(first + n), 0)
    expect(moment((n) => n) / (rate || 1)).toBeCloseTo(rate === 0 ? 0 : 1, 9)
    expect(moment((n) => (n - rate) ** 2) / (rate || 1)).toBeCloseTo(rate === 0 ? 0 : 1, 6)
  }
})
