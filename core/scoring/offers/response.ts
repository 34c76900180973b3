/**
 * How a shopper answers an offer, looked up: the shopper's segment, and the curve of the campaign in that segment.
 *
 *   log-odds(offer) − log-odds(none) = show + slope t,      t = ε ln(1 − d) ≥ 0
 *   var = var(show) + 2 t cov + t² var(slope) + (slope ln(1 − d))² var(ε)
 *
 *   borrowed = b d of the units sold, displaced = k d of the log-odds of the other items of its category in the answer
 *
 * d is the share taken off, ε the item's elasticity. A campaign that training has not seen answers as its mechanism does.
 * Without a section of responses every offer moves the odds as its price alone does: show 0, slope 1, nothing borrowed or displaced.
 */
import type { Mechanism } from '../../contract/campaigns.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { RESPONSE_NUMBERS } from '../../snapshot/layout.ts'
import type { Generation } from '../generation.ts'

/** Deepest share at which the response is read: the logarithm has no value at a whole reduction. */
const DEEPEST_SHARE = 0.95
/** Segment of everybody unknown. */
const NOBODY = 0

/** `base`: added to the log-odds of buying without an offer; `listed`: how many times ε they follow the list price. */
export interface ShopperResponse {
  segment: number
  base: number
  listed: number
}

/** `shopper`: index in the snapshot, -1 when unknown. */
export function responseOf({ tables }: Generation, shopper: number): ShopperResponse {
  const { response } = tables
  if (response === null) return { segment: NOBODY, base: 0, listed: 0 }
  const { segment, base, listed } = response
  const own = shopper < 0 ? NOBODY : segment.view[shopper]
  return { segment: own, base: base.view[shopper < 0 ? base.view.length - 1 : shopper], listed: listed.view[own] }
}

/** ε ln(P / P̄): how far a list price moves the odds away from those at the usual price P̄; 0 where that is not known. */
export function listedMove(elasticity: number, priceMinor: number, usualMinor: number): number {
  return usualMinor > 0 ? elasticity * Math.log(Math.max(1, priceMinor) / usualMinor) : 0
}

/** The probability of buying at the list price, of one at the usual price. */
export function atListPrice(g: Generation, { listed }: ShopperResponse, item: ItemIndex, probability: number): number {
  const { response, prices } = g.tables
  if (response === null || listed === 0) return probability
  const move = listedMove(prices.elasticity.view[item], g.live.priceMinor[item], response.usualMinor.view[item])
  const odds = (probability / (1 - probability)) * Math.exp(listed * move)
  return odds / (1 + odds)
}

/** Index of a campaign's curve, else of its mechanism's, else -1. */
export function curveOf({ curves }: Generation, id: string, mechanism: Mechanism, on: OfferedOn): number {
  return curves.get(id) ?? curves.get(mechanismCurve(mechanism, on)) ?? -1
}

export type OfferedOn = 'item' | 'basket'

/** Name of a mechanism's curve. A coupon off a basket is answered otherwise than one off an item; any other mechanism is one of them. */
export function mechanismCurve(mechanism: string, on: OfferedOn): string {
  return on === 'basket' && mechanism === 'coupon' ? 'basket:coupon' : `mechanism:${mechanism}`
}

/** ln(1 − share), the share cut at the deepest that the curve is read at. Not above 0. */
export function logPriceOf(share: number): number {
  return Math.log(1 - Math.min(share, DEEPEST_SHARE))
}

/** How an action moves the odds. */
export interface Moved {
  oddsFactor: number
  /** Standard error of the factor's logarithm. */
  factorSe: number
  /** Share of the units sold that is borrowed from later sales. */
  borrowed: number
  /** What the log-odds of the other items of its category in the answer fall by. */
  displaced: number
}

/** `logPrice`: ln(1 − d). */
export function movedBy(
  g: Generation,
  curve: number,
  segment: number,
  elasticity: number,
  elasticitySe: number,
  logPrice: number,
): Moved {
  const t = elasticity * logPrice
  if (curve < 0 || g.tables.response === null)
    return { oddsFactor: Math.exp(t), factorSe: -elasticitySe * logPrice, borrowed: 0, displaced: 0 }
  const { listed, curves } = g.tables.response
  const at = (curve * listed.view.length + segment) * RESPONSE_NUMBERS
  const numbers = curves.view
  const slope = numbers[at + 1]
  const fromPrice = slope * logPrice * elasticitySe
  const variance = numbers[at + 2] + 2 * t * numbers[at + 3] + t * t * numbers[at + 4] + fromPrice * fromPrice
  const share = 1 - Math.exp(logPrice)
  return {
    oddsFactor: Math.exp(numbers[at] + slope * t),
    factorSe: Math.sqrt(Math.max(0, variance)),
    borrowed: Math.min(1, numbers[at + 5] * share),
    displaced: numbers[at + 6] * share,
  }
}
