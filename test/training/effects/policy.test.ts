import fc from 'fast-check'
import { expect, it } from 'vitest'
import { allocate } from '../../../training/effects/policy.ts'

const value = fc.double({ min: 0, max: 1, noNaN: true })

it('spends exactly the budget where it binds, and nobody gets less than one arm', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (rows, budget) => {
        const costs = [0, 0.5, 1]
        const predicted = costs.map((_, arm) => Float64Array.from(rows, (row) => row[arm]))
        const policy = allocate(predicted, costs, budget)
        const mean = rows.reduce((sum, _, i) => sum + costs.reduce((cost, c, arm) => cost + c * policy[arm][i], 0), 0)
        expect(mean / rows.length).toBeLessThanOrEqual(budget + 1e-9)
        rows.forEach((_, i) => {
          expect(policy.reduce((sum, column) => sum + column[i], 0)).toBeCloseTo(1, 12)
        })
      },
    ),
    { seed: 3, numRuns: 300 },
  )
})

it('is the best mix of two arms where all customers are alike', () => {
  const column = (v: number) => new Float64Array(8).fill(v)
  const policy = allocate([column(0), column(0.4), column(0.5)], [0, 0.5, 1], 0.25)
  expect(policy.map((arm) => arm[0])).toEqual([0.5, 0.5, 0])
})
