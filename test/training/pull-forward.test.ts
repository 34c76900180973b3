import { describe, expect, test } from 'vitest'
import { pullForward, type WeeklySales } from '../../training/pull-forward.ts'
import { poisson, Random } from '../../training/simulation/random.ts'

const ELASTICITY = -3
const DEPTH = Math.log(0.8)

/** An item discounted every ninth week; `share` of what the discount sells is missing over the four weeks after. */
function itemSales(share: number, draw: (mean: number, week: number) => number): WeeklySales {
  const weeks = 90
  const level = 20
  const extra = level * (Math.exp(ELASTICITY * DEPTH) - 1)
  const isDiscounted = (week: number) => week % 9 === 4
  const logPrice = Float64Array.from({ length: weeks }, (_, week) => (isDiscounted(week) ? DEPTH : 0))
  const sold = Float64Array.from({ length: weeks }, (_, week) => {
    const isAfter = [1, 2, 3, 4].some((lag) => week >= lag && isDiscounted(week - lag))
    return draw(isDiscounted(week) ? level + extra : level - (isAfter ? (share * extra) / 4 : 0), week)
  })
  return { logPrice, sold, weight: new Float64Array(weeks).fill(1), told: new Uint32Array(weeks).fill(1) }
}

describe('forward buying', () => {
  test('is exactly the share that is missing after discounts', () => {
    for (const share of [0, 0.3, 1])
      expect(pullForward([itemSales(share, (mean) => mean)], [ELASTICITY])?.mean).toBeCloseTo(share, 9)
  })

  test('is found among Poisson sales within its standard error', () => {
    const random = new Random(5)
    const items = Array.from({ length: 60 }, (_, item) =>
      itemSales(0.3, (mean, week) => {
        random.block(1, item, week, 0)
        return poisson(mean, random.uniform(0))
      }),
    )
    const found = pullForward(items, new Float64Array(60).fill(ELASTICITY))
    const se = Math.sqrt(found?.variance ?? 0)
    expect(se).toBeLessThan(0.02)
    expect(Math.abs((found?.mean ?? 0) - 0.3)).toBeLessThan(3 * se)
  })

  test('is not told of items whose price is known in part of their weeks, nor without a discount', () => {
    const sales = itemSales(0.3, (mean) => mean)
    const half = { ...sales, told: sales.told.map((_, week) => week % 2) }
    expect(pullForward([half], [ELASTICITY])).toBeNull()
    expect(pullForward([{ ...sales, logPrice: new Float64Array(90) }], [ELASTICITY])).toBeNull()
    expect(pullForward([], [])).toBeNull()
  })
})
