/** Answers of the HTTP API and of `offerwright decide`: the same bytes for the same arguments. */
import type { Mechanism } from './campaigns.ts'
import type { Fault } from './errors.ts'

/** Why an item is in the answer: the largest real contribution to its score. */
export type ItemReason =
  | { code: 'because_you_bought' | 'because_you_viewed' | 'because_in_cart'; item: string; share: number }
  | { code: 'similar_to'; item: string; share: number }
  | { code: 'popular' }
  | { code: 'trending' }
  | { code: 'new' }
  /** `share` of the orders of `item` hold this one too. */
  | { code: 'bought_together'; item: string; share: number }
  /** Days since the shopper bought it. */
  | { code: 'due_again'; days: number }
  | { code: 'near_your_taste' }
  /** Held by visits or shoppers similar to this one, or by shoppers linked to this one. */
  | { code: 'similar_visits' | 'similar_shoppers' | 'linked_shoppers' }
  /** After the cause: a campaign whose spend threshold the item reaches, that raised the score, or put the item into its slot. */
  | { code: 'reaches_threshold' | 'boosted' | 'pinned'; campaign: string }

/** Why an offer was given, or why none was. In the order of the guards; the first that holds is told. */
export const OFFER_REASONS = [
  'not_personal',
  'holdout',
  'no_campaign',
  'audience',
  'cost_unknown',
  'contact_cap',
  'limit_reached',
  'stock',
  'offers_held',
  'budget_exhausted',
  'margin_floor',
  'prior_price',
  'price_gap',
  'no_incremental_value',
  'explored',
  'incremental_value',
  'kept',
  'already_reached',
] as const
export type OfferReason = (typeof OFFER_REASONS)[number]

export interface ItemOffer {
  campaign: string
  mechanism: Mechanism
  /** How far the price is below the lowest of the last 30 days, in basis points of that, rounded down. */
  percentBps: number
  discountMinor: number
  priceMinor: number
  /** Milliseconds since 1970. */
  validUntil: number
  code?: string
}

/** An action that was weighed, for `explain`. Values in minor units, per shopper who sees it. */
export interface ConsideredAction {
  campaign: string
  discountMinor: number
  purchaseProbability: number
  incrementalMarginMinor: number
  uncertaintyMinor: number
  /**
   * What the campaign's scarce resources that it uses are worth elsewhere: its budget at `budgetDualPrice` a minor unit, its stock of
   * offers at `stockDualPrice` minor units each, and what it falls short of the return floor at `returnDualPrice`; an action that earns more
   * than the floor gets some back.
   */
  resourcePriceMinor: number
  budgetDualPrice: number
  stockDualPrice: number
  returnDualPrice: number
  /** Of these, what costs it most; null: none costs it anything. */
  bindingResource: 'budget' | 'stock' | 'return' | null
  /** Of a spend threshold: what the items shown win by it. */
  jointMinor: number
  valueMinor: number
  propensity: number
  droppedBy: OfferReason | null
}

export interface DecidedItem {
  item: string
  title: string
  /** Bigger is better; comparable within one answer. */
  score: number
  /** Calibrated probability of buying without an offer. */
  purchaseProbability: number
  priceMinor: number
  /** Lowest price of the last 30 days. */
  priorPriceMinor: number
  reasons: ItemReason[]
  offer: ItemOffer | null
  offerReason: OfferReason
  /** Probability with which this offer, or none, was chosen. */
  propensity: number
  considered?: ConsideredAction[]
}

export interface BasketOffer {
  campaign: string
  mechanism: Mechanism
  thresholdMinor: number
  rewardMinor: number
  /** What the cart still lacks. */
  missingMinor: number
  validUntil: number
}

export interface DecideAnswer {
  decisionId: string
  snapshot: string
  shop: string
  time: number
  currency: string
  /** Something of this shopper's history was used. */
  personalised: boolean
  /** The shopper belongs to the permanent hold-out, which gets no promotion. */
  holdout: boolean
  items: DecidedItem[]
  basketOffer: BasketOffer | null
  basketReason: OfferReason
  basketPropensity: number
  basketConsidered?: ConsideredAction[]
  /** The server was busy: popular items, no offers; not logged. Absent otherwise. */
  degraded?: true
}

export interface RecommendedItem {
  item: string
  title: string
  score: number
  priceMinor: number
  reasons: ItemReason[]
}

export interface RecommendAnswer {
  snapshot: string
  shop: string
  personalised: boolean
  items: RecommendedItem[]
  /** The server was busy: popular items. Absent otherwise. */
  degraded?: true
}

/** In the order of the requests; a refusal's field is one of its own request. */
export interface BatchAnswer<Answer> {
  answers: (Answer | { error: Fault })[]
}
