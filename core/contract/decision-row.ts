/**
 * A row of the decision log. It holds, or names by revision, every argument of `decide`, so that the decision
 * can be made again bit for bit from the row and its snapshot.
 */
import type { DecideAnswer } from './answers.ts'
import type { EventKind } from './events.ts'
import type { DecideRequest } from './requests.ts'

export const DECISION_ROW_VERSION = 2

/** What was live about one shopper when the decision was made. Newest first; offers as they were issued. */
export interface LiveShopper {
  /** `itemHash`: 16 hex digits, XXH64 of the item key; it outlives snapshots, where an index does not. */
  events: { itemHash: string; kind: EventKind; time: number }[]
  /** Showings of campaigns. `campaignHash`: 8 hex digits, low half of XXH64 of the campaign id. */
  contacts: { campaignHash: string; time: number }[]
  /** Orders that used an offer. */
  uses?: { campaignHash: string; time: number }[]
  /**
   * Offers that still held: `itemHash` all 0 for the basket, `minor` what is taken off where `threshold` is spent, `until`
   * milliseconds since 1970.
   */
  offers?: { itemHash: string; campaignHash: string; minor: number; threshold: number; until: number }[]
  /** How many more offers might be issued. */
  offerRoom?: number
}

/** A campaign's position in the campaign file of `campaignRevision`, and its number. */
export type OfCampaign = [position: number, value: number]

/** What was live about the shop's campaigns, as far as it could matter to the decision. */
export interface LiveCampaigns {
  /** Minor units left of each budget that dropped an action; any other had enough. */
  remainingMinor: OfCampaign[]
  /** Offers that might still be given, of each campaign that an action was dropped for. */
  remainingUses: OfCampaign[]
  /** Price of a minor unit of each budget, where it is above 0. */
  budgetDualPrice: OfCampaign[]
  /** Of an offer that is used, and of a minor unit that a return falls short of its floor; absent: none has a price. */
  stockDualPrice?: OfCampaign[]
  returnDualPrice?: OfCampaign[]
}

/**
 * What one choice drew from: the actions left after the guards and their probabilities. The first action gives nothing and is
 * not named; the others are `campaign#step`, or `campaign#first-last` for neighbouring steps. A probability that n actions in
 * turn share is `[probability, n]`.
 */
export interface LoggedChoice {
  actions: string[]
  probabilities: (number | [probability: number, actions: number])[]
}

/** Every action with its probability; `nothing` comes first. */
export function actionsOf({ actions, probabilities }: LoggedChoice): { action: string; probability: number }[] {
  const names = ['nothing', ...actions.flatMap(stepsOf)]
  const each = probabilities.flatMap((entry) =>
    typeof entry === 'number' ? [entry] : Array.from({ length: entry[1] }, () => entry[0]),
  )
  return names.map((action, i) => ({ action, probability: each[i] }))
}

/** `campaign#2-4` → `campaign#2`, `campaign#3`, `campaign#4`. */
function stepsOf(entry: string): string[] {
  const [campaign, steps] = entry.split('#')
  const [first, last = first] = steps.split('-').map(Number)
  return Array.from({ length: last - first + 1 }, (_, i) => `${campaign}#${first + i}`)
}

/** Minor units; what is missing is above 0. */
export type LoggedTier = [threshold: number, reward: number, missing: number]

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
  /** The shopper's segment of the snapshot's responses, and what it adds to the log-odds of buying. */
  segment: number
  base: number
  request: DecideRequest
  live: LiveShopper
  campaigns: LiveCampaigns
  answer: DecideAnswer
  /** Per slot, then for the basket. */
  propensities: LoggedChoice[]
  /** Of each action of the basket's choice that gives something, in its order; absent where there is none, and in older rows. */
  tiers?: LoggedTier[]
}
