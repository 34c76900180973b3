/**
 * One visit: which items a shopper looks at and what comes of it. A page shows a few items of a category, the popular
 * more often (Zipf); the shopper opens the one that suits the own taste best (Gumbel-max, so a softmax choice), and
 * buys it with the truth's probability at the price and offer of that week.
 */
import { percentDiscount } from '../../core/contract/money.ts'
import { promotedDepthBps, promotionOf, type VisitPlan } from './calendar.ts'
import { type EventColumns, KIND } from './event-columns.ts'
import { STREAM } from './random.ts'
import { RepurchaseState } from './repurchase.ts'
import { seasonOf } from './season.ts'
import { ShopperState } from './shopper-state.ts'
import {
  categoryOf,
  drawShopper,
  emptyShopper,
  FAVOURITE_SHARES,
  listPriceMinor,
  purchaseProbability,
  type ShopperTruth,
  type Truth,
  tasteLogOdds,
} from './truth.ts'

const PAGE = 8
const LOOKS_MAX = 12
/** Chance of one more look. */
const STAY = 0.7
/** Chance that the next look is in another category. */
const WANDER = 0.25
/** Taste speaks louder in what is opened than in what is bought. */
const TASTE_IN_BROWSING = 2
/** Popularity of rank r is proportional to 1 / (r + HEAD). */
const HEAD = 8
/** Larger than any shelf and prime: spreads the popular items over the keys. */
const SPREAD = 15_485_863

export interface Browsing {
  truth: Truth
  plan: VisitPlan
  shopper: ShopperTruth
  repurchase: RepurchaseState
  state: ShopperState
}

export function startBrowsing(truth: Truth, plan: VisitPlan): Browsing {
  const { parameters } = truth
  const repurchase = new RepurchaseState(parameters.shoppers)
  return { truth, plan, shopper: emptyShopper(truth), repurchase, state: new ShopperState(parameters) }
}

/** Draws the visit at `position` of the plan and appends its rows to `out`. */
export function drawVisit(browsing: Browsing, day: number, position: number, out: EventColumns): void {
  const { truth, plan, shopper, repurchase } = browsing
  const { random } = truth
  const ordinal = plan.ordinal[position]
  drawShopper(truth, plan.shopper[position], shopper)
  random.block(STREAM.session, shopper.index, ordinal, 0)
  const anonymous = random.uniform(1) < truth.parameters.anonymousShare
  const looks = Math.min(LOOKS_MAX, 1 + Math.floor(Math.log(random.uniform(2)) / Math.log(STAY)))
  const second = Math.floor(3600 * (7 + 15 * random.uniform(0) ** 0.8))
  const visit: Visit = { day, position, ordinal, anonymous, second, discounts: [] }
  const seen = new Set<number>()
  const bought: number[] = []
  let category = -1
  for (let look = 0; look < looks; look++) {
    const dueItem = look === 0 ? repurchase.dueItem(shopper.index, day) : -1
    category = dueItem >= 0 ? categoryOf(truth, dueItem) : nextCategory(browsing, visit, look, category)
    const item = dueItem >= 0 ? dueItem : chooseItem(browsing, ordinal, look, category)
    if (seen.has(item)) continue
    seen.add(item)
    const row = lookAt(browsing, visit, look, item, dueItem >= 0, out)
    if (row >= 0) bought.push(row)
  }
  for (const row of bought) checkOut(browsing, visit, row, out)
  if (visit.discounts.length > 0) browsing.state.sawOffer(shopper.index, day)
}

interface Visit {
  day: number
  position: number
  ordinal: number
  anonymous: boolean
  /** Second of the day, moving on. */
  second: number
  /** Offers seen so far. */
  discounts: { category: number; share: number }[]
}

function nextCategory({ truth, shopper }: Browsing, visit: Visit, look: number, current: number): number {
  const { random, parameters } = truth
  random.block(STREAM.session, shopper.index, visit.ordinal, 1 + look)
  if (current >= 0 && random.uniform(0) >= WANDER) return current
  const first = categoryAt(truth, shopper, random.uniform(1))
  const inSeason = 0.6 + 0.4 * seasonOf(visit.day, parameters.categories[first].peakWeek)
  return random.uniform(2) < inSeason ? first : categoryAt(truth, shopper, random.uniform(3))
}

/** The category in whose share of the shopper's interest `u` falls. */
export function categoryAt(truth: Truth, shopper: ShopperTruth, u: number): number {
  let rest = u
  for (let i = 0; i < FAVOURITE_SHARES.length; i++) {
    if (rest < FAVOURITE_SHARES[i]) return shopper.favourites[i]
    rest -= FAVOURITE_SHARES[i]
  }
  const left = 1 - FAVOURITE_SHARES.reduce((sum, share) => sum + share, 0)
  const { length } = truth.parameters.categories
  return Math.min(length - 1, Math.floor((rest / left) * length))
}

