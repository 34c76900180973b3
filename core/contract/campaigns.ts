/**
 * Campaigns: what a merchant may offer, to whom, how deep and for how much in all.
 * One schema for the file and the API.
 */
import Type, { type Static } from 'typebox'
import { Instant, Key, Trait } from './events.ts'
import type { Condition } from './filters.ts'

const closed = { additionalProperties: false }
const Minor = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })
const MinorOrNone = Type.Integer({ minimum: 0, maximum: 2_147_483_647 })
const Bps = Type.Integer({ minimum: 0, maximum: 10_000 })
const Id = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$' })

const PercentDepth = Type.Object({ percentBps: Type.Integer({ minimum: 1, maximum: 10_000 }) }, closed)
const AmountDepth = Type.Object({ amountMinor: Minor }, closed)
const Depth = Type.Union([PercentDepth, AmountDepth])
const Tier = Type.Object({ thresholdMinor: Minor, rewardMinor: Minor }, closed)
export type Tier = Static<typeof Tier>
export type Depth = Static<typeof Depth>

const Pin = Type.Object({ item: Key, slot: Type.Integer({ minimum: 1, maximum: 100 }) }, closed)

/** Absent lists do not restrict; an item must match every list that is there. */
const Targets = Type.Object(
  {
    items: Type.Optional(Type.Array(Key, { minItems: 1 })),
    categories: Type.Optional(Type.Array(Key, { minItems: 1 })),
    brands: Type.Optional(Type.Array(Key, { minItems: 1 })),
    /** An expression over attributes, as filters have it. */
    where: Type.Optional(Type.Unsafe<Condition>({ type: 'object' })),
  },
  closed,
)
export type Targets = Static<typeof Targets>

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Weekday = (typeof WEEKDAYS)[number]
const Clock = Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' })
const Hours = Type.Object(
  {
    /** Days on which the window begins; all where absent. */
    days: Type.Optional(Type.Array(Type.Enum(WEEKDAYS), { minItems: 1, maxItems: 7 })),
    from: Clock,
    /** Not later than `from`: on the next day. */
    to: Clock,
  },
  closed,
)
export type Hours = Static<typeof Hours>

/** A wall clock of the campaign's zone, `2026-03-29T00:00`. */
const WallClock = Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d(:\\d\\d)?$' })
const When = Type.Union([Instant, WallClock])

const Audience = Type.Object(
  {
    /** The shopper must have one of these traits, and none of those. */
    anyOf: Type.Optional(Type.Array(Trait, { minItems: 1, maxItems: 100 })),
    noneOf: Type.Optional(Type.Array(Trait, { minItems: 1, maxItems: 100 })),
    channels: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { minItems: 1, maxItems: 64 })),
  },
  closed,
)
export type Audience = Static<typeof Audience>

export const STATES = ['draft', 'live', 'paused', 'ended'] as const
export type CampaignState = (typeof STATES)[number]

const common = {
  id: Id,
  name: Type.Optional(Type.String({ maxLength: 200 })),
  state: Type.Enum(STATES),
  startsAt: When,
  endsAt: When,
  /** IANA time zone of wall clocks and of `hours`. */
  zone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  /** Runs only within these windows, day after day. */
  hours: Type.Optional(Type.Array(Hours, { minItems: 1, maxItems: 21 })),
  /** Higher goes first; 0 where absent. */
  priority: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000 })),
  /** Of one group at most one campaign takes effect; where absent, its level is its group. */
  group: Type.Optional(Id),
  audience: Type.Optional(Audience),
  /** Share of shoppers who do not get this campaign, in basis points, besides the shop's hold-out. */
  holdoutBps: Type.Optional(Bps),
  /** Absent: no limit. */
  budgetMinor: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  /**
   * `even`: a price on the budget, and one on the offers that `limits.total` or `stockSetAside` leaves, follow what is used and spread it
   * over the campaign's time. Absent: first come.
   */
  pacing: Type.Optional(Type.Literal('even')),
  /** Redemptions in all, and of one shopper. */
  limits: Type.Optional(
    Type.Object(
      {
        total: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
        perShopper: Type.Optional(Type.Integer({ minimum: 1, maximum: 16 })),
      },
      closed,
    ),
  ),
  /** At most `count` showings to one shopper in `days` days. */
  contactCap: Type.Optional(
    Type.Object(
      { count: Type.Integer({ minimum: 1, maximum: 32 }), days: Type.Integer({ minimum: 1, maximum: 366 }) },
      closed,
    ),
  ),
  targets: Type.Optional(Targets),
  /** Factor on the score of the targets while the campaign runs; what it needs are `targets`. */
  boost: Type.Optional(Type.Number({ minimum: 1, maximum: 10 })),
  /** Items in fixed slots of an answer while the campaign runs; slots count from 1. */
  pins: Type.Optional(Type.Array(Pin, { minItems: 1, maxItems: 100 })),
  /** Least margin left after the discount, in basis points of the reduced price. */
  marginFloorBps: Type.Optional(Bps),
  /**
   * Least margin that the campaign is to win for what it takes off, in basis points: at 15,000 every pound off brings a pound and a half
   * beyond itself, over the whole campaign, as far as responses are known. Single offers may bring less.
   */
  returnFloorBps: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  /** How long an issued offer holds; 0: for the answer that gives it alone, and the next one draws anew. */
  validMinutes: Type.Optional(Type.Integer({ minimum: 0, maximum: 527_040 })),
}

