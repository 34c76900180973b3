/** What a decision promised: taken from the budgets before it is answered, and kept for the shopper. */
import type { Decision, IssuedOffer } from '../../core/scoring/decide.ts'
import { itemHashOf } from '../../core/scoring/keys.ts'
import { CAMPAIGN_SLOTS } from '../../core/store/budget-words.ts'
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
    for (let limit = 0; limit < CAMPAIGN_SLOTS.length; limit++) {
      const slot = context.slot(offer.on.position, limit)
      if (slot < 0) continue
      const amount = taken(offer, limit)
      if (!context.budgets.reserve(slot, amount)) {
        for (let h = 0; h < held.length; h += 2) context.budgets.add(held[h], held[h + 1])
        return false
      }
      held.push(slot, amount)
    }
  }
  return true
}

/** For the owner of the budgets, who gives back what expires unused and keeps account of returns. */
export function noteReserved(context: WorkContext, issued: IssuedOffer[]): void {
  const { reserved } = context.results
  for (const offer of issued) {
    for (let limit = 0; limit < CAMPAIGN_SLOTS.length; limit++) {
      const slot = context.slot(offer.on.position, limit)
      if (slot < 0) continue
      const amount = taken(offer, limit)
      reserved.push(slot, amount, offer.validUntil, offer.useProbability * amount)
    }
    const account = context.returnSlot(offer.on.position)
    if (account >= 0)
      reserved.push(account, offer.useProbability * offer.amountMinor, offer.validUntil, offer.marginMinor)
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
