import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { solveByHighs } from '../../../bench/allocate/highs.ts'
import { type DualSolution, solveDual } from '../../../training/allocation/dual.ts'
import { type AllocationInstance, addUses, dualValue } from '../../../training/allocation/instance.ts'
import { bestWhole, randomInstance, usesOf } from './instances.ts'

const seeds = fc.integer({ min: 0, max: 1e6 })
const shapes = fc.record({
  requests: fc.integer({ min: 1, max: 40 }),
  actions: fc.integer({ min: 1, max: 6 }),
  resources: fc.integer({ min: 1, max: 6 }),
  uses: fc.integer({ min: 0, max: 4 }),
  budgetShare: fc.constantFrom(0, 0.1, 0.25, 0.6, 1, 2),
  whole: fc.constantFrom(0, 0, 2),
  signed: fc.boolean(),
})

function usesAtSolution(instance: AllocationInstance, { choice, split }: DualSolution): Float64Array {
  const used = usesOf(instance, choice)
  for (const { request, action, share } of split) {
    addUses(instance, action, share, used)
    addUses(instance, choice[request], -share, used)
  }
  return used
}

describe('several resources', () => {
  it('are worth what HiGHS finds, with ties, slack, empty budgets and uses below 0', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, shapes, async (seed, shape) => {
        const instance = randomInstance(seed, shape)
        const ours = solveDual(instance)
        const theirs = await solveByHighs(instance)
        expect(Math.abs(ours.bound - theirs.objective)).toBeLessThan(1e-6 * (1 + Math.abs(theirs.objective)))
      }),
      { seed: 3, numRuns: 60 },
    )
  }, 60_000)

  it('are allocated so that shares are shares, no budget is passed, and what has a price is used up', () => {
    fc.assert(
      fc.property(seeds, shapes, (seed, shape) => {
        const instance = randomInstance(seed, shape)
        const solution = solveDual(instance)
        const used = usesAtSolution(instance, solution)
        expect(solution.objective).not.toBeNull()
        expect(Math.abs((solution.objective ?? 0) - solution.bound)).toBeLessThan(1e-6 * (1 + solution.bound))
        for (const { share } of solution.split) expect(share).toBeGreaterThan(-1e-6)
        for (const [m, budget] of instance.budget.entries()) {
          expect(used[m]).toBeLessThan(budget + 1e-6 * (1 + budget))
          if (solution.dualPrices[m] > 1e-6) expect(used[m]).toBeGreaterThan(budget - 1e-6 * (1 + budget))
        }
      }),
      { seed: 4, numRuns: 500 },
    )
  })

  it('are bounded by the dual at any prices, and by the whole choices from below', () => {
    const prices = fc.array(fc.double({ min: 0, max: 5, noNaN: true }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(seeds, prices, (seed, anyPrices) => {
        const shape = { requests: 5, actions: 3, resources: 3, uses: 2, budgetShare: 0.4 }
        const instance = randomInstance(seed, shape)
        const { bound } = solveDual(instance)
        expect(bound).toBeLessThanOrEqual(dualValue(instance, Float64Array.from(anyPrices)) + 1e-9)
        expect(bound).toBeGreaterThanOrEqual(bestWhole(instance) - 1e-9)
      }),
      { seed: 5, numRuns: 200 },
    )
  })

  it('have the prices that HiGHS finds, at a thousand requests of 24 actions under 16 constraints', async () => {
    const shape = { requests: 1000, actions: 24, resources: 16, uses: 2, budgetShare: 0.25 }
    const instance = randomInstance(6, shape)
    const ours = solveDual(instance)
    const theirs = await solveByHighs(instance)
    expect(Math.abs(ours.bound / theirs.objective - 1)).toBeLessThan(1e-9)
    for (const [m, price] of theirs.dualPrices.entries()) expect(ours.dualPrices[m]).toBeCloseTo(price, 6)
  })

  it('have equal prices, to the bit, for equal instances', () => {
    const shape = { requests: 3000, actions: 6, resources: 5, uses: 2, budgetShare: 0.3 }
    const [once, again] = [1, 2].map(() => solveDual(randomInstance(8, shape)))
    expect([...once.dualPrices]).toEqual([...again.dualPrices])
    expect(once.split).toEqual(again.split)
  })
})
