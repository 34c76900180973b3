/**
 * What the demo shop's truth is made of. `truth.json` holds exactly this: with the seed in it, every taste, price and
 * purchase probability can be computed again, so no table of truths is stored.
 */
import { readFile } from 'node:fs/promises'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import { CATEGORIES } from './categories.ts'
import { traitTable } from './traits.ts'

const Share = Type.Number({ minimum: 0, maximum: 1 })
const Count = Type.Integer({ minimum: 1, maximum: 100_000_000 })

/** In the order of their stored code. */
export const SHOPPER_TYPES = ['persuadable', 'always_buyer', 'lost_cause', 'sleeping_dog'] as const
export type ShopperType = (typeof SHOPPER_TYPES)[number]

const TypeTruth = Type.Object({
  type: Type.Union(SHOPPER_TYPES.map((type) => Type.Literal(type))),
  share: Share,
  /** Added to the log-odds of every purchase. */
  logOdds: Type.Number(),
  /** Multiplies the category's elasticity. */
  priceResponse: Type.Number({ minimum: 0 }),
  /** Added to the log-odds when any offer is shown, whatever its depth. */
  offerLogOdds: Type.Number(),
  /** Chances of the tiers for a shopper of the type, if tiers told of types as much as they can: see `traits.ts`. */
  tiers: Type.Array(Share),
})

const ChannelTruth = Type.Object({ name: Type.String({ pattern: '^[a-z]+$' }), share: Share })

const CategoryTruth = Type.Object({
  name: Type.String({ minLength: 1 }),
  priceMinor: Type.Integer({ minimum: 1 }),
  marginBps: Type.Integer({ minimum: 0, maximum: 10_000 }),
  elasticity: Type.Number({ maximum: 0 }),
  cycleDays: Type.Integer({ minimum: 0, maximum: 365 }),
  peakWeek: Type.Integer({ minimum: 0, maximum: 52 }),
})

export const TruthParameters = Type.Object(
  {
    version: Type.Literal(2),
    seed: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    items: Type.Integer({ minimum: 100, maximum: 5_000_000 }),
    shoppers: Count,
    /** Aimed at; the files hold about as many. */
    events: Count,
    /** First day, UTC, milliseconds since 1970. */
    startMs: Type.Integer({ minimum: 0 }),
    weeks: Type.Integer({ minimum: 1, maximum: 520 }),
    categories: Type.Array(CategoryTruth, { minItems: 1, maxItems: 1000 }),
    types: Type.Array(TypeTruth, { minItems: SHOPPER_TYPES.length, maxItems: SHOPPER_TYPES.length }),
    /** What the shop knows of every shopper: a tier, which hints at the type, and a channel, which says nothing. */
    tiers: Type.Array(Type.String({ pattern: '^[a-z]+$' }), { minItems: 1, maxItems: 32 }),
    channels: Type.Array(ChannelTruth, { minItems: 1, maxItems: 32 }),
    /** Share of the variance of the shoppers' response to an offer that their tiers leave unexplained. */
    hiddenResponse: Share,
    /** Log-odds of buying a viewed item at its reference price, before quality, taste and type. */
    logOdds: Type.Number(),
    qualitySd: Type.Number({ minimum: 0 }),
    /** Log-odds per unit of cosine-like agreement of shopper's and item's vectors. */
    tasteWeight: Type.Number({ minimum: 0 }),
    tasteDimensions: Type.Integer({ minimum: 2, maximum: 64, multipleOf: 2 }),
    /** Spread of the shoppers' own price sensitivity, in logarithms. */
    sensitivitySd: Type.Number({ minimum: 0 }),
    activitySd: Type.Number({ minimum: 0 }),
    /** Log-odds added when a consumable is used up. */
    dueLogOdds: Type.Number(),
    /** Log-odds of the season's peak over its absence. */
    seasonLogOdds: Type.Number({ minimum: 0 }),
    /** What offers seen of late do: they dull the response, and make the shopper wait for the next. */
    habituation: Type.Object({
      dulling: Type.Number({ minimum: 0 }),
      waitingLogOdds: Type.Number({ minimum: 0 }),
      days: Type.Number({ exclusiveMinimum: 0 }),
    }),
    /** What a purchase at a discount of share 1 would take off the log-odds of the category for some weeks. */
    forwardBuying: Type.Object({ logOdds: Type.Number({ minimum: 0 }), days: Type.Number({ exclusiveMinimum: 0 }) }),
    /** What a discount of share 1 on an item takes off the log-odds of the others of its category in the same visit. */
    cannibalisationLogOdds: Type.Number({ minimum: 0 }),
    /** Spread of a price period's list price around the reference price, in logarithms. */
    priceSd: Type.Number({ minimum: 0 }),
    pricePeriodWeeks: Type.Integer({ minimum: 1 }),
    /** Share of the categories with a promotion in a week, and the depths drawn evenly per shopper; 0 is the control. */
    promotedShare: Share,
    promotedDepthsBps: Type.Array(Type.Integer({ minimum: 0, maximum: 9000 }), { minItems: 1 }),
    anonymousShare: Share,
    abandonedCartShare: Share,
    costUnknownShare: Share,
    outOfStockShare: Share,
    unavailableShare: Share,
    stockUncountedShare: Share,
    /** Faulty rows written per true row. */
    dirt: Share,
  },
  { additionalProperties: false },
)
export type TruthParameters = Static<typeof TruthParameters>

