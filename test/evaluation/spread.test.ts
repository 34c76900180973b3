import { describe, expect, it } from 'vitest'
import { meanIntervals } from '../../core/evaluation/bootstrap.ts'
import { Spread } from '../../core/evaluation/spread.ts'

/** A linear congruence: the same in every run. */
function uniforms(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('the bootstrap', () => {
  const options = { resamples: 2000, level: 0.95, uniform: uniforms() }

  it('is as wide as the normal interval of a share', () => {
    const hits = Array.from({ length: 1000 }, (_, i) => (i % 10 < 3 ? 1 : 0))
    const [{ low, high }] = meanIntervals([hits], options)
    const halfWidth = 1.96 * Math.sqrt((0.3 * 0.7) / 1000)
    expect(Math.abs(low - (0.3 - halfWidth))).toBeLessThan(0.004)
    expect(Math.abs(high - (0.3 + halfWidth))).toBeLessThan(0.004)
  })

  it('has no width where all values are equal', () => {
    expect(meanIntervals([[2, 2, 2]], options)).toEqual([{ low: 2, high: 2 }])
  })

  it('draws the same shoppers for every series', () => {
    const [a, b] = meanIntervals(
      [
        [1, 2, 3, 4],
        [2, 4, 6, 8],
      ],
      options,
    )
    expect([b.low, b.high]).toEqual([2 * a.low, 2 * a.high])
  })
})

describe('the spread of lists', () => {
  it('counts items shown anywhere, and the bits an item is worth', () => {
    const spread = new Spread(2, [0.5, 0.25, 0.125, 0], 1 / 16)
    spread.add([0, 1, 2])
    spread.add([1, 3])
    spread.add([])
    expect(spread.coverage()).toBe(3 / 4)
    expect(spread.novelty).toEqual([1.5, 3, 0])
  })
})
