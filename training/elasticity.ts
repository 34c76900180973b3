/**
 * Own-price elasticity of an item's purchases, log-log in the mean (Poisson demand with the item's level profiled out):
 *
 *   E[purchases at occasion v] = w_v · exp(a + e x_v),   x = ln(unit price paid or asked)
 *   log L(e) = Σ_purchases e x − N ln Σ_v w_v exp(e x_v)
 *
 * An occasion is a view that tells its price (w = 1). A shop without such views has one occasion a week from the item's
 * first sale on, at the week's mean price paid, the last one known where nothing was sold, weighted by the shop's
 * purchases in that week, which takes out season and growth. Weeks and views without a sale count: regressing
 * ln units on ln price leaves them out, and is far too flat for items that sell a few pieces (Santos Silva, Tenreyro,
 * The Log of Gravity, Review of Economics and Statistics 88, 2006).
 *
 * Purchases count, not pieces: an offer asks whether the shopper buys. Elasticities are estimated around a common e₀ by
 * one Newton step, e = e₀ + U/I with variance 1/I (U score, I information at e₀; Yusuf, Peto et al., Progress in
 * Cardiovascular Diseases 27, 1985): it exists for any number of purchases, and its error is not tied to its luck.
 */
import { EVENT_KINDS } from '../core/contract/events.ts'
import type { EventTable } from './dataset.ts'
import type { WeeklySales } from './pull-forward.ts'
import type { Estimate } from './shrinkage.ts'
import { rowStarts } from './sparse.ts'

export const PURCHASE = EVENT_KINDS.indexOf('purchase')
export const VIEW = EVENT_KINDS.indexOf('view')
const WEEK_MS = 7 * 86_400_000
const STEPS = 50
/** Newton's steps of one elasticity are at most this long: far from the top the quadratic is no guide. */
const LONGEST_STEP = 1
/** Information below which an item says nothing of its elasticity: a standard error of 30. */
const LEAST_INFORMATION = 1 / 900

/** An item's occasions to buy, and what was bought. Log prices are relative to the item's first. */
export interface Demand {
  logPrice: Float64Array
  weight: Float64Array
  purchases: number
  /** Sum of the purchases' log prices. */
  purchasedLogPrice: number
}

/** By item; null where the data holds no information. `groupOf[i]`: items that share their e₀, below `nGroups`. */
export function itemElasticities(
  demands: Demand[],
  groupOf: ArrayLike<number>,
  nGroups: number,
  prior: Estimate,
): (Estimate | null)[] {
  const shopWide = commonElasticity(demands, prior).mean
  const members = Array.from({ length: nGroups }, (): Demand[] => [])
  demands.forEach((demand, item) => {
    members[groupOf[item]].push(demand)
  })
  const centres = members.map((group) => commonElasticity(group, { mean: shopWide, variance: 1 }).mean)
  return demands.map((demand, item) => oneStep(demand, centres[groupOf[item]]))
}

/** The elasticity that all items would share: the mode under a normal prior. */
export function commonElasticity(demands: Demand[], prior: Estimate): Estimate {
  let elasticity = prior.mean
  let variance = prior.variance
  for (let step = 0; step < STEPS; step++) {
    let score = (prior.mean - elasticity) / prior.variance
    let information = 1 / prior.variance
    for (const demand of demands) {
      const at = likelihoodAt(demand, elasticity)
      score += at.score
      information += at.information
    }
    const move = Math.max(-LONGEST_STEP, Math.min(LONGEST_STEP, score / information))
    elasticity += move
    variance = 1 / information
    if (Math.abs(move) < 1e-9) break
  }
  return { mean: elasticity, variance }
}

function oneStep(demand: Demand, around: number): Estimate | null {
  const { score, information } = likelihoodAt(demand, around)
  return information < LEAST_INFORMATION ? null : { mean: around + score / information, variance: 1 / information }
}

/** Score and information of log L at `elasticity`: N times how far the purchases' mean log price is from what it expects. */
export function likelihoodAt(demand: Demand, elasticity: number): { score: number; information: number } {
  const { logPrice, weight, purchases, purchasedLogPrice } = demand
  if (purchases === 0) return { score: 0, information: 0 }
  let total = 0
  let first = 0
  let second = 0
  for (let v = 0; v < logPrice.length; v++) {
    const share = weight[v] * Math.exp(elasticity * logPrice[v])
    total += share
    first += share * logPrice[v]
    second += share * logPrice[v] * logPrice[v]
  }
  const mean = first / total
  return {
    score: purchasedLogPrice - purchases * mean,
    information: purchases * Math.max(0, second / total - mean * mean),
  }
}

