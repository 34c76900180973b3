/** Shoppers known before a cut who bought something after it: what they had not bought before, or anything. */
import { type Dataset, firstAtOrAfter } from '../dataset.ts'
import { NO_INDEX } from '../duckdb.ts'
import { PURCHASE } from '../elasticity.ts'

export interface HeldOutCase {
  shopper: number
  /** Before the cut. */
  bought: Set<number>
  /** What the shopper bought after the cut; with `repurchase` also what was bought before. */
  relevant: Set<number>
}

export function casesAfter({ table }: Dataset, cut: number, repurchase = false): HeldOutCase[] {
  const known = new Map<number, HeldOutCase>()
  const end = firstAtOrAfter(table.timeMs, cut)
  for (let e = 0; e < table.length; e++) {
    const shopper = table.shopper[e]
    if (shopper === NO_INDEX) continue
    const found = known.get(shopper)
    if (e < end) {
      const own = found ?? { shopper, bought: new Set(), relevant: new Set() }
      if (!found) known.set(shopper, own)
      if (table.kind[e] === PURCHASE) own.bought.add(table.item[e])
    } else if (found && table.kind[e] === PURCHASE && (repurchase || !found.bought.has(table.item[e]))) {
      found.relevant.add(table.item[e])
    }
  }
  return [...known.values()].filter(({ relevant }) => relevant.size > 0)
}
