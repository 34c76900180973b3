/** Logged impressions as the response to offers is learned from them: columns of equal length, and what is known of shoppers. */

/** `campaign` of an impression without an offer. */
export const NO_OFFER = -1

export interface ResponseRows {
  /** Index of the shopper in the snapshot; `NO_INDEX` of training/duckdb.ts where nobody is known. */
  shopper: Uint32Array
  /** Position in `campaigns`, or `NO_OFFER`. */
  campaign: Int32Array
  /** Share of the price taken off, 0 to 1; 0 without an offer. */
  discount: Float64Array
  /** Own-price elasticity of the item, below 0. */
  elasticity: Float64Array
  /** Log-odds of buying without an offer, as scoring told them without the segment's base. */
  offset: Float64Array
  /** Probability with which this action was taken, above 0. */
  propensity: Float64Array
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

/** ε ln(1 − d): how far the offer moves the odds by its price alone. Not below 0. */
export function priceMoves({ elasticity, discount }: ResponseRows): Float64Array {
  return elasticity.map((value, row) => Math.max(0, value * Math.log(1 - Math.min(DEEPEST_SHARE, discount[row]))))
}

/** As serving reads the response (core/scoring/offers/response.ts). */
const DEEPEST_SHARE = 0.95
