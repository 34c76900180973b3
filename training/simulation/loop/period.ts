/** One period of a seed under one policy: visit after visit is chosen, sold and learned from; budgets are paced by day. */
import { itemKeyOf } from '../../../core/scoring/keys.ts'
import { DAY_MS } from '../calendar.ts'
import { Random } from '../random.ts'
import { indexOfKey, type Truth } from '../truth.ts'
import { Account, type PolicyFigures } from './account.ts'
import { DELIVERY_DAYS, Market, type World } from './market.ts'
import { Pace } from './pace.ts'
import { planVisits, type Shoppers, type Visit } from './plan.ts'
import type { Policy } from './policy.ts'
import type { Scenario } from './scenario.ts'
import type { OpenShop } from './shop.ts'
import { Given, Shown } from './shown.ts'

/** Visits, and what they were shown once a policy that decides has played. */
export interface Period {
  world: World
  visits: Visit[]
  shown: Shown
  days: number
}

export function openPeriod(
  truth: Truth,
  shoppers: Shoppers,
  shop: OpenShop,
  { slots, visitsPerDay }: Scenario,
  { firstDay, days, seed }: { firstDay: number; days: number; seed: number },
): Period {
  const random = new Random(seed)
  const truthItem = Int32Array.from({ length: shop.g.nItems }, (_, item) => indexOfKey(itemKeyOf(shop.g, item)))
  const world: World = { truth, random, shoppers, shop, truthItem }
  const visits = planVisits(truth, shop, random, { firstDay, days, visitsPerDay })
  return { world, visits, shown: new Shown(visits.length, slots), days }
}

/** Budgets by position in the campaign file, Infinity where there is no limit; `prices` of them to start from. */
export function playPeriod(
  { world, visits, shown, days }: Period,
  policy: Policy,
  budgetMinor: Float64Array,
  prices: Float64Array = new Float64Array(budgetMinor.length),
): PolicyFigures {
  const { tiers, types } = world.truth.parameters
  const account = new Account(policy.name, budgetMinor, { tiers: tiers.length, types: types.length })
  const market = new Market(world, shown.slots, budgetMinor, account)
  const startMs = visits[0] === undefined ? 0 : world.truth.parameters.startMs + visits[0].day * DAY_MS
  const pace = new Pace(prices, budgetMinor, startMs, startMs + days * DAY_MS)
  const given = new Given(shown.slots)
  let ticks = 0
  policy.startDay?.(market)
  for (const visit of visits) {
    for (; startMs + (ticks + 1) * TICK_MS <= visit.time; ticks++)
      passTime(market, pace, policy, startMs + (ticks + 1) * TICK_MS, ticks + 1)
    given.clear()
    policy.choose(visit, market, pace.prices, shown, given)
    market.sell(visit, shown, given)
    policy.learn?.(visit, market, shown, given)
    market.settle(visit, shown, given)
  }
  return account.figures()
}

/** How often the prices of budgets follow what is spent: some tens of sales lie between. */
const TICK_MS = DAY_MS / 4

function passTime(market: Market, pace: Pace, policy: Policy, timeMs: number, ticks: number): void {
  pace.tick(timeMs, market.remainingMinor)
  if (ticks % 4 !== 0) return
  if ((ticks / 4) % DELIVERY_DAYS === 0) market.deliver()
  policy.startDay?.(market)
}

export function unlimited({ world }: Period): Float64Array {
  return new Float64Array(world.shop.campaigns.onItems.length).fill(Number.POSITIVE_INFINITY)
}
