/**
 * Shrinkage towards two memberships at once, an item's category and its brand, which cut across each other:
 *
 *   b_i ~ N(θ_i, s_i²),   θ_i ~ N(μ_category + β_brand, τ²),   β ~ N(0, τ_β²)
 *
 * Categories and brands are estimated in turn from what the other leaves over (backfitting: Breiman, Friedman, JASA 80, 1985),
 * each by `shrink`. Brands that are no more alike than chance makes them get τ_β = 0 and change nothing.
 */
import { combine, type Estimate, type Shrunk, shrink } from './shrinkage.ts'

const ROUNDS = 3
/** A brand's effect is what it differs from its categories by: on the average it is 0. */
const NO_EFFECT: Estimate = { mean: 0, variance: 1e-9 }

/** Membership of each item in groups below `count`. */
export interface Membership {
  groupOf: ArrayLike<number>
  count: number
}

export interface CrossShrunk extends Shrunk {
  betweenBrands: number
}

export function shrinkCrossed(
  estimates: (Estimate | null)[],
  category: Membership,
  brand: Membership,
  prior: Estimate,
): CrossShrunk {
  let effects = Array.from({ length: brand.count }, (): Estimate => ({ mean: 0, variance: 0 }))
  let byCategory = shrink(estimates, category.groupOf, category.count, prior)
  let betweenBrands = 0
  for (let round = 0; round < ROUNDS; round++) {
    const over = without(estimates, byCategory.groups, category.groupOf)
    const byBrand = shrink(widened(over, byCategory.withinGroups), brand.groupOf, brand.count, NO_EFFECT)
    betweenBrands = byBrand.betweenGroups
    if (betweenBrands === 0) return { ...shrink(estimates, category.groupOf, category.count, prior), betweenBrands }
    effects = byBrand.groups
    byCategory = shrink(without(estimates, effects, brand.groupOf), category.groupOf, category.count, prior)
  }
  const items = estimates.map((estimate, i) => {
    const own = byCategory.groups[category.groupOf[i]]
    const effect = effects[brand.groupOf[i]]
    const variance = own.variance + effect.variance + byCategory.withinGroups
    return combine(estimate, { mean: own.mean + effect.mean, variance })
  })
  return { ...byCategory, items, betweenBrands }
}

function without(estimates: (Estimate | null)[], means: Estimate[], groupOf: ArrayLike<number>): (Estimate | null)[] {
  return estimates.map(
    (estimate, i) => estimate && { mean: estimate.mean - means[groupOf[i]].mean, variance: estimate.variance },
  )
}

/** Items differ within their brand as within their category: only what goes beyond that is the brand's. */
function widened(estimates: (Estimate | null)[], by: number): (Estimate | null)[] {
  return estimates.map((estimate) => estimate && { mean: estimate.mean, variance: estimate.variance + by })
}
