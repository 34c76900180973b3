/**
 * Shoppers who come with a cart to a shop that runs a spend threshold: what choosing items and offer together is worth beside
 * choosing the items first. Everything is decided by `decide()`; what comes of it is expected under the truth.
 *
 * A shopper looks at some of the items shown. A promise "for T spent, R off" makes an item that carries the cart over T by itself
 * as much cheaper as R; the others are bought as without it. Whatever is bought with the cart, R is paid where the whole reaches T:
 *
 *   margin = Σ_B P(B) (Σ_{i in B} (P_i − c_i) − R [S + Σ_{i in B} P_i ≥ T]),   B: what is bought of the items looked at
 *
 * The cart is bought in any case, so its own margin is left out. Each visit is by itself: nothing of one is left in the next.
 */
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { compileCampaigns } from '../../core/scoring/campaigns/compile.ts'
import { type Decision, decide } from '../../core/scoring/decide.ts'
import { noPrices } from '../../core/scoring/dual-prices.ts'
import { itemIndexOf, itemKeyOf } from '../../core/scoring/keys.ts'
import { drawLuck, planVisits, Shoppers, type Visit } from './loop/plan.ts'
import type { Scenario } from './loop/scenario.ts'
import { makeShop, type OpenShop, publishAndOpen } from './loop/shop.ts'
import { Random, STREAM } from './random.ts'
import { calm, indexOfKey, itemKey, purchaseProbability, type ShopperTruth, shopperKey, type Truth } from './truth.ts'
import { categoryAt, itemAt } from './visit.ts'

export const RANKINGS = ['items_first', 'joint'] as const
export type Ranking = (typeof RANKINGS)[number]

export interface CartsResult {
  seed: number
  currency: string
  visits: number
  /** Of what is bought beside the carts, in minor units, without a threshold to reach. */
  noneMinor: number
  byRanking: Record<Ranking, { marginMinor: number; promised: number; reached: number; rewardMinor: number }>
}

const MOST_IN_CART = 3
/** A draw of a visit that no slot has: `loop/plan.ts` draws its slots below. */
const CART_DRAW = 120

/** Works in `folder`. */
export async function simulateCarts(folder: string, scenario: Scenario, seed: number): Promise<CartsResult> {
  const shop = await makeShop(folder, scenario, seed)
  const open = await publishAndOpen(shop, 'serving')
  const { truth, dataset } = shop
  const shoppers = new Shoppers(truth)
  const random = new Random(seed)
  const period = { firstDay: truth.days, days: scenario.days, visitsPerDay: scenario.visitsPerDay }
  const visits = planVisits(truth, open, random, period)
  const results: CartsResult = {
    seed,
    currency: dataset.currency,
    visits: visits.length,
    noneMinor: 0,
    byRanking: { items_first: nothingYet(), joint: nothingYet() },
  }
  const deciding = RANKINGS.map((ranking) => ({ ranking, ask: decider(open, dataset.currency, ranking) }))
  const askPlain = decider(open, dataset.currency, null)
  const looks = new Uint8Array(scenario.slots)
  for (const visit of visits) {
    const shopper = shoppers.at(visit.shopper)
    const cart = cartOf(truth, random, visit, shopper)
    drawLuck(random, visit, scenario.slots, looks, new Float64Array(scenario.slots))
    const sell = (decision: Decision) => sold(truth, open, shopper, visit, decision, cart, looks)
    results.noneMinor += sell(askPlain(visit, cart, scenario.slots)).marginMinor
    for (const { ranking, ask } of deciding) {
      const decision = ask(visit, cart, scenario.slots)
      const { marginMinor, reached, rewardMinor } = sell(decision)
      const sums = results.byRanking[ranking]
      sums.marginMinor += marginMinor
      sums.reached += reached
      sums.rewardMinor += rewardMinor
      if (decision.basketOffer !== null) sums.promised++
    }
  }
  return results
}

function nothingYet(): CartsResult['byRanking'][Ranking] {
  return { marginMinor: 0, promised: 0, reached: 0, rewardMinor: 0 }
}

/** The same for all, so that all draw alike. */
const REVISION = 'carts'
/** So high a temperature that every tier is as likely. */
const EVENLY = 1_000_000

