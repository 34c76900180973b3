/**
 * How a shopper answers an offer, looked up: the shopper's segment, and the curve of the campaign in that segment.
 *
 *   log-odds(offer) − log-odds(none) = show + slope t,      t = ε ln(1 − d) ≥ 0
 *   var = var(show) + 2 t cov + t² var(slope) + (slope ln(1 − d))² var(ε)
 *
 * d is the share taken off, ε the item's elasticity. A campaign that training has not seen answers as its mechanism does.
 * Without a section of responses every offer moves the odds as its price alone does: show 0, slope 1, nothing borrowed.
 */
import type { Mechanism } from '../../contract/campaigns.ts'
import { RESPONSE_NUMBERS } from '../../snapshot/layout.ts'
import type { Generation } from '../generation.ts'

/** Deepest share at which the response is read: the logarithm has no value at a whole reduction. */
const DEEPEST_SHARE = 0.95
/** Segment of everybody unknown. */
const NOBODY = 0

/** `base`: added to the log-odds of buying without an offer. */
export interface ShopperResponse {
  segment: number
  base: number
}

/** `shopper`: index in the snapshot, -1 when unknown. */
export function responseOf({ tables }: Generation, shopper: number): ShopperResponse {
  const { response } = tables
  if (response === null) return { segment: NOBODY, base: 0 }
  const segment = shopper < 0 ? NOBODY : response.segment.view[shopper]
  return { segment, base: response.base.view[segment] }
}

/** Index of a campaign's curve, else of its mechanism's, else -1. */
export function curveOf({ curves }: Generation, id: string, mechanism: Mechanism): number {
  return curves.get(id) ?? curves.get(`mechanism:${mechanism}`) ?? -1
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
  /** Share of the extra units that is borrowed from later sales. */
  borrowed: number
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
    return { oddsFactor: Math.exp(t), factorSe: -elasticitySe * logPrice, borrowed: 0 }
  const { base, curves } = g.tables.response
  const at = (curve * base.view.length + segment) * RESPONSE_NUMBERS
  const numbers = curves.view
  const slope = numbers[at + 1]
  const fromPrice = slope * logPrice * elasticitySe
  const variance = numbers[at + 2] + 2 * t * numbers[at + 3] + t * t * numbers[at + 4] + fromPrice * fromPrice
  return {
    oddsFactor: Math.exp(numbers[at] + slope * t),
    factorSe: Math.sqrt(Math.max(0, variance)),
    borrowed: numbers[at + 5],
  }
}
