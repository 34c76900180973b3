/**
 * Guards: what must hold before an action may be weighed at all. They run in a fixed order and the first that fails
 * names the reason. Nothing that is learned can overrule them.
 */
import type { OfferReason } from '../contract/answers.ts'
import { LIVE_CONTACTS, type LiveShopperColumns } from '../contract/live.ts'
import { BPS } from '../contract/money.ts'

/** What the guards of one decision read. */
export interface GuardState {
  time: number
  /** False: nobody to count contacts for. */
  identified: boolean
  live: LiveShopperColumns
  /** Minor units left of each campaign's budget, by position; Infinity where there is no limit. Lowered as offers are given. */
  remainingMinor: Float64Array
}

interface Guarded {
  position: number
  hash: number
  startsAt: number
  endsAt: number
  contactCap: { count: number; withinMs: number } | null
  marginFloorBps: number
}

/** A campaign that runs at the decision's time, with what holds for all its actions. */
export interface Running<C extends Guarded> {
  campaign: C
  isCapReached: boolean
}

export function runningOf<C extends Guarded>(state: GuardState, campaigns: C[]): Running<C>[] {
  const running: Running<C>[] = []
  for (const campaign of campaigns)
    if (campaign.startsAt <= state.time && state.time < campaign.endsAt)
      running.push({ campaign, isCapReached: isCapReached(state, campaign) })
  return running
}

/**
 * The first guard that drops an action, or null. `netMinor` is what the shopper pays after the discount and
 * `marginMinor` what of it is left over the cost.
 */
export function guard(
  state: GuardState,
  { campaign, isCapReached }: Running<Guarded>,
  discountMinor: number,
  netMinor: number,
  marginMinor: number,
): OfferReason | null {
  if (isCapReached) return 'contact_cap'
  if (marginMinor * BPS < netMinor * campaign.marginFloorBps || marginMinor < 0) return 'margin_floor'
  if (discountMinor > state.remainingMinor[campaign.position]) return 'budget_exhausted'
  return null
}

/**
 * Whether a further showing could exceed the cap. Showings are remembered up to a fixed number; where the memory is
 * full and its oldest entry still counts, the cap cannot be shown to hold, so it is taken as reached.
 */
function isCapReached({ time, identified, live }: GuardState, { contactCap, hash }: Guarded): boolean {
  if (contactCap === null) return false
  if (!identified) return true
  const since = time - contactCap.withinMs
  let showings = 0
  for (let i = 0; i < live.nContacts; i++)
    if (live.contactHashes[i] === hash && live.contactTimes[i] > since) showings++
  const full = live.nContacts === LIVE_CONTACTS && live.contactTimes[LIVE_CONTACTS - 1] > since
  return showings >= contactCap.count || full
}
