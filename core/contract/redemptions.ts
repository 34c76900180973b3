/** `POST /v1/redemptions`: an order used a code that is good once. */
import Type, { type Static } from 'typebox'
import { Instant, Key } from './events.ts'

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
}
