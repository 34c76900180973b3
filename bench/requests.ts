/**
 * What the shop's visitors ask for: known shoppers by popularity, sessions that tell their own history, shoppers with a cart
 * just below a spend threshold, and shoppers on a page that filters.
 */
import { OfferwrightError } from '../core/contract/errors.ts'
import type { DecideRequest } from '../core/contract/requests.ts'
import { Random } from './random.ts'
import type { AskedShop, RequestPool } from './request-pool.ts'
import { HISTORY } from './shop/tables.ts'

/** Those that the naive oracle covers whole. */
export const SCENARIOS = ['known', 'anonymous', 'filters'] as const
export const VISITS = [...SCENARIOS, 'cart'] as const
export type Scenario = (typeof VISITS)[number]

export const SLOTS = 10
/** More than a worker keeps evaluated at a million items; some pages are asked for much more often than others. */
const DISTINCT_FILTERS = 256
const FILTER_EXPONENT = 1.2
/** Of the shop's. */
const FILTER_CATEGORIES_SHARE = 0.1
/** Of the shop's range of prices, what the last page's begins later and ends earlier, at most; else a minor unit a page. */
const MOST_NARROWED = 0.25
/** The lowest tier of the shop's spend thresholds, and how far below it carts end. */
const THRESHOLD_MINOR = 5000
const CART_LINES = 3
const MOST_MISSING_MINOR = 800

/** `count` requests; known shoppers are drawn again and again, the frequent ones more often. */
export function visitorRequests(shop: AskedShop, scenario: Scenario, count: number, seed: number): DecideRequest[] {
  const random = new Random(seed)
  const pool = shop.pool(random)
  const known = () => ({ shopper: pool.shopper(), slots: SLOTS })
  const request: Record<Scenario, (i: number) => DecideRequest> = {
    known,
    anonymous: (i) => ({
      session: `session-${i}`,
      slots: SLOTS,
      history: pool.visit(HISTORY).map((item) => ({ item })),
    }),
    filters: () => ({ ...known(), filters: pageFilter(shop, random.zipf(DISTINCT_FILTERS, FILTER_EXPONENT)) }),
    cart: () => ({ ...known(), cart: cartBelowThreshold(pool, random) }),
  }
  return Array.from({ length: count }, (_, i) => request[scenario](i))
}

/** Throws `invalid_value` where the shop lacks what the scenario asks about. */
export function refuseUnaskable({ items, shoppers, categories }: AskedShop, scenario: Scenario): void {
  const lacks = (what: string) =>
    new OfferwrightError('invalid_value', `the snapshot has no ${what} to ask about`, {
      field: 'scenario',
      value: scenario,
    })
  if (scenario !== 'anonymous' && shoppers === 0) throw lacks('shoppers')
  if (scenario === 'filters' && categories.length === 0) throw lacks('categories')
  if (items < HISTORY) throw lacks(`${HISTORY} items`)
}

/** A tenth of the categories and a price range. */
function pageFilter({ categories, prices: { low, high } }: AskedShop, page: number): DecideRequest['filters'] {
  const count = Math.max(1, Math.floor(FILTER_CATEGORIES_SHARE * categories.length))
  const category = Array.from({ length: count }, (_, i) => categories[(page * 7 + i * 10) % categories.length])
  const narrowed = Math.floor(page * Math.min(1, (MOST_NARROWED * (high - low)) / DISTINCT_FILTERS))
  return { category, minPriceMinor: low + narrowed, maxPriceMinor: high - narrowed }
}

function cartBelowThreshold(pool: RequestPool, random: Random): DecideRequest['cart'] {
  const items = pool.popular(CART_LINES)
  let left = THRESHOLD_MINOR - 1 - random.below(MOST_MISSING_MINOR)
  return items.map((item, line) => {
    const priceMinor = line === CART_LINES - 1 ? left : 500 + random.below(1000)
    left -= priceMinor
    return { item, quantity: 1, priceMinor }
  })
}