const ladder = Type.Array(Depth, { minItems: 1, maxItems: 16 })
const Times = Type.Integer({ minimum: 1, maximum: 1000 })
const Pieces = Type.Integer({ minimum: 1, maximum: 100 })

export const Campaign = Type.Union([
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('coupon'),
      /** `item`, the default: off each targeted unit; `basket`: off the subtotal of the targeted lines. */
      scope: Type.Optional(Type.Enum(['item', 'basket'])),
      /** Subtotal of the targeted lines from which it counts. */
      minimumSpendMinor: Type.Optional(Minor),
      /** One code for all. Neither this nor `codes`: it applies by itself. */
      code: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' })),
      /**
       * Every code is good once. `offerwright campaigns codes create` makes them; `personal`: decisions offer the campaign too, with
       * a code of the shopper's own.
       */
      codes: Type.Optional(Type.Enum(['single_use', 'personal'])),
      ladder,
    },
    closed,
  ),
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('time_limited'),
      /** Units that may be sold under it. */
      stockSetAside: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
      ladder,
    },
    closed,
  ),
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('spend_threshold'),
      ladder: Type.Array(Tier, { minItems: 1, maxItems: 16 }),
      /** The one tier counts again for each time its threshold is spent, at most `maxTimes` times. */
      every: Type.Optional(Type.Boolean()),
      maxTimes: Type.Optional(Times),
    },
    closed,
  ),
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('bundle'),
      /** So many units of these … */
      buy: Type.Object({ quantity: Pieces, targets: Type.Optional(Targets) }, closed),
      /** … and the cheapest so many of those cost less; 10,000 basis points: nothing. */
      get: Type.Union([
        Type.Object(
          { quantity: Pieces, targets: Type.Optional(Targets), percentBps: PercentDepth.properties.percentBps },
          closed,
        ),
        Type.Object({ quantity: Pieces, targets: Type.Optional(Targets), amountMinor: Minor }, closed),
      ]),
      maxTimes: Type.Optional(Times),
    },
    closed,
  ),
  Type.Object(
    {
      ...common,
      mechanism: Type.Literal('free_shipping'),
      minimumSpendMinor: Type.Optional(Minor),
      /** What the shipping costs the shop. */
      costMinor: MinorOrNone,
    },
    closed,
  ),
])
export type Campaign = Static<typeof Campaign>
export type Mechanism = Campaign['mechanism']

/** How choices are made, shared by all campaigns of the shop. */
const Policy = Type.Object(
  {
    /** Share of shoppers who never get a promotion, in basis points. */
    holdoutBps: Type.Optional(Bps),
    /** Least probability of every action left after the guards; 0 with `temperatureMinor` 0 is plain argmax. */
    explorationFloor: Type.Optional(Type.Number({ minimum: 0, maximum: 0.05 })),
    /** Softmax temperature in minor units of value. 0: no softmax, the best action. */
    temperatureMinor: Type.Optional(Type.Number({ minimum: 0, maximum: 1_000_000 })),
    /** Standard errors of the estimated effect that a value is charged. */
    uncertaintyZ: Type.Optional(Type.Number({ minimum: 0, maximum: 10 })),
    /** Which of several promotions a cart gets where not all of them can count. */
    stacking: Type.Optional(Type.Enum(['best_for_shopper', 'best_for_shop', 'priority'])),
    /** Most that comes off a cart, in basis points of its list subtotal. */
    maxDiscountBps: Type.Optional(Bps),
    /** Least margin of every campaign, in basis points of the reduced price. */
    marginFloorBps: Type.Optional(Bps),
    /** Most that an item may cost one shopper less than another, in basis points of its price. */
    priceGapBps: Type.Optional(Bps),
    /** `same_for_all`: an item's offer depends on nothing of the shopper. */
    prices: Type.Optional(Type.Enum(['personal', 'same_for_all'])),
    /** `joint`: items that carry a cart over a spend threshold rise; `items_first`: offers follow the items. */
    ranking: Type.Optional(Type.Enum(['joint', 'items_first'])),
  },
  closed,
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

export type PromotionPolicy = Required<Static<typeof Policy>>

export const POLICY_DEFAULTS: PromotionPolicy = {
  holdoutBps: 500,
  explorationFloor: 0.01,
  temperatureMinor: 0,
  uncertaintyZ: 1,
  stacking: 'best_for_shopper',
  maxDiscountBps: 10_000,
  marginFloorBps: 0,
  priceGapBps: 10_000,
  prices: 'personal',
  ranking: 'joint',
}

/** Whether it counts with one of its own codes only, each of which is good once. */
export function isSingleUse(campaign: Campaign): boolean {
  return campaign.mechanism === 'coupon' && campaign.codes !== undefined
}

/** Whether decisions offer it, with a code of the shopper's own. */
export function isPersonal(campaign: Campaign): boolean {
  return campaign.mechanism === 'coupon' && campaign.codes === 'personal'
}

export const DEFAULT_VALID_MINUTES = 24 * 60
