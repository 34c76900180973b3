import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Random, scatter } from '../../bench/random.ts'
import { quantile } from '../../bench/statistics.ts'

const SEEDED = { seed: 7, numRuns: 200 }

describe('the draws of the benchmarks', () => {
  it('repeat for a seed and stay in range', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 1e7 }), fc.constantFrom(0.5, 0.8, 1.2), (seed, n, exponent) => {
        const draws = (random: Random) => Array.from({ length: 20 }, () => random.zipf(n, exponent))
        const ranks = draws(new Random(seed))
        expect(draws(new Random(seed))).toEqual(ranks)
        expect(ranks.every((rank) => Number.isInteger(rank) && rank >= 0 && rank < n)).toBe(true)
      }),
      SEEDED,
    )
  })

  it('scatter ranks without a collision', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), (n) => {
        const place = scatter(n)
        const places = Array.from({ length: n }, (_, rank) => place(rank))
        expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i))
      }),
      SEEDED,
    )
  })

  it('take quantiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i)
    expect(quantile(hundred, 0.5)).toBe(50)
    expect(quantile(hundred, 0.99)).toBe(99)
    expect(quantile([4], 0.99)).toBe(4)
  })
})
