/**
 * Campaigns: what a merchant may offer, to whom, how deep and for how much in all.
 * One schema for the file and, later, the API.
 */
import Type, { type Static } from 'typebox'
import { Instant, Key } from './events.ts'

const PercentDepth = Type.Object(
  { percentBps: Type.Integer({ minimum: 1, maximum: 10_000 }) },
  { additionalProperties: false },
)
const AmountDepth = Type.Object(
  { amountMinor: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) },
  { additionalProperties: false },
)
const Tier = Type.Object(
  {
    thresholdMinor: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
    rewardMinor: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }),
  },
  { additionalProperties: false },
)
export type Tier = Static<typeof Tier>
export type Depth = Static<typeof PercentDepth> | Static<typeof AmountDepth>

const Pin = Type.Object(
  { item: Key, slot: Type.Integer({ minimum: 1, maximum: 100 }) },
  { additionalProperties: false },
)

const common = {
  id: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' }),
  name: Type.Optional(Type.String({ maxLength: 200 })),
  state: Type.Union([Type.Literal('draft'), Type.Literal('live'), Type.Literal('paused'), Type.Literal('ended')]),
  startsAt: Instant,
  endsAt: Instant,
  /** Absent: no limit. */
  budgetMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  /** At most `count` showings to one shopper in `days` days. */
  contactCap: Type.Optional(
    Type.Object(
      { count: Type.Integer({ minimum: 1, maximum: 32 }), days: Type.Integer({ minimum: 1, maximum: 366 }) },
      { additionalProperties: false },
    ),
  ),
  /** Absent lists do not restrict; an item must match every list that is there. */
  targets: Type.Optional(
    Type.Object(
      {
        items: Type.Optional(Type.Array(Key, { minItems: 1 })),
        categories: Type.Optional(Type.Array(Key, { minItems: 1 })),
        brands: Type.Optional(Type.Array(Key, { minItems: 1 })),
      },
      { additionalProperties: false },
    ),
  ),
  /** Factor on the score of the targets while the campaign runs; what it needs are `targets`. */
  boost: Type.Optional(Type.Number({ minimum: 1, maximum: 10 })),
  /** Items in fixed slots of an answer while the campaign runs; slots count from 1. */
  pins: Type.Optional(Type.Array(Pin, { minItems: 1, maxItems: 100 })),
  /** Least margin left after the discount, in basis points of the reduced price. */
  marginFloorBps: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
  /** How long an issued offer holds; 0: for the answer that gives it alone, and the next one draws anew. */
  validMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 527_040 })),
}

export const Campaign = Type.Union([
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('coupon'),
      code: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
      ladder: Type.Array(Type.Union([PercentDepth, AmountDepth]), { minItems: 1, maxItems: 16 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('time_limited'),
      ladder: Type.Array(Type.Union([PercentDepth, AmountDepth]), { minItems: 1, maxItems: 16 }),
    },
    { additionalProperties: false },
  ),
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('spend_threshold'),
      ladder: Type.Array(Tier, { minItems: 1, maxItems: 16 }),
    },
    { additionalProperties: false },
  ),
])
export type Campaign = Static<typeof Campaign>
export type Mechanism = Campaign['mechanism']

/** How choices are made, shared by all campaigns of the shop. */
const Policy = Type.Object(
  {
    /** Share of shoppers who never get a promotion, in basis points. */
    holdoutBps: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    /** Least probability of every action left after the guards; 0 with `temperatureMinor` 0 is plain argmax. */
    explorationFloor: Type.Optional(Type.Number({ minimum: 0, maximum: 0.05 })),
    /** Softmax temperature in minor units of value. 0: no softmax, the best action. */
    temperatureMinor: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000 })),
    /** Standard errors of the estimated effect that a value is charged. */
    uncertaintyZ: Type.Optional(Type.Number({ minimum: 0, maximum: 10 })),
    marginFloorBps: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    priceGapBps: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
    prices: Type.Optional(Type.Union([Type.Literal('personal'), Type.Literal('same_for_all')])),
    ranking: Type.Optional(Type.Union([Type.Literal('joint'), Type.Literal('items_first')])),
  },
  { additionalProperties: false },
)

export const CampaignFile = Type.Object(
  {
    version: Type.Literal(1),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    policy: Type.Optional(Policy),
    campaigns: Type.Array(Campaign, { maxItems: 1000 }),
  },
  { additionalProperties: false },
)
export type CampaignFile = Static<typeof CampaignFile>

export const POLICY_DEFAULTS: Required<Static<typeof Policy>> = {
  holdoutBps: 500,
  explorationFloor: 0.01,
  temperatureMinor: 0,
  uncertaintyZ: 1,
  marginFloorBps: 0,
  priceGapBps: 10_000,
  prices: 'personal',
  ranking: 'joint',
}
export type PromotionPolicy = typeof POLICY_DEFAULTS

export const DEFAULT_VALID_MINUTES = 24 * 60
