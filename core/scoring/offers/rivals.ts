/** What an offer on one item can draw from the others of its category in the same answer. */
import type { ItemIndex } from '../../contract/ids.ts'
import { NO_CODE } from '../../snapshot/layout.ts'
import type { Generation } from '../generation.ts'

/**
 * By slot, Σ_j p_j (1 − p_j)(P_j − c_j) over the other items j of its category, in minor units: their margin lost per unit of
 * log-odds. An item without a category has no rivals, one without a known cost stakes nothing.
 */
export function rivalMinors(
  g: Generation,
  items: ArrayLike<ItemIndex>,
  probabilities: ArrayLike<number>,
): Float64Array {
  const { category, costMinor } = g.tables.catalogue
  const stakes = new Float64Array(items.length)
  const byCategory = new Map<number, number>()
  for (let slot = 0; slot < items.length; slot++) {
    const item = items[slot]
    if (category.view[item] === NO_CODE || costMinor.view[item] < 0) continue
    const p = probabilities[slot]
    stakes[slot] = p * (1 - p) * Math.max(0, g.live.priceMinor[item] - costMinor.view[item])
    byCategory.set(category.view[item], (byCategory.get(category.view[item]) ?? 0) + stakes[slot])
  }
  return stakes.map((stake, slot) => (byCategory.get(category.view[items[slot]]) ?? stake) - stake)
}
