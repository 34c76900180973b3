/**
 * Codes that are good once, over HTTP: `POST /v1/campaigns/{id}/codes` makes them, `POST /v1/redemptions` reserves one,
 * `…/{id}/confirm` uses it up and `…/{id}/reverse` takes it back.
 */
import Type, { type Static } from 'typebox'
import { CODE_LENGTH } from './codes.ts'
import { Instant, Key } from './events.ts'

/** Codes of one call; a command makes more. */
const MOST_CODES = 1000

/** Either `count`, or `shoppers`: one code for each, and for them alone. */
export const CodesRequest = Type.Object(
  {
    count: Type.Optional(Type.Integer({ minimum: 1, maximum: MOST_CODES })),
    shoppers: Type.Optional(Type.Array(Key, { minItems: 1, maxItems: MOST_CODES })),
    prefix: Type.Optional(Type.String({ maxLength: 64 })),
    /** Without the prefix. */
    length: Type.Optional(Type.Integer({ minimum: CODE_LENGTH.least, maximum: CODE_LENGTH.most })),
    /** Absent: good as long as the campaign. */
    expiresAt: Type.Optional(Instant),
  },
  { additionalProperties: false },
)
export type CodesRequest = Static<typeof CodesRequest>

export interface CodesAnswer {
  campaign: string
  /** Milliseconds since 1970; null: as long as the campaign. */
  expiresAt: number | null
  codes: { code: string; shopper: string | null }[]
}

export const RedemptionRequest = Type.Object(
  {
    shop: Type.Optional(Key),
    /** The caller's own name of this redemption: sent again, it is answered the same and books nothing more. */
    id: Key,
    code: Type.String({ minLength: 1, maxLength: 64 }),
    /** What came off the order by it, as the quote said. */
    discountMinor: Type.Integer({ minimum: 0, maximum: 2_147_483_647 }),
    shopper: Type.Optional(Key),
    session: Type.Optional(Key),
    order: Type.Optional(Key),
    /** Counts only with a trusted key; the server's clock otherwise. */
    time: Type.Optional(Instant),
    /** True: used up at once. Absent: reserved, until it is confirmed or its time is over. */
    confirm: Type.Optional(Type.Boolean()),
    /** Of a reservation; 15 where absent. */
    expiresInMinutes: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_080 })),
  },
  { additionalProperties: false },
)
export type RedemptionRequest = Static<typeof RedemptionRequest>

export interface RedemptionAnswer {
  id: string
  code: string
  campaign: string
  discountMinor: number
  /** Milliseconds since 1970. */
  redeemedAt: number
  /** As it was when this was first asked: a request that is sent again is answered the same. */
  state: 'reserved' | 'confirmed'
  /** How long it is reserved, from the first answer on; null: it was confirmed at once. */
  expiresInMinutes: number | null
  /** Milliseconds since 1970; in the answer to a confirmation. */
  confirmedAt?: number
}

export const ReversalRequest = Type.Object(
  {
    /** The caller's own name of this reversal, among those of the redemption. */
    id: Key,
    /** Absent: all that is left of the redemption. */
    amountMinor: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })),
    /** Whether the code is good again when all of it was reversed. */
    reopenCode: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type ReversalRequest = Static<typeof ReversalRequest>

export interface ReversalAnswer {
  redemption: string
  id: string
  amountMinor: number
  /** Of the redemption's discount, after this reversal. */
  leftMinor: number
  /** Milliseconds since 1970. */
  reversedAt: number
}
