/**
 * Guards: what must hold before an action may be weighed at all. They run in a fixed order and the first that fails
 * names the reason. Nothing that is learned can overrule them.
 */
import type { OfferReason } from '../../contract/answers.ts'
import type { Audience, PromotionPolicy } from '../../contract/campaigns.ts'
import { LIVE_CONTACTS, LIVE_USES, type LiveShopperColumns } from '../../contract/live.ts'
import { BPS } from '../../contract/money.ts'
import type { Live } from '../campaigns/compile.ts'
import { isRunningAt } from '../campaigns/running.ts'
import type { Generation } from '../generation.ts'
import { isHeldOut } from '../identity.ts'
import { hasTrait } from '../traits.ts'

/** What the guards of one decision read. Arrays are by position in the campaign file, Infinity where there is no limit. */
export interface GuardState {
  time: number
  /** Under what live state is kept; null: nobody to count contacts for. */
  subject: string | null
  /** Index of the shopper, or -1, and what the request says of them, as `name=value`. */
  shopper: number
  toldTraits: string[] | undefined
  channel: string | undefined
  live: LiveShopperColumns
  policy: PromotionPolicy
  /** Minor units left of each campaign's budget; lowered as offers are given. */
  remainingMinor: Float64Array
  /** Offers that each campaign may still give; lowered as offers are given. */
  remainingUses: Float64Array
  /** Offers that may still be kept for the shopper; lowered as offers are given. */
  offerRoom: number
  /** Whether offers can carry a code of the shopper's own. */
  givesCodes: boolean
  /** Positions of the campaigns whose budget, or whose number of offers, dropped an action. */
  spent: { budgets: number[]; uses: number[] }
}

/** Why none of a running campaign's actions may be given to this shopper; null: they may. */
export type Barred = OfferReason | null

/**
 * By position in the campaign file; of a campaign that does not run at the decision's time there is none. A shopper has one
 * personal code of a campaign; when it was used there is no more to offer.
 */
export function barredAt(g: Generation, state: GuardState, campaigns: Live[], count: number): (Barred | undefined)[] {
  const barred = new Array<Barred | undefined>(count).fill(undefined)
  for (const campaign of campaigns)
    if (isRunningAt(campaign, state.time))
      barred[campaign.position] =
        barredBy(g, state, campaign) ??
        (campaign.isPersonal && isLimitReached(state, campaign.hash, 1) ? 'limit_reached' : null)
  return barred
}

/** Where all shoppers get the same prices, nothing that counts per shopper may matter; what is not for all is for none. */
export function barredBy(g: Generation, state: GuardState, campaign: Live): OfferReason | null {
  const { audience, holdoutBps } = campaign
  if (state.policy.prices === 'same_for_all') return audience === null ? null : 'audience'
  if (campaign.isPersonal && !state.givesCodes) return 'not_personal'
  if (audience !== null && !isAddressed(g, state, audience)) return 'audience'
  if (isHeldOut(g, state.subject, holdoutBps, campaign.id)) return 'holdout'
  if (isCapReached(state, campaign)) return 'contact_cap'
  return isLimitReached(state, campaign.hash, campaign.perShopper) ? 'limit_reached' : null
}

function isAddressed(g: Generation, state: GuardState, { anyOf, noneOf, channels }: Audience): boolean {
  const { shopper, toldTraits, channel } = state
  const has = (trait: string) => hasTrait(g, shopper, toldTraits, trait)
  return (
    (anyOf === undefined || anyOf.some(has)) &&
    (noneOf === undefined || !noneOf.some(has)) &&
    (channels === undefined || (channel !== undefined && channels.includes(channel)))
  )
}

/** Redemptions are remembered up to a fixed number; where the memory is full, the limit is taken as reached. */
function isLimitReached({ subject, live }: GuardState, hash: number, most: number): boolean {
  if (most === Number.POSITIVE_INFINITY) return false
  if (subject === null || live.nUses === LIVE_USES) return true
  let uses = 0
  for (let i = 0; i < live.nUses; i++) if (live.useHashes[i] === hash) uses++
  return uses >= most
}

/**
 * Whether a further showing could exceed the cap. Showings are remembered up to a fixed number; where the memory is
 * full and its oldest entry still counts, the cap cannot be shown to hold, so it is taken as reached.
 */
function isCapReached({ time, subject, live }: GuardState, { contactCap, hash }: Live): boolean {
  if (contactCap === null) return false
  if (subject === null) return true
  const since = time - contactCap.withinMs
  let showings = 0
  for (let i = 0; i < live.nContacts; i++)
    if (live.contactHashes[i] === hash && live.contactTimes[i] > since) showings++
  const full = live.nContacts === LIVE_CONTACTS && live.contactTimes[LIVE_CONTACTS - 1] > since
  return showings >= contactCap.count || full
}

/** An action before it is weighed: what the shopper would pay and what the shop would keep of it. Minor units. */
export interface Guarded {
  discountMinor: number
  /** What the shopper pays after everything that may still come off. */
  netMinor: number
  costMinor: number
  /** Lowest price of the last 30 days; Infinity where the action lowers no price of an item. */
  priorPriceMinor: number
  /** Price from which the largest personal reduction counts; 0 where the action lowers no price of an item. */
  priceMinor: number
}

/** The first guard that drops an action, or null. */
export function guard(state: GuardState, campaign: Live, barred: Barred, action: Guarded): OfferReason | null {
  return limitGuard(state, campaign, barred, action.discountMinor) ?? priceGuard(state.policy, campaign, action)
}

/** What may be given to this shopper now, of what is left. */
export function limitGuard(
  state: GuardState,
  { position }: Live,
  barred: Barred,
  discountMinor: number,
): OfferReason | null {
  if (barred !== null) return barred
  if (state.remainingUses[position] < 1) {
    note(state.spent.uses, position)
    return 'stock'
  }
  if (state.offerRoom < 1) return 'offers_held'
  if (discountMinor > state.remainingMinor[position]) {
    note(state.spent.budgets, position)
    return 'budget_exhausted'
  }
  return null
}

/** Whether `limitGuard` drops an action; none that takes off less is dropped where it does not. Notes nothing. */
export function isLimited(state: GuardState, { position }: Live, barred: Barred, discountMinor: number): boolean {
  const { remainingUses, offerRoom, remainingMinor } = state
  return barred !== null || remainingUses[position] < 1 || offerRoom < 1 || discountMinor > remainingMinor[position]
}

/** What may be taken off these prices, whoever asks. */
export function priceGuard(policy: PromotionPolicy, { marginFloorBps }: Live, action: Guarded): OfferReason | null {
  const { discountMinor, netMinor, priceMinor, priorPriceMinor } = action
  const marginMinor = netMinor - action.costMinor
  if (marginMinor < 0 || marginMinor * BPS < netMinor * Math.max(marginFloorBps, policy.marginFloorBps))
    return 'margin_floor'
  if (priceMinor - discountMinor >= priorPriceMinor) return 'prior_price'
  if (discountMinor * BPS > priceMinor * policy.priceGapBps && priceMinor > 0) return 'price_gap'
  return null
}

function note(positions: number[], position: number): void {
  if (!positions.includes(position)) positions.push(position)
}

/** An offer was given: later actions of the decision see what is left. */
export function take(state: GuardState, { position }: Live, amountMinor: number): void {
  state.remainingMinor[position] -= amountMinor
  state.remainingUses[position] -= 1
  state.offerRoom -= 1
}