/** What the line brought in; not positive where no price was told. */
export function paidMinor(table: EventTable, event: number): number {
  return table.priceMinor[event] * table.quantity[event] - table.discountMinor[event]
}

/** Every item's demand in `table`. */
export function demandsOf(table: EventTable, nItems: number): Demand[] {
  const { starts, events } = pricedEventsByItem(table, nItems)
  const withViews = events.some((e) => table.kind[e] === VIEW)
  const weekly = withViews ? null : purchasesByWeek(table)
  return Array.from({ length: nItems }, (_, item) => {
    const own = events.subarray(starts[item], starts[item + 1])
    return weekly === null ? demandFromViews(table, own) : demandFromWeeks(table, own, weekly)
  })
}

/** Every item's purchases by week, whether the shop tells views or not. */
export function weeklySalesOf(table: EventTable, nItems: number): WeeklySales[] {
  const { starts, events } = pricedEventsByItem(table, nItems)
  const weeks = purchasesByWeek(table)
  return Array.from({ length: nItems }, (_, item) => {
    return salesByWeek(table, events.subarray(starts[item], starts[item + 1]), weeks)
  })
}

/** Views and purchases that tell a price, grouped by item, oldest first. */
function pricedEventsByItem(table: EventTable, nItems: number) {
  const counted: number[] = []
  for (let e = 0; e < table.length; e++)
    if ((table.kind[e] === PURCHASE || table.kind[e] === VIEW) && paidMinor(table, e) > 0) counted.push(e)
  const starts = rowStarts(
    Uint32Array.from(counted, (e) => table.item[e]),
    nItems,
  )
  const next = starts.slice()
  const events = new Uint32Array(counted.length)
  for (const e of counted) events[next[table.item[e]]++] = e
  return { starts, events }
}

function logUnitPrice(table: EventTable, event: number): number {
  return Math.log(paidMinor(table, event) / table.quantity[event])
}

function demandFromViews(table: EventTable, events: Uint32Array): Demand {
  const base = events.length === 0 ? 0 : logUnitPrice(table, events[0])
  const prices: number[] = []
  let purchases = 0
  let purchasedLogPrice = 0
  for (const e of events) {
    const x = logUnitPrice(table, e) - base
    if (table.kind[e] === VIEW) prices.push(x)
    else {
      purchases++
      purchasedLogPrice += x
    }
  }
  const logPrice = Float64Array.from(prices)
  const seen = logPrice.length === 0 ? 0 : purchases
  return { logPrice, weight: new Float64Array(logPrice.length).fill(1), purchases: seen, purchasedLogPrice }
}

interface Weeks {
  first: number
  purchases: number[]
}

function weekOf(table: EventTable, event: number): number {
  return Math.floor(table.timeMs[event] / WEEK_MS)
}

function purchasesByWeek(table: EventTable): Weeks {
  const first = table.length === 0 ? 0 : weekOf(table, 0)
  const purchases: number[] = []
  for (let e = 0; e < table.length; e++) {
    const week = weekOf(table, e) - first
    while (purchases.length <= week) purchases.push(0)
    if (table.kind[e] === PURCHASE) purchases[week]++
  }
  return { first, purchases }
}

function demandFromWeeks(table: EventTable, events: Uint32Array, weeks: Weeks): Demand {
  const { logPrice, weight } = salesByWeek(table, events, weeks)
  const base = events.length === 0 ? 0 : logUnitPrice(table, events[0])
  const purchasedLogPrice = events.reduce((sum, e) => sum + logUnitPrice(table, e) - base, 0)
  return { logPrice, weight, purchases: events.length, purchasedLogPrice }
}

/** `events`: what tells an item's price, oldest first. A week that tells none has the price of the last one that did. */
function salesByWeek(table: EventTable, events: Uint32Array, weeks: Weeks): WeeklySales {
  const start = events.length === 0 ? weeks.purchases.length : weekOf(table, events[0]) - weeks.first
  const base = events.length === 0 ? 0 : logUnitPrice(table, events[0])
  const logPrice = new Float64Array(weeks.purchases.length - start)
  const told = new Uint32Array(logPrice.length)
  const sold = new Float64Array(logPrice.length)
  for (const e of events) {
    const week = weekOf(table, e) - weeks.first - start
    logPrice[week] += logUnitPrice(table, e) - base
    told[week]++
    if (table.kind[e] === PURCHASE) sold[week]++
  }
  for (let week = 0; week < logPrice.length; week++)
    logPrice[week] = told[week] === 0 ? logPrice[week - 1] : logPrice[week] / told[week]
  return { logPrice, told, weight: Float64Array.from(weeks.purchases.slice(start)), sold }
}
