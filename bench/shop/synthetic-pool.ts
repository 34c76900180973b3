/** Requests at the synthetic shop: its keys tell their positions, and what goes together is one group's. */
import type { Random } from '../random.ts'
import { type RequestPool, SHOPPER_EXPONENT } from '../request-pool.ts'
import { itemKey, shopperKey } from './tables.ts'
import { Taste } from './taste.ts'

export function syntheticPool({ items, shoppers }: { items: number; shoppers: number }, random: Random): RequestPool {
  const taste = new Taste(items, random)
  const distinct = (count: number, draw: () => number) => {
    const drawn = new Set<number>()
    while (drawn.size < count) drawn.add(draw())
    return [...drawn].map(itemKey)
  }
  return {
    shopper: () => shopperKey(random.zipf(shoppers, SHOPPER_EXPONENT)),
    visit(count) {
      const group = random.below(taste.nGroups)
      return distinct(count, () => taste.itemNear(group))
    },
    popular: (count) => distinct(count, () => taste.popularItem()),
  }
}
