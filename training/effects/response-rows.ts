/** Logged impressions as the response to offers is learned from them: columns of equal length, and what is known of shoppers. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { logPriceOf } from '../../core/scoring/offers/response.ts'
import { NO_INDEX } from '../duckdb.ts'
import type { FitRows } from './response-cells.ts'

/** `campaign` of an impression without an offer. */
export const NO_OFFER = -1

/** Of fewer purchases either way the log-odds ratio has a standard error above 0.28: the prior would say more. */
const LEAST_PURCHASES = 25

export interface ResponseRows {
  /** Index of the shopper in the snapshot; `NO_INDEX` where nobody is known. */
  shopper: Uint32Array
  /** When it was shown. */
  timeMs: Float64Array
  /** Position in `campaigns`, or `NO_OFFER`. */
  campaign: Int32Array
  /** Share of the price taken off, 0 to 1; 0 without an offer. */
  discount: Float64Array
  /** Own-price elasticity of the item, not above 0. */
  elasticity: Float64Array
  /** Log-odds of buying without an offer, as scoring told them without the segment's base. */
  offset: Float64Array
  /** ε ln(P / P̄): how far the list price moves the odds away from where the item was scored, at the usual price P̄. */
  listed: Float64Array
  /** Shares taken off the other items of its category in the same answer, added up. */
  rivals: Float64Array
  /** How many such items there are. */
  nRivals: Uint16Array
  /** Code of the item's category, or `NO_CODE`. */
  category: Uint32Array
  /** What the row counts for, above 0: `impressions.ts` makes the offered and the others alike by it. */
  weight: Float64Array
  bought: Uint8Array
  /** Distinct ids. */
  campaigns: { id: string; mechanism: string }[]
  /** All that curves are wanted of, those without data too. */
  mechanisms: readonly string[]
  features: ShopperFeatures
}

/** Number f of shopper s is `values[s · names.length + f]`; NaN where it is not known. */
export interface ShopperFeatures {
  nShoppers: number
  names: string[]
  values: Float64Array
}

/** t = ε ln(1 − d), as serving reads the curves: how far the offer moves the odds by its price alone. Not below 0. */
export function priceMoves({ elasticity, discount }: ResponseRows): Float64Array {
  return elasticity.map((value, row) => Math.max(0, value * logPriceOf(discount[row])))
}

/** As the model is fitted on them: `segment` and `offset` by row. */
export function fitRows(rows: ResponseRows, segment: Uint32Array, offset: Float64Array): FitRows {
  const { campaign, weight, bought } = rows
  return { segment, campaign, priceMove: priceMoves(rows), offset, weight, bought }
}

/**
 * Without the rows of all campaigns but those with the most offers: each campaign is two parameters. One that is left out answers
 * as its mechanism does.
 */
export function ofMostOffered<Rows extends Omit<ResponseRows, 'mechanisms' | 'features'>>(
  rows: Rows,
  most: number,
): Rows {
  const { campaign, campaigns } = rows
  const offers = new Uint32Array(campaigns.length)
  for (const code of campaign) if (code !== NO_OFFER) offers[code]++
  const stays = Array.from(offers.keys())
    .sort((a, b) => offers[b] - offers[a] || a - b)
    .slice(0, most)
  if (stays.length === campaigns.length) return rows
  const placeOf = new Map([[NO_OFFER, NO_OFFER], ...stays.map((code, place): [number, number] => [code, place])])
  const kept = Uint32Array.from(campaign.keys()).filter((row) => placeOf.has(campaign[row]))
  const numbers = (column: Float64Array) => Float64Array.from(kept, (row) => column[row])
  return {
    ...rows,
    shopper: kept.map((row) => rows.shopper[row]),
    campaign: Int32Array.from(kept, (row) => placeOf.get(campaign[row]) ?? NO_OFFER),
    discount: numbers(rows.discount),
    elasticity: numbers(rows.elasticity),
    offset: numbers(rows.offset),
    weight: numbers(rows.weight),
    timeMs: numbers(rows.timeMs),
    listed: numbers(rows.listed),
    rivals: numbers(rows.rivals),
    nRivals: Uint16Array.from(kept, (row) => rows.nRivals[row]),
    category: kept.map((row) => rows.category[row]),
    bought: Uint8Array.from(kept, (row) => rows.bought[row]),
    campaigns: stays.map((code) => campaigns[code]),
  }
}

/** Why no response can be learned from these rows; null where one can. */
export function nothingToLearn({ campaign, bought }: Pick<ResponseRows, 'campaign' | 'bought'>): string | null {
  let [offered, offeredBought, otherBought] = [0, 0, 0]
  for (let row = 0; row < campaign.length; row++) {
    if (campaign[row] === NO_OFFER) otherBought += bought[row]
    else {
      offered++
      offeredBought += bought[row]
    }
  }
  const impressions = `${campaign.length} impressions`
  if (campaign.length === 0) return 'no impressions whose offer was drawn'
  if (offered === 0) return `none of ${impressions} had an offer`
  if (offered === campaign.length) return `all of ${impressions} had an offer`
  if (offeredBought + otherBought === campaign.length) return `all of ${impressions} led to a purchase`
  if (Math.min(offeredBought, otherBought) >= LEAST_PURCHASES) return null
  return `${offeredBought} purchases with an offer and ${otherBought} without, of ${LEAST_PURCHASES} each that are needed`
}

/** Throws `invalid_data` with the column, and the value of the first row that cannot be. */
export function checkRows(rows: ResponseRows): void {
  const { shopper, campaigns, mechanisms, features } = rows
  const length = shopper.length
  requireThat('features', features.values.length, features.values.length === features.nShoppers * features.names.length)
  for (const { id, mechanism } of campaigns)
    requireThat(`mechanism of ${id}`, mechanism, mechanisms.includes(mechanism))
  requireThat('campaigns', campaigns.length, new Set(campaigns.map(({ id }) => id)).size === campaigns.length)
  requireColumn('shopper', shopper, length, (value) => value < features.nShoppers || value === NO_INDEX)
  requireColumn('campaign', rows.campaign, length, (value) => value >= NO_OFFER && value < campaigns.length)
  requireColumn('discount', rows.discount, length, (value) => value >= 0 && value <= 1)
  requireColumn('elasticity', rows.elasticity, length, (value) => value <= 0 && Number.isFinite(value))
  requireColumn('offset', rows.offset, length, Number.isFinite)
  requireColumn('timeMs', rows.timeMs, length, Number.isFinite)
  requireColumn('rivals', rows.rivals, length, (value) => value >= 0 && Number.isFinite(value))
  requireColumn('listed', rows.listed, length, Number.isFinite)
  requireColumn('weight', rows.weight, length, (value) => value > 0 && Number.isFinite(value))
  requireColumn('bought', rows.bought, length, (value) => value <= 1)
}

function requireColumn(
  field: string,
  values: ArrayLike<number>,
  length: number,
  isValid: (value: number) => boolean,
): void {
  requireThat(`length of ${field}`, values.length, values.length === length)
  for (let row = 0; row < length; row++) requireThat(field, values[row], isValid(values[row]))
}

function requireThat(field: string, value: unknown, holds: boolean): void {
  if (!holds) throw new OfferwrightError('invalid_data', `invalid ${field}: ${value}`, { field, value })
}
