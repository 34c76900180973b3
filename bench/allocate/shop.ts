/**
 * Requests whose best offers can be known: made-up shoppers, items and ladders over a period, whose traffic and demand drift away
 * from what the plan was made on. For an offer that takes a share d off,
 *
 *   odds_a = odds_0 · (1 − d)^−ε      v = (p_a − p_0)(P − c) − p_a δ      uses: p_a δ of a budget, p_a pieces of a stock
 */
import { percentDiscount, roundMinor } from '../../core/contract/money.ts'
import { HOUR_MS, hourOfWeek } from '../../core/scoring/pacing.ts'
import type { AllocationInstance } from '../../training/allocation/instance.ts'
import type { Random } from '../random.ts'

export interface ShopShape {
  requests: number
  /** Offers that one request chooses from: pairs of an item and a campaign, each with every depth. */
  offers: number
  depthsBps: number[]
  /** Budgets come first, then stocks; an offer uses one of each. No stocks: an offer uses its budget alone. */
  budgets: number
  stocks: number
}

/** How a period departs from the forecast: both are shares, 0 for as forecast. */
export interface Drift {
  demand: (share: number) => number
  traffic: (share: number) => number
}

export interface Served extends AllocationInstance {
  /** By request, ascending. */
  timesMs: Float64Array
  /** By action. */
  probability: Float64Array
  discountMinor: Float64Array
}

/** Mondays at 00:00 UTC lie at whole multiples of a week after it. */
export const MONDAY_MS = 4 * 24 * HOUR_MS

export const WEEK_MS = 7 * 24 * HOUR_MS

export const NO_DRIFT: Drift = { demand: () => 0, traffic: () => 0 }

/** Up to 30 % each, slowly: one swing over the period, from anywhere in it. */
export function driftOf(random: Random, most = 0.3): Drift {
  const swing = () => {
    const phase = random.uniform()
    return (share: number) => most * Math.sin(2 * Math.PI * (share + phase))
  }
  return { demand: swing(), traffic: swing() }
}

/** Nights are quiet, evenings busy, weekends busier. In the mean of a week about 1. */
function forecastTraffic(timeMs: number): number {
  const hour = hourOfWeek(Math.floor(timeMs / HOUR_MS))
  const day = 1 + 0.8 * Math.sin((2 * Math.PI * ((hour % 24) - 13)) / 24)
  return hour >= 120 ? 1.3 * day : 0.88 * day
}

/** Shares of a week's traffic as forecast. */
export function forecastShares(): Float64Array {
  const hours = Float64Array.from({ length: 168 }, (_, hour) => forecastTraffic(MONDAY_MS + hour * HOUR_MS))
  const sum = hours.reduce((total, share) => total + share, 0)
  return hours.map((share) => share / sum)
}

/** Budgets are left at 0. */
export function drawRequests(random: Random, shape: ShopShape, periodMs: number, drift: Drift): Served {
  const { requests, offers, depthsBps, budgets, stocks } = shape
  const actions = requests * offers * depthsBps.length
  const each = stocks > 0 ? 2 : 1
  const timesMs = drawTimes(random, requests, periodMs, drift)
  const instance: Served = {
    actionStart: Uint32Array.from({ length: requests + 1 }, (_, r) => r * offers * depthsBps.length),
    value: new Float64Array(actions),
    useStart: Uint32Array.from({ length: actions + 1 }, (_, a) => a * each),
    resource: new Uint32Array(actions * each),
    use: new Float64Array(actions * each),
    budget: new Float64Array(budgets + stocks),
    timesMs,
    probability: new Float64Array(actions),
    discountMinor: new Float64Array(actions),
  }
  let a = 0
  for (let r = 0; r < requests; r++) {
    const demand = 1 + drift.demand((timesMs[r] - MONDAY_MS) / periodMs)
    const keenness = Math.exp(0.5 * normal(random))
    for (let offer = 0; offer < offers; offer++) {
      const item = drawItem(random, demand * keenness)
      const budget = random.below(budgets)
      const stock = budgets + random.below(Math.max(1, stocks))
      for (const bps of depthsBps) writeAction(instance, a++, item, bps, each === 2 ? [budget, stock] : [budget])
    }
  }
  return instance
}

interface Item {
  priceMinor: number
  marginMinor: number
  odds: number
  elasticity: number
}

function drawItem(random: Random, demand: number): Item {
  const priceMinor = roundMinor(2000 * Math.exp(0.6 * normal(random)))
  const p0 = Math.min(0.5, 0.04 * demand * Math.exp(0.5 * normal(random)))
  return {
    priceMinor,
    marginMinor: priceMinor * (0.3 + 0.3 * random.uniform()),
    odds: p0 / (1 - p0),
    elasticity: 4 * Math.exp(0.5 * normal(random)),
  }
}

function writeAction(instance: Served, a: number, item: Item, bps: number, resources: number[]): void {
  const { priceMinor, marginMinor, odds, elasticity } = item
  const discount = percentDiscount(priceMinor, bps)
  const answered = odds * (1 - discount / priceMinor) ** -elasticity
  const p = answered / (1 + answered)
  instance.value[a] = (p - odds / (1 + odds)) * marginMinor - p * discount
  instance.probability[a] = p
  instance.discountMinor[a] = discount
  const at = instance.useStart[a]
  instance.resource.set(resources, at)
  instance.use.set(resources.length === 2 ? [p * discount, p] : [p * discount], at)
}

/** Times by thinning a constant stream by traffic, then in order. */
function drawTimes(random: Random, requests: number, periodMs: number, drift: Drift): Float64Array {
  const times = new Float64Array(requests)
  for (let r = 0; r < requests; ) {
    const share = random.uniform()
    const time = MONDAY_MS + share * periodMs
    if (random.uniform() * 3.2 < forecastTraffic(time) * (1 + drift.traffic(share))) times[r++] = time
  }
  return times.sort()
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())
}