type Ask = (visit: Visit, cart: string[], slots: number) => Decision

/** Null: there is no threshold. */
function decider({ g }: OpenShop, currency: string, ranking: Ranking | null): Ask {
  const campaigns = compileCampaigns(g, thresholds(currency, ranking), REVISION)
  const count = campaigns.all.length
  const unlimited = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
  const free = noPrices(count)
  const live = emptyLiveShopper()
  return ({ shopper, time, pageItem }, cart, slots) => {
    return decide(g, {
      request: { shopper: shopperKey(shopper), item: pageItem, cart: cart.map((item) => ({ item })), slots },
      time,
      live,
      campaigns,
      remainingMinor: unlimited,
      remainingUses: unlimited,
      dualPrices: free,
    })
  }
}

function thresholds(currency: string, ranking: Ranking | null): CampaignFile {
  const tiers = [3000, 5000, 8000, 12_000].map((thresholdMinor) => ({
    thresholdMinor,
    rewardMinor: thresholdMinor / 10,
  }))
  const always = { state: 'live' as const, startsAt: '2020-01-01T00:00:00Z', endsAt: '2099-12-31T23:59:59Z' }
  const campaign = { id: 'spend-more', ...always, mechanism: 'spend_threshold' as const, ladder: tiers }
  const policy = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: EVENLY, ranking: ranking ?? 'items_first' }
  return { version: 1, currency, policy, campaigns: ranking === null ? [] : [campaign] }
}

/** Of the shopper's favourite categories, the popular items more often. */
function cartOf(truth: Truth, random: Random, visit: Visit, shopper: ShopperTruth): string[] {
  random.block(STREAM.visit, visit.shopper, visit.day, 1 + visit.ordinal * 128 + CART_DRAW)
  const count = 1 + Math.floor(MOST_IN_CART * random.uniform(0))
  const items = new Set<string>()
  for (let n = 0; n < count; n++) {
    random.block(STREAM.visit, visit.shopper, visit.day, 1 + visit.ordinal * 128 + CART_DRAW + 1 + n)
    items.add(itemKey(itemAt(truth, categoryAt(truth, shopper, random.uniform(0)), random.uniform(1))))
  }
  return [...items].filter((item) => item !== visit.pageItem)
}

function sold(
  truth: Truth,
  { g }: OpenShop,
  shopper: ShopperTruth,
  { day }: Visit,
  { slots, basketOffer }: Decision,
  cart: string[],
  looks: Uint8Array,
): { marginMinor: number; reached: number; rewardMinor: number } {
  const subtotalMinor = cart.reduce((sum, key) => sum + g.live.priceMinor[itemIndexOf(g, key)], 0)
  const promise = basketOffer ?? { thresholdMinor: Number.POSITIVE_INFINITY, rewardMinor: 0 }
  const seen = slots
    .filter((_, slot) => looks[slot] === 1)
    .map(({ item: index, priceMinor }) => {
      const item = indexOfKey(itemKeyOf(g, index))
      const carries = subtotalMinor + priceMinor >= promise.thresholdMinor
      const cheaperMinor = carries ? Math.min(promise.rewardMinor, priceMinor - 1) : 0
      const probability = purchaseProbability(truth, shopper, item, priceMinor, cheaperMinor, { ...calm(), day })
      return { priceMinor, marginMinor: priceMinor - truth.costMinor[item], probability }
    })
  const marginMinor = seen.reduce((sum, item) => sum + item.probability * item.marginMinor, 0)
  const reached = chanceOfReaching(seen, promise.thresholdMinor - subtotalMinor)
  const rewardMinor = reached * promise.rewardMinor
  return { marginMinor: marginMinor - rewardMinor, reached, rewardMinor }
}

/** Probability that what is bought of some items comes to `missingMinor` or more, over all that may be bought together. */
export function chanceOfReaching(items: { priceMinor: number; probability: number }[], missingMinor: number): number {
  if (missingMinor <= 0) return 1
  const [first, ...rest] = items
  if (first === undefined || !Number.isFinite(missingMinor)) return 0
  const { priceMinor, probability } = first
  return (
    probability * chanceOfReaching(rest, missingMinor - priceMinor) +
    (1 - probability) * chanceOfReaching(rest, missingMinor)
  )
}
