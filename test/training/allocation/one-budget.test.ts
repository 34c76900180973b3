import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { solveByHighs } from '../../../bench/allocate/highs.ts'
import { type AllocationInstance, dualValue } from '../../../training/allocation/instance.ts'
import { solveOneBudget } from '../../../training/allocation/one-budget.ts'
import { bestWhole, leastDual, randomInstance } from './instances.ts'

/** Requests as lists of [value, use]. */
function instanceOf(requests: [number, number][][], budget: number): AllocationInstance {
  const actions = requests.flat()
  return {
    actionStart: Uint32Array.from([0, ...requests.map((_, r) => requests.slice(0, r + 1).flat().length)]),
    value: Float64Array.from(actions, ([value]) => value),
    useStart: Uint32Array.from([...actions, null], (_, a) => a),
    resource: new Uint32Array(actions.length),
    use: Float64Array.from(actions, ([, use]) => use),
    budget: Float64Array.of(budget),
  }
}

const seeds = fc.integer({ min: 0, max: 1e6 })
const shares = fc.constantFrom(0, 0.1, 0.25, 0.5, 0.9, 1, 1.5)
const tiny = { requests: 6, actions: 3, resources: 1, uses: 1 }

describe('one budget', () => {
  // Gains of value for use, best first: A 6/2 = 3, B 4/2 = 2, then A from 2 to 5 units 3/3 = 1.
  const hand: [number, number][][] = [
    [
      [6, 2],
      [9, 5],
    ],
    [
      [4, 2],
      [4.5, 9],
    ],
  ]

  it('is spent where a unit brings most, as worked out by hand', () => {
    expect(solveOneBudget(instanceOf(hand, 5.5))).toEqual({
      dualPrice: 1,
      lowest: 1,
      highest: 1,
      objective: 11.5,
      marginal: { request: 0, from: 1, to: 0, share: 0.5 },
    })
  })

  it('that ends between two gains has every price between them', () => {
    expect(solveOneBudget(instanceOf(hand, 4))).toMatchObject({ lowest: 1, highest: 2, objective: 10 })
  })

  it('that suffices has no price', () => {
    expect(solveOneBudget(instanceOf(hand, 20))).toEqual({
      dualPrice: 0,
      lowest: 0,
      highest: 0,
      objective: 13.5,
      marginal: null,
    })
  })

  it('of nothing lets nothing through', () => {
    expect(solveOneBudget(instanceOf(hand, 0))).toMatchObject({ dualPrice: 3, objective: 0 })
  })

  it('is worth the least of the dual over every price at which two actions tie', () => {
    fc.assert(
      fc.property(seeds, shares, fc.boolean(), fc.constantFrom(0, 3), (seed, budgetShare, signed, whole) => {
        const instance = randomInstance(seed, { ...tiny, requests: 12, budgetShare, signed, whole })
        const { objective, dualPrice, lowest, highest } = solveOneBudget(instance)
        expect(objective).toBeCloseTo(leastDual(instance), 9)
        expect(lowest).toBe(dualPrice)
        if (highest < Number.POSITIVE_INFINITY)
          expect(dualValue(instance, Float64Array.of(highest))).toBeCloseTo(objective, 9)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('is worth no less than any whole choice, and more by at most one request', () => {
    fc.assert(
      fc.property(seeds, shares, (seed, budgetShare) => {
        const instance = randomInstance(seed, { ...tiny, budgetShare })
        const whole = bestWhole(instance)
        const { objective } = solveOneBudget(instance)
        expect(objective).toBeGreaterThanOrEqual(whole - 1e-9)
        expect(objective - whole).toBeLessThanOrEqual(Math.max(0, ...instance.value) + 1e-9)
      }),
      { seed: 2, numRuns: 200 },
    )
  })

  it('has the price and the worth that HiGHS finds, at two thousand requests', async () => {
    const instance = randomInstance(7, { requests: 2000, actions: 4, resources: 1, uses: 1, budgetShare: 0.25 })
    const ours = solveOneBudget(instance)
    const theirs = await solveByHighs(instance)
    expect(Math.abs(ours.objective / theirs.objective - 1)).toBeLessThan(1e-10)
    expect(theirs.dualPrices[0]).toBeGreaterThan(ours.lowest - 1e-8)
    expect(theirs.dualPrices[0]).toBeLessThan(ours.highest + 1e-8)
  })
})
