/**
 * A row of the decision log. It holds, or names by revision, every argument of `decide`, so that the decision
 * can be made again bit for bit from the row and its snapshot.
 */
import type { DecideAnswer } from './answers.ts'
import type { EventKind } from './events.ts'
import type { DecideRequest } from './requests.ts'

export const DECISION_ROW_VERSION = 1

/** What was live about one shopper when the decision was made. Newest first. */
export interface LiveShopper {
  /** `itemHash`: 16 hex digits, XXH64 of the item key; it outlives snapshots, where an index does not. */
  events: { itemHash: string; kind: EventKind; time: number }[]
  /** Showings of campaigns. `campaignHash`: 8 hex digits, low half of XXH64 of the campaign id. */
  contacts: { campaignHash: string; time: number }[]
}

/** What was live about the shop's campaigns, in the order of the campaign file of `campaignRevision`. */
export interface LiveCampaigns {
  /** Minor units left of each budget; null where there is no limit. */
  remainingMinor: (number | null)[]
  /** Price of a minor unit of each budget, at least 0. */
  budgetDualPrice: number[]
}

export interface DecisionRow {
  v: typeof DECISION_ROW_VERSION
  shop: string
  snapshot: string
  /** First 16 hex digits of the SHA-256 of the campaign file. */
  campaignRevision: string
  /** Number of live catalogue changes that had been applied. */
  catalogueRevision: number
  time: number
  /** Whether the caller's own time counted. */
  trusted: boolean
  request: DecideRequest
  live: LiveShopper
  campaigns: LiveCampaigns
  answer: DecideAnswer
  /** Per slot, then for the basket: probabilities of all actions left after the guards; action 0 gives nothing, others are `campaign#step`. */
  propensities: { actions: string[]; probabilities: number[] }[]
}