export interface ShopSize {
  items: number
  shoppers: number
  events: number
  seed: number
  dirt: number
}

export const DEFAULT_SIZE: ShopSize = { items: 20_000, shoppers: 50_000, events: 1_500_000, seed: 1, dirt: 0.001 }

/** Half of why shoppers answer offers differently is nothing that a shop can see. */
export const DEFAULT_HIDDEN_RESPONSE = 0.5

/** Throws `invalid_value` with the field that is out of range. */
export function truthParameters(size: Partial<ShopSize & { hiddenResponse: number }> = {}): TruthParameters {
  return parseTruth({
    version: 2,
    currency: 'GBP',
    hiddenResponse: DEFAULT_HIDDEN_RESPONSE,
    ...DEFAULT_SIZE,
    ...size,
    startMs: Date.UTC(2025, 0, 1),
    weeks: 52,
    categories: CATEGORIES.map(({ name, priceMinor, marginBps, elasticity, cycleDays, peakWeek }) => ({
      name,
      priceMinor,
      marginBps,
      elasticity,
      cycleDays,
      peakWeek,
    })),
    types: [
      {
        type: 'persuadable',
        share: 0.45,
        logOdds: -0.2,
        priceResponse: 1.45,
        offerLogOdds: 0.1,
        tiers: [0.44, 0.48, 0.05, 0.01, 0.01, 0.01],
      },
      {
        type: 'always_buyer',
        share: 0.2,
        logOdds: 0.8,
        priceResponse: 0.15,
        offerLogOdds: 0,
        tiers: [0.02, 0.03, 0.4, 0.53, 0.01, 0.01],
      },
      {
        type: 'lost_cause',
        share: 0.27,
        logOdds: -1.8,
        priceResponse: 0.2,
        offerLogOdds: 0,
        tiers: [0.04, 0.02, 0.12, 0.04, 0.02, 0.76],
      },
      {
        type: 'sleeping_dog',
        share: 0.08,
        logOdds: 0.2,
        priceResponse: 0.3,
        offerLogOdds: -0.8,
        tiers: [0.01, 0.01, 0.02, 0.02, 0.92, 0.02],
      },
    ],
    tiers: ['bronze', 'silver', 'gold', 'platinum', 'club', 'trade'],
    channels: [
      { name: 'web', share: 0.5 },
      { name: 'app', share: 0.35 },
      { name: 'email', share: 0.15 },
    ],
    logOdds: -2.8,
    qualitySd: 0.4,
    tasteWeight: 0.8,
    tasteDimensions: 8,
    sensitivitySd: 0.25,
    activitySd: 0.9,
    dueLogOdds: 1.5,
    seasonLogOdds: 0.4,
    habituation: { dulling: 0.03, waitingLogOdds: 0.005, days: 21 },
    forwardBuying: { logOdds: 1.2, days: 28 },
    cannibalisationLogOdds: 0.6,
    priceSd: 0.1,
    pricePeriodWeeks: 4,
    promotedShare: 0.25,
    promotedDepthsBps: [0, 500, 1000, 1500, 2000, 3000],
    anonymousShare: 0.06,
    abandonedCartShare: 0.07,
    costUnknownShare: 0.03,
    outOfStockShare: 0.02,
    unavailableShare: 0.01,
    stockUncountedShare: 0.05,
  })
}

const validator = Compile(TruthParameters)

export async function readTruth(file: string): Promise<TruthParameters> {
  return parseTruth(parseJson(await readFile(file, 'utf8'), file))
}

/** Throws `invalid_value` naming the first field that does not fit. */
export function parseTruth(value: unknown): TruthParameters {
  const parameters = parseAs<TruthParameters>(validator, value)
  parameters.types.forEach(({ tiers }, type) => {
    if (tiers.length !== parameters.tiers.length)
      throw new OfferwrightError(
        'invalid_value',
        `invalid types[${type}].tiers: ${tiers.length} chances (one a tier)`,
        {
          field: `types[${type}].tiers`,
          value: tiers.length,
        },
      )
  })
  traitTable(parameters)
  return parameters
}
