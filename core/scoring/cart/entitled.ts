/** Which campaigns may count for a cart at all, before anything is taken off: live, for this shopper, with its code. */
import type { Depth } from '../../contract/campaigns.ts'
import type { Refusal } from '../../contract/quotes.ts'
import type { CompiledCampaigns, Live } from '../campaigns/compile.ts'
import { isOpenAt } from '../campaigns/running.ts'
import type { Generation } from '../generation.ts'
import { itemHashOf } from '../keys.ts'
import { barredBy, type GuardState } from '../offers/guards.ts'
import { counting, heldBackFor, type TypedCodes } from './codes.ts'
import type { Entitled } from './promotion.ts'
import type { Row } from './rows.ts'

export interface Entitlement {
  entitled: Entitled[]
  refused: { live: Live; reason: Refusal }[]
}

/** Offers that the shopper holds count whatever their campaign's state has become. */
export function entitlement(
  g: Generation,
  { all, byHash, policy }: CompiledCampaigns,
  guards: GuardState,
  rows: Row[],
  codes: TypedCodes,
  barred: Refusal | null,
): Entitlement {
  const held = barred === null && policy.prices === 'personal' ? heldOffers(g, byHash, guards, rows) : []
  const result: Entitlement = { entitled: held, refused: [] }
  for (const live of all) {
    const reason = refusalOf(g, guards, live, codes, barred)
    const depth = depthOf(live)
    const isHeld = held.some((offer) => offer.live === live)
    if (reason === null && depth !== undefined) result.entitled.push({ live, depth, onlyItem: null, heldTier: null })
    else if (!isHeld) result.refused.push({ live, reason: reason ?? 'not_offered' })
  }
  return result
}

/**
 * The one depth of a ladder that everybody gets; a longer ladder is for the engine to choose from, and counts only as an
 * offer that the shopper holds. Null: the campaign has no depths.
 */
function depthOf({ definition }: Live): Depth | null | undefined {
  if (definition.mechanism !== 'coupon' && definition.mechanism !== 'time_limited') return null
  return definition.ladder.length === 1 ? definition.ladder[0] : undefined
}

function refusalOf(
  g: Generation,
  guards: GuardState,
  live: Live,
  codes: TypedCodes,
  barred: Refusal | null,
): Refusal | null {
  const { definition } = live
  if (definition.state !== 'live' || guards.time < live.startsAt || guards.time >= live.endsAt) return 'not_live'
  if (!isOpenAt(live, guards.time)) return 'outside_hours'
  if (barred !== null) return barred
  const personal = barredBy(g, guards, live)
  if (personal === 'audience' || personal === 'holdout' || personal === 'limit_reached') return personal
  if (guards.remainingUses[live.position] + heldBackFor(guards.live, live).uses < 1) return 'limit_reached'
  return codeRefusalOf(live, codes)
}

function codeRefusalOf(live: Live, codes: TypedCodes): Refusal | null {
  if (!live.isSingleUse) return live.code === undefined || codes.typed.has(live.code) ? null : 'code_missing'
  const own = counting(codes, live)
  if (own === null) return 'code_missing'
  return own.refusal ?? (own.usesOfShopper >= live.perShopper ? 'limit_reached' : null)
}

/** Each for one unit of its item, or for the basket. */
function heldOffers(g: Generation, byHash: CompiledCampaigns['byHash'], { live: shopper }: GuardState, rows: Row[]) {
  const held: Entitled[] = []
  for (let i = 0; i < shopper.nOffers; i++) {
    const live = byHash.get(shopper.offerCampaigns[i])
    // What its code takes off is booked when that is redeemed; without it nothing would be.
    if (live === undefined || live.isSingleUse) continue
    const [minor, thresholdMinor] = [shopper.offerMinor[i], shopper.offerThresholds[i]]
    const depth = { amountMinor: minor }
    if (thresholdMinor > 0) held.push({ live, depth, onlyItem: null, heldTier: { thresholdMinor, rewardMinor: minor } })
    else {
      const row = rows.find(({ item }) => {
        if (item < 0) return false
        const { lo, hi } = itemHashOf(g, item)
        return lo === shopper.offerItems[2 * i] && hi === shopper.offerItems[2 * i + 1]
      })
      if (row !== undefined) held.push({ live, depth, onlyItem: row.item, heldTier: null })
    }
  }
  return held
}
