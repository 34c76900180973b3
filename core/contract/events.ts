/**
 * What shoppers did. One schema for the HTTP door, the event log and training's import of that log.
 * A stored row is a wire event plus what the server knew: shop, receipt time, sequence.
 */
import Type, { type Static } from 'typebox'
import { MAX_KEY_LENGTH } from './ids.ts'

/**
 * In order of strength; the position is the stored code and never changes, new kinds go to the end.
 * `shown` and `clicked` carry the decision that caused them: contact caps count what was shown.
 */
export const EVENT_KINDS = ['view', 'cart', 'purchase', 'shown', 'clicked', 'uncart'] as const
export type EventKind = (typeof EVENT_KINDS)[number]

export const Key = Type.String({ minLength: 1, maxLength: MAX_KEY_LENGTH })

/** What is known of a shopper, `name=value`. */
export const Trait = Type.String({ pattern: '^[^=\\u0000]{1,64}=[^\\u0000]{1,256}$' })

/** Milliseconds since 1970 (an integer), or an ISO 8601 text with its offset. */
export const Instant = Type.Union([
  Type.Integer({ minimum: 0, maximum: 253402300799999 }),
  Type.String({ minLength: 20, maxLength: 35 }),
])

export const ShopperEvent = Type.Object(
  {
    id: Type.Optional(Key),
    kind: Type.Enum(EVENT_KINDS),
    shopper: Type.Optional(Key),
    session: Type.Optional(Key),
    item: Type.Optional(Key),
    quantity: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
    priceMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    order: Type.Optional(Key),
    /** Campaign of the offer that was shown, clicked or used. */
    campaign: Type.Optional(Key),
    /** What the offer took off, on a purchase that used it. */
    discountMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    decisionId: Type.Optional(Type.String({ pattern: '^[0-9a-f]{32}$' })),
    time: Type.Optional(Instant),
  },
  { additionalProperties: false },
)
export type ShopperEvent = Static<typeof ShopperEvent>

export const EventsRequest = Type.Object(
  {
    shop: Type.Optional(Key),
    events: Type.Array(ShopperEvent, { minItems: 1, maxItems: 1000 }),
  },
  { additionalProperties: false },
)
export type EventsRequest = Static<typeof EventsRequest>

export const EVENT_ROW_VERSION = 1

/** A row of the event log. */
export interface EventRow extends Omit<ShopperEvent, 'time'> {
  v: typeof EVENT_ROW_VERSION
  shop: string
  /** When it happened, milliseconds since 1970. */
  time: number
  /** When the server took it, milliseconds since 1970. */
  receivedAt: number
}
