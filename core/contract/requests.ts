/** Requests of the HTTP API and of the CLI, which asks the same questions without a server. */
import Type, { type Static } from 'typebox'
import { EVENT_KINDS, Instant, Key, Trait } from './events.ts'
import { Filters } from './filters.ts'

/** Limits at the door; they bound the work of one request. */
export const LIMITS = {
  slots: 100,
  cartLines: 100,
  candidates: 1000,
  exclusions: 1000,
  history: 200,
  batch: 100,
  traits: 32,
} as const

export const CartLine = Type.Object(
  {
    item: Key,
    quantity: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 })),
    /** Unit price in the cart; the catalogue's when absent. */
    priceMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
  },
  { additionalProperties: false },
)
export type CartLine = Static<typeof CartLine>

const HistoryLine = Type.Object(
  {
    item: Key,
    kind: Type.Optional(Type.Enum(EVENT_KINDS)),
  },
  { additionalProperties: false },
)

/** Variety of an answer: caps, and the weight of the score against likeness to what is shown already. */
const Diversity = Type.Object(
  {
    maxPerCategory: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.slots })),
    maxPerBrand: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.slots })),
    /** 1: the score alone; 0: likeness alone. */
    mmr: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  },
  { additionalProperties: false },
)
export type Diversity = Static<typeof Diversity>

const asked = {
  shop: Type.Optional(Key),
  requestId: Type.Optional(Key),
  slots: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.slots })),
  exclude: Type.Optional(Type.Array(Key, { maxItems: LIMITS.exclusions })),
  filters: Type.Optional(Filters),
  diversity: Type.Optional(Diversity),
  /** Counts only with a trusted key; the server's clock otherwise. */
  time: Type.Optional(Instant),
}

const shopperAsked = {
  ...asked,
  shopper: Type.Optional(Key),
  session: Type.Optional(Key),
  /** Newest first; added before what is known of the shopper. */
  history: Type.Optional(Type.Array(HistoryLine, { maxItems: LIMITS.history })),
  cart: Type.Optional(Type.Array(CartLine, { maxItems: LIMITS.cartLines })),
  candidates: Type.Optional(Type.Array(Key, { minItems: 1, maxItems: LIMITS.candidates })),
  /** Item of the page being looked at: context for the answer, never part of it. */
  item: Type.Optional(Key),
  /** `false`: nothing of the shopper is used and no offer is given. */
  personalise: Type.Optional(Type.Boolean()),
  /** `true`: items already bought may be shown again. */
  repurchase: Type.Optional(Type.Boolean()),
}

/** `for_you` is the default. `bought_together` needs an item or a cart, `bought_again` a shopper or a session. */
export const LISTS = ['for_you', 'popular', 'trending', 'new', 'bought_together', 'bought_again'] as const
export type ListName = (typeof LISTS)[number]

export const RecommendRequest = Type.Object(
  { ...shopperAsked, list: Type.Optional(Type.Enum(LISTS)) },
  { additionalProperties: false },
)
export type RecommendRequest = Static<typeof RecommendRequest>

export const DecideRequest = Type.Object(
  {
    ...shopperAsked,
    /** What the caller knows of the shopper, `name=value`, besides what the snapshot does. */
    traits: Type.Optional(Type.Array(Trait, { maxItems: LIMITS.traits })),
    page: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    channel: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    currency: Type.Optional(Type.String({ minLength: 3, maxLength: 3 })),
    /** `true`: every considered action with its value and the guard that dropped it. */
    explain: Type.Optional(Type.Boolean()),
    /** `true`: decides, but reserves no budget and logs no decision. */
    preview: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type DecideRequest = Static<typeof DecideRequest>

export const SimilarRequest = Type.Object({ ...asked, item: Key }, { additionalProperties: false })
export type SimilarRequest = Static<typeof SimilarRequest>

/** Each request is parsed for itself, so that one that does not hold refuses no other. */
export const BatchRequest = Type.Object(
  { requests: Type.Array(Type.Unknown(), { minItems: 1, maxItems: LIMITS.batch }) },
  { additionalProperties: false },
)
export type BatchRequest = Static<typeof BatchRequest>

const ItemChange = Type.Object(
  {
    item: Key,
    priceMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    /** `null`: stock is not counted. */
    stock: Type.Optional(Type.Union([Type.Integer({ minimum: 0, maximum: 2_147_483_647 }), Type.Null()])),
    available: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
export type ItemChange = Static<typeof ItemChange>

export const ItemsRequest = Type.Object(
  { shop: Type.Optional(Key), items: Type.Array(ItemChange, { minItems: 1, maxItems: 1000 }) },
  { additionalProperties: false },
)
export type ItemsRequest = Static<typeof ItemsRequest>
