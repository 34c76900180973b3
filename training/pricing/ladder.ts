/**
 * Which price earns most, from what is known of demand at the current one. With price p, current price p₀ and L = ln(p/p₀):
 *
 *   units(p)  = u₀ · E[(p/p₀)^e] = u₀ · exp(e L + s² L² / 2),   e ~ N(elasticity, s²)
 *   profit(p) = units(p) · (p − c)
 *
 * in pieces and minor units a week; c is the unit cost. The price is the one of highest expected profit among the price
 * points that lie within the largest change, the competitors' bound and the margin floor; of equals the one nearest to the
 * current price, then the lower. Standard errors come from s alone (delta method): sd(profit) = profit · |L| · s.
 */
import { BPS, roundMinor } from '../../core/contract/money.ts'
import { pricePoints } from './price-points.ts'

export interface ItemDemand {
  elasticity: number
  elasticitySe: number
  /** Pieces a week at the current price. */
  weeklyUnits: number
}

export interface PriceBounds {
  /** Share of the current price by which it may change at once, in (0, 1). */
  maxChange: number
  ending: string
  /** Least (p − c) / p in basis points. */
  marginFloorBps: number
  /** Highest price beside competitors; null: not bounded. */
  ceilingMinor: number | null
}

export interface Rung {
  priceMinor: number
  weeklyUnits: number
  revenueMinor: number
  profitMinor: number
  profitSeMinor: number
}

export interface Ladder {
  /** By price. */
  rungs: Rung[]
  /** Null where no price point keeps all bounds. */
  best: Rung | null
  /** What the current price brings, whether it keeps the bounds or not. */
  current: Rung
}

export function priceLadder(demand: ItemDemand, currentMinor: number, costMinor: number, bounds: PriceBounds): Ladder {
  const prices = allowedPrices(currentMinor, costMinor, bounds)
  const profit = (priceMinor: number) => unitsAt(demand, currentMinor, priceMinor) * (priceMinor - costMinor)
  let best: number | null = null
  for (const price of prices) if (best === null || isBetter(price, best, currentMinor, profit)) best = price
  const rung = (priceMinor: number) => rungOf(demand, currentMinor, priceMinor, costMinor)
  return { rungs: prices.map(rung), best: best === null ? null : rung(best), current: rung(currentMinor) }
}

/** Expected pieces a week at a price. */
export function unitsAt(
  { elasticity, elasticitySe, weeklyUnits }: ItemDemand,
  currentMinor: number,
  priceMinor: number,
): number {
  const change = Math.log(priceMinor / currentMinor)
  return weeklyUnits * Math.exp(elasticity * change + (elasticitySe * change) ** 2 / 2)
}

/** Ascending price points within all bounds. */
export function allowedPrices(currentMinor: number, costMinor: number, bounds: PriceBounds): number[] {
  const { maxChange, ending, marginFloorBps, ceilingMinor } = bounds
  const most = currentMinor * (1 + maxChange)
  const points = pricePoints(currentMinor * (1 - maxChange), Math.min(most, ceilingMinor ?? most), ending)
  return points.filter((price) => (price - costMinor) * BPS >= marginFloorBps * price)
}

function isBetter(price: number, than: number, currentMinor: number, profit: (priceMinor: number) => number): boolean {
  const gain = profit(price) - profit(than)
  if (gain !== 0) return gain > 0
  return Math.abs(price - currentMinor) < Math.abs(than - currentMinor)
}

function rungOf(demand: ItemDemand, currentMinor: number, priceMinor: number, costMinor: number): Rung {
  const weeklyUnits = unitsAt(demand, currentMinor, priceMinor)
  const profit = weeklyUnits * (priceMinor - costMinor)
  const spread = Math.abs(Math.log(priceMinor / currentMinor)) * demand.elasticitySe
  return {
    priceMinor,
    weeklyUnits,
    revenueMinor: roundMinor(weeklyUnits * priceMinor),
    profitMinor: roundMinor(profit),
    profitSeMinor: roundMinor(Math.abs(profit) * spread),
  }
}
