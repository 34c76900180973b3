/** At what price items were met while what scores tell of them was learned. */
import type { EventTable } from '../dataset.ts'

/** By item, in minor units: the geometric mean over events of the unit price after discounts; 0 where no event told one. */
export function usualPrices(
  { length, item, priceMinor, discountMinor, quantity }: EventTable,
  nItems: number,
): Float32Array {
  const sums = new Float64Array(nItems)
  const counts = new Float64Array(nItems)
  for (let e = 0; e < length; e++) {
    const paid = priceMinor[e] - discountMinor[e] / Math.max(1, quantity[e])
    if (priceMinor[e] < 0 || paid < 1) continue
    sums[item[e]] += Math.log(paid)
    counts[item[e]]++
  }
  return Float32Array.from(sums, (sum, i) => (counts[i] === 0 ? 0 : Math.exp(sum / counts[i])))
}
