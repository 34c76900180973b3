/** What a decision promised: taken from the budgets before it is answered, and kept for the shopper. */
import type { Decision, IssuedOffer } from '../../core/scoring/decide.ts'
import { itemHashOf } from '../../core/scoring/keys.ts'
import { CAMPAIGN_SLOTS } from '../../core/store/budgets.ts'
import type { SubjectHash } from '../../core/store/shoppers.ts'
import type { WorkContext } from './context.ts'

/** What an offer may come to take of each of its campaign's limits: its amount of money, one redemption, one unit. */
function taken({ amountMinor }: IssuedOffer, limit: number): number {
  return CAMPAIGN_SLOTS[limit] === 'minor' ? amountMinor : 1
}

/** Takes what all offers may cost, or nothing and answers false. */
export function reserveAll(context: WorkContext, issued: IssuedOffer[]): boolean {
  const held: number[] = []
  for (const offer of issued) {
    const slots = context.slots(offer.on.position)
    for (let limit = 0; limit < slots.length; limit++) {
      const amount = taken(offer, limit)
      if (slots[limit] < 0) continue
      if (!context.budgets.reserve(slots[limit], amount)) {
        for (let h = 0; h < held.length; h += 2) context.budgets.add(held[h], held[h + 1])
        return false
      }
      held.push(slots[limit], amount)
    }
  }
  return true
}

/** For the owner of the budgets, who gives back what expires unused. */
export function noteReserved(context: WorkContext, issued: IssuedOffer[]): void {
  const { reserved } = context.results.effects
  for (const offer of issued) {
    const slots = context.slots(offer.on.position)
    for (let limit = 0; limit < slots.length; limit++)
      if (slots[limit] >= 0) {
        const amount = taken(offer, limit)
        reserved.push(slots[limit], amount, offer.validUntil, offer.useProbability * amount)
      }
  }
}

/** The guards have seen that there is room. An offer for one answer alone is not kept. */
export function keepIssued(
  { generation, kept }: WorkContext,
  holder: SubjectHash,
  decision: Decision,
  time: number,
): void {
  for (const { on, item, amountMinor, thresholdMinor, validUntil } of decision.issued) {
    if (validUntil <= time) continue
    const { lo, hi } = item < 0 ? { lo: 0, hi: 0 } : itemHashOf(generation, item)
    const offer = { itemLo: lo, itemHi: hi, campaignHash: on.hash, minor: amountMinor, thresholdMinor, validUntil }
    if (!kept.add(holder, offer, time)) throw new Error(`no room for an offer of ${on.id} that was decided`)
  }
}