function chooseItem({ truth, shopper }: Browsing, ordinal: number, look: number, category: number): number {
  const { random } = truth
  let best = -1
  let bestScore = Number.NEGATIVE_INFINITY
  for (let place = 0; place < PAGE; place++) {
    if (place % 2 === 0) random.block(STREAM.page, shopper.index, ordinal, look * PAGE + place)
    const lane = (place % 2) * 2
    const item = itemAt(truth, category, random.uniform(lane))
    const gumbel = -Math.log(-Math.log(random.uniform(lane + 1)))
    const score = TASTE_IN_BROWSING * tasteLogOdds(truth, shopper, item) + gumbel
    if (score > bestScore) {
      best = item
      bestScore = score
    }
  }
  return best
}

/** Item of the category whose share of popularity holds `u`. */
export function itemAt(truth: Truth, category: number, u: number): number {
  const { categories, items } = truth.parameters
  const shelf = Math.floor((items - 1 - category) / categories.length) + 1
  const rank = Math.min(shelf - 1, Math.floor(HEAD * ((shelf + HEAD) / HEAD) ** u - HEAD))
  return category + categories.length * ((rank * SPREAD) % shelf)
}

/** Writes the view and what follows at once; the row of the cart if the item will be bought, else -1. */
function lookAt(browsing: Browsing, visit: Visit, look: number, item: number, due: boolean, out: EventColumns): number {
  const { truth, shopper, state } = browsing
  const { random, parameters } = truth
  const week = Math.floor(visit.day / 7)
  const priceMinor = listPriceMinor(truth, item, week)
  const category = categoryOf(truth, item)
  const promoted = promotionOf(truth, category, week) !== ''
  const depthBps = promoted ? promotedDepthBps(truth, shopper, item, week) : 0
  const discountMinor = percentDiscount(priceMinor, depthBps)
  const probability = purchaseProbability(truth, shopper, item, priceMinor, discountMinor, {
    day: visit.day,
    due,
    offersSeen: state.offersSeen(shopper.index, visit.day),
    stockedUp: state.stockedUp(shopper.index, category, visit.day),
    rivals: rivalsOf(visit, category),
  })
  if (discountMinor > 0) visit.discounts.push({ category, share: discountMinor / priceMinor })
  random.block(STREAM.purchase, shopper.index, visit.ordinal, look)
  const buys = random.uniform(0) < probability
  const carts = buys || random.uniform(1) < parameters.abandonedCartShare
  const quantity = buys && random.uniform(2) < 0.15 ? 2 : 1
  const offer = { item, quantity, priceMinor, discountMinor, promoted }
  visit.second += 20 + Math.floor(60 * random.uniform(3))
  addRow(visit, shopper.index, KIND.view, { ...offer, quantity: 1 }, out)
  if (!carts) return -1
  visit.second += 10
  const row = addRow(visit, shopper.index, KIND.cart, offer, out)
  return buys ? row : -1
}

/** What others of the category that were looked at before are cheaper by. */
function rivalsOf({ discounts }: Visit, category: number): number {
  return discounts.reduce((sum, rival) => (rival.category === category ? sum + rival.share : sum), 0)
}

interface Offer {
  item: number
  quantity: number
  priceMinor: number
  /** Of one unit. */
  discountMinor: number
  promoted: boolean
}

function addRow(visit: Visit, shopper: number, kind: number, offer: Offer, out: EventColumns): number {
  const row = out.add()
  out.second[row] = visit.second
  out.visit[row] = visit.position
  out.shopper[row] = shopper
  out.anonymous[row] = visit.anonymous ? 1 : 0
  out.kind[row] = kind
  out.item[row] = offer.item
  out.quantity[row] = offer.quantity
  out.priceMinor[row] = offer.priceMinor
  out.discountMinor[row] = offer.discountMinor * offer.quantity
  out.promoted[row] = offer.promoted ? 1 : 0
  return row
}

/** Buys what lies in the cart at `cartRow`; a consumable will be due again. */
function checkOut(browsing: Browsing, visit: Visit, cartRow: number, out: EventColumns): void {
  const { truth, shopper, repurchase, state } = browsing
  visit.second += 1
  const item = out.item[cartRow]
  const quantity = out.quantity[cartRow]
  addRow(
    visit,
    shopper.index,
    KIND.purchase,
    {
      item,
      quantity,
      priceMinor: out.priceMinor[cartRow],
      discountMinor: out.discountMinor[cartRow] / quantity,
      promoted: out.promoted[cartRow] === 1,
    },
    out,
  )
  const category = categoryOf(truth, item)
  const share = out.discountMinor[cartRow] / (quantity * out.priceMinor[cartRow])
  state.bought(shopper.index, category, visit.day, share)
  const { cycleDays } = truth.parameters.categories[category]
  if (cycleDays > 0) repurchase.bought(shopper.index, item, visit.day + cycleDays * quantity)
}
