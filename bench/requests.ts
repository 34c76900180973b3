/**
 * What the shop's visitors ask for: known shoppers by popularity, sessions that tell their own history, shoppers with a cart
 * just below a spend threshold, and shoppers on a page that filters.
 */
import type { DecideRequest } from '../core/contract/requests.ts'
import { Random } from './random.ts'
import type { PublishedShop } from './shop/publish.ts'
import { CATEGORIES, categoryName, HISTORY, itemKey, shopperKey } from './shop/tables.ts'
import { Taste } from './shop/taste.ts'

/** Those that the naive oracle covers whole. */
export const SCENARIOS = ['known', 'anonymous', 'filters'] as const
export const VISITS = [...SCENARIOS, 'cart'] as const
export type Scenario = (typeof VISITS)[number]

export const SLOTS = 10
const SHOPPER_EXPONENT = 0.8
/** More than a worker keeps evaluated at a million items; some pages are asked for much more often than others. */
const DISTINCT_FILTERS = 256
const FILTER_EXPONENT = 1.2
const FILTER_CATEGORIES = 20
/** The lowest tier of the shop's spend thresholds, and how far below it carts end. */
const THRESHOLD_MINOR = 5000
const CART_LINES = 3
const MOST_MISSING_MINOR = 800

/** `count` requests; known shoppers are drawn again and again, the frequent ones more often. */
export function visitorRequests(shop: PublishedShop, scenario: Scenario, count: number, seed: number): DecideRequest[] {
  const random = new Random(seed)
  const taste = new Taste(shop.items, random)
  const known = () => ({ shopper: shopperKey(random.zipf(shop.shoppers, SHOPPER_EXPONENT)), slots: SLOTS })
  const request: Record<Scenario, (i: number) => DecideRequest> = {
    known,
    anonymous: (i) => ({ session: `session-${i}`, slots: SLOTS, history: sessionHistory(taste, random) }),
    filters: () => ({ ...known(), filters: pageFilter(random.zipf(DISTINCT_FILTERS, FILTER_EXPONENT)) }),
    cart: () => ({ ...known(), cart: cartBelowThreshold(taste, random) }),
  }
  return Array.from({ length: count }, (_, i) => request[scenario](i))
}

function sessionHistory(taste: Taste, random: Random): DecideRequest['history'] {
  const group = random.below(taste.nGroups)
  const items = new Set<number>()
  while (items.size < HISTORY) items.add(taste.itemNear(group))
  return [...items].map((item) => ({ item: itemKey(item) }))
}

/** A tenth of the categories and a price range. */
function pageFilter(page: number): DecideRequest['filters'] {
  const category = Array.from({ length: FILTER_CATEGORIES }, (_, i) => categoryName((page * 7 + i * 10) % CATEGORIES))
  return { category, minPriceMinor: 250 + page, maxPriceMinor: 15_000 - page }
}

function cartBelowThreshold(taste: Taste, random: Random): DecideRequest['cart'] {
  const items = new Set<number>()
  while (items.size < CART_LINES) items.add(taste.popularItem())
  let left = THRESHOLD_MINOR - 1 - random.below(MOST_MISSING_MINOR)
  return [...items].map((item, line) => {
    const priceMinor = line === CART_LINES - 1 ? left : 500 + random.below(1000)
    left -= priceMinor
    return { item: itemKey(item), quantity: 1, priceMinor }
  })
}
