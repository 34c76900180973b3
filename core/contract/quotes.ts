/** `POST /v1/quote`: what a cart costs under the campaigns of the shop. */
import Type, { type Static } from 'typebox'
import type { Mechanism } from './campaigns.ts'
import { Instant, Key, Trait } from './events.ts'
import { CartLine, LIMITS } from './requests.ts'

export const QuoteRequest = Type.Object(
  {
    shop: Type.Optional(Key),
    cart: Type.Array(CartLine, { minItems: 1, maxItems: LIMITS.cartLines }),
    shopper: Type.Optional(Key),
    session: Type.Optional(Key),
    /** Codes that the shopper typed in. */
    codes: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 20 })),
    traits: Type.Optional(Type.Array(Trait, { maxItems: LIMITS.traits })),
    channel: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    currency: Type.Optional(Type.String({ minLength: 3, maxLength: 3 })),
    /** What the shopper is charged for shipping. */
    shippingMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    /** `false`: nothing of the shopper is used; only what everybody gets counts. */
    personalise: Type.Optional(Type.Boolean()),
    /** Counts only with a trusted key; the server's clock otherwise. */
    time: Type.Optional(Instant),
  },
  { additionalProperties: false },
)
export type QuoteRequest = Static<typeof QuoteRequest>

/** Why a campaign takes nothing off. */
export const REFUSALS = [
  'not_live',
  'outside_hours',
  'not_personal',
  'holdout',
  'audience',
  'limit_reached',
  'code_missing',
  'code_used',
  'code_reserved',
  'code_expired',
  'not_offered',
  'no_item',
  'minimum_spend',
  'below_threshold',
  'margin_floor',
  'budget_exhausted',
  'group_taken',
  'total_cap',
] as const
export type Refusal = (typeof REFUSALS)[number]

/** Units of a line that pay the same, each. */
export interface QuotedUnits {
  units: number
  netMinor: number
}

export interface QuotedLine {
  item: string
  quantity: number
  priceMinor: number
  listMinor: number
  discountMinor: number
  netMinor: number
  /** What a refund of one unit gives back, dearest first. */
  units: QuotedUnits[]
}

export interface QuotedPromotion {
  campaign: string
  mechanism: Mechanism
  discountMinor: number
  /** What was promised but cannot be given. */
  notGivenMinor: number
  limitedBy: 'margin_floor' | 'total_cap' | null
}

export interface RefusedPromotion {
  campaign: string
  reason: Refusal
  /** What is missing in the cart for it, and what it then takes off. */
  missingMinor?: number
  rewardMinor?: number
}

/** What came of a code that was typed in; null: it counts. */
export interface QuotedCode {
  /** As it was typed. */
  code: string
  /** Null where no campaign has such a code. */
  campaign: string | null
  /** `code_not_needed`: another code of the campaign counts. */
  reason: Refusal | 'code_unknown' | 'code_not_needed' | null
}

export interface QuoteAnswer {
  snapshot: string
  shop: string
  time: number
  currency: string
  /** Names the campaign file. */
  campaignRevision: string
  lines: QuotedLine[]
  promotions: QuotedPromotion[]
  refused: RefusedPromotion[]
  /** In the order of the request. */
  codes: QuotedCode[]
  listMinor: number
  discountMinor: number
  shippingMinor: number
  totalMinor: number
}
