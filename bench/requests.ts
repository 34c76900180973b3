/** What the shop's visitors ask for: known shoppers by popularity, or sessions that tell their own history. */
import type { DecideRequest } from '../core/contract/requests.ts'
import { Random } from './random.ts'
import type { PublishedShop } from './shop/publish.ts'
import { HISTORY, itemKey, shopperKey } from './shop/tables.ts'
import { Taste } from './shop/taste.ts'

export const SCENARIOS = ['known', 'anonymous'] as const
export type Scenario = (typeof SCENARIOS)[number]

export const SLOTS = 10
const SHOPPER_EXPONENT = 0.8

/** `count` requests; known shoppers are drawn again and again, the frequent ones more often. */
export function visitorRequests(shop: PublishedShop, scenario: Scenario, count: number, seed: number): DecideRequest[] {
  const random = new Random(seed)
  const taste = new Taste(shop.items, random)
  return Array.from({ length: count }, (_, i) =>
    scenario === 'known'
      ? { shopper: shopperKey(random.zipf(shop.shoppers, SHOPPER_EXPONENT)), slots: SLOTS }
      : { session: `session-${i}`, slots: SLOTS, history: sessionHistory(taste, random) },
  )
}

function sessionHistory(taste: Taste, random: Random): DecideRequest['history'] {
  const group = random.below(taste.nGroups)
  const items = new Set<number>()
  while (items.size < HISTORY) items.add(taste.itemNear(group))
  return [...items].map((item) => ({ item: itemKey(item) }))
}
