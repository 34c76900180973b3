import { describe, expect, test } from 'vitest'
import { shrinkCrossed } from '../../training/crossed-shrinkage.ts'
import { type Estimate, shrink } from '../../training/shrinkage.ts'
import { Random } from '../../training/simulation/random.ts'

const PRIOR = { mean: -2.62, variance: 1 }
const SHOP = { items: 400, categories: 8, brands: 10, error: 0.6 }

/** Items whose truth is −2.6, their category's part, their brand's part and their own, each estimated with an error. */
function drawn(seed: number, brandSd: number) {
  const random = new Random(seed)
  const normal = (a: number, b: number) => {
    random.block(1, a, b, 0)
    return random.normal(0)
  }
  const category = Uint32Array.from({ length: SHOP.items }, (_, i) => i % SHOP.categories)
  const brand = Uint32Array.from({ length: SHOP.items }, (_, i) => Math.floor(i / 7) % SHOP.brands)
  const truth = Array.from(
    { length: SHOP.items },
    (_, i) => -2.6 + 0.5 * normal(1, category[i]) + brandSd * normal(2, brand[i]) + 0.2 * normal(3, i),
  )
  const estimates = truth.map((value, i): Estimate => {
    return { mean: value + SHOP.error * normal(4, i), variance: SHOP.error ** 2 }
  })
  return { category: { groupOf: category, count: 8 }, brand: { groupOf: brand, count: 10 }, truth, estimates }
}

function error(items: Estimate[], truth: number[]): number {
  return Math.sqrt(items.reduce((sum, { mean }, i) => sum + (mean - truth[i]) ** 2, 0) / truth.length)
}

describe('shrinkage to category and brand', () => {
  test('is nearer to the truth than to the category alone where brands differ', () => {
    for (const seed of [1, 2, 3]) {
      const { category, brand, truth, estimates } = drawn(seed, 0.5)
      const crossed = shrinkCrossed(estimates, category, brand, PRIOR)
      const alone = shrink(estimates, category.groupOf, category.count, PRIOR)
      expect(Math.sqrt(crossed.betweenBrands)).toBeGreaterThan(0.2)
      expect(error(crossed.items, truth)).toBeLessThan(0.8 * error(alone.items, truth))
    }
  })

  test('is no worse by more than a hundredth where brands do not differ', () => {
    for (const seed of [4, 5, 6, 7]) {
      const { category, brand, truth, estimates } = drawn(seed, 0)
      const crossed = shrinkCrossed(estimates, category, brand, PRIOR)
      const alone = shrink(estimates, category.groupOf, category.count, PRIOR)
      expect(error(crossed.items, truth)).toBeLessThan(1.01 * error(alone.items, truth))
    }
  })

  test('covers the truth as often as its errors promise', () => {
    const { category, brand, truth, estimates } = drawn(8, 0.5)
    const { items } = shrinkCrossed(estimates, category, brand, PRIOR)
    const covered = items.filter(({ mean, variance }, i) => Math.abs(mean - truth[i]) < 1.96 * Math.sqrt(variance))
    expect(covered.length / truth.length).toBeGreaterThan(0.9)
  })

  test('is that to the category where there is one brand, and fills in what has no estimate', () => {
    const { category, estimates } = drawn(9, 0.5)
    const missing = estimates.map((estimate, i) => (i % 5 === 0 ? null : estimate))
    const one = { groupOf: new Uint32Array(SHOP.items), count: 1 }
    expect(shrinkCrossed(missing, category, one, PRIOR).items).toEqual(
      shrink(missing, category.groupOf, 8, PRIOR).items,
    )
  })
})
