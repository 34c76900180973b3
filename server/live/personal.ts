/**
 * Personal codes and the offers that carry them: what a redemption may use of what offers hold back, and that a shopper whose
 * code was used holds no offer of its campaign any more and is given none.
 */
import { plainCode } from '../../core/contract/codes.ts'
import { hashOf, type KeyRoom, subjectOf } from '../../core/scoring/keys.ts'
import { limitKey } from '../../core/store/budget-words.ts'
import type { HeldBack, RedemptionTerms } from '../../core/store/ledger/guards.ts'
import { ledgerSubject, subjectFromLedger } from '../../core/store/ledger/personal.ts'
import type { Redemption } from '../../core/store/ledger/redemptions.ts'
import { subjectsOf } from '../../core/store/ledger/spending.ts'
import type { LiveCampaigns } from './campaigns.ts'
import type { LiveState } from './state.ts'

/** The terms of all campaigns with codes, with what offers hold back now. */
export function termsNow(campaigns: LiveCampaigns, { budgets }: LiveState): ReadonlyMap<string, RedemptionTerms> {
  const personal = campaigns.personalCodes?.parts.campaigns ?? []
  if (personal.length === 0) return campaigns.redemptionTerms
  const terms = new Map(campaigns.redemptionTerms)
  const heldBack = (key: string) => (budgets.knows(key) ? budgets.heldBack(key) : 0)
  for (const id of personal) {
    const of = terms.get(id)
    const held = { minor: heldBack(limitKey(id, 'minor')), uses: heldBack(limitKey(id, 'uses')) }
    if (of !== undefined) terms.set(id, { ...of, heldBack: held })
  }
  return terms
}

/** What is asked, with what is known of personal codes and of the offers of whoever asks. */
export function withOffers(
  asked: Redemption,
  { personalCodes }: LiveCampaigns,
  { keptOffers }: LiveState,
  room: KeyRoom,
): Redemption {
  const subject = subjectOf(asked)
  if (personalCodes === null || subject === null) return asked
  const hash = hashOf(room, subject)
  const held = personalCodes.parts.campaigns.map((id): [string, HeldBack] => {
    const offers = keptOffers.held(hash, hashOf(room, id).lo, asked.time)
    return [id, { uses: offers.length, minor: offers.reduce((sum, { minor }) => sum + minor, 0) }]
  })
  const personalOf = personalCodes.campaignOf(plainCode(asked.code), ledgerSubject(asked))
  return { ...asked, personalOf, held: new Map(held) }
}

/** After somebody, as the ledger names them, has used a code of a campaign up. `time`: milliseconds since 1970. */
export function endOffers(
  subject: string,
  campaign: string,
  time: number,
  campaigns: LiveCampaigns,
  state: LiveState,
  room: KeyRoom,
): void {
  const named = subjectOf(subjectFromLedger(subject))
  if (named !== null && campaigns.personalCodes?.parts.campaigns.includes(campaign))
    endOffersOf(named, campaign, time, state, room)
}

/** When a server starts: after offers came back from the log. */
export function endRedeemedOffers(file: string, campaigns: LiveCampaigns, state: LiveState, room: KeyRoom): void {
  for (const campaign of campaigns.personalCodes?.parts.campaigns ?? [])
    for (const { subject, redeemedAt } of subjectsOf(file, campaign))
      endOffers(subject, campaign, redeemedAt, campaigns, state, room)
}

/** `time`: of the redemption; offers that were over by then hold nothing back any more. */
function endOffersOf(
  named: string,
  campaign: string,
  time: number,
  { keptOffers, budgets, shoppers }: LiveState,
  room: KeyRoom,
): void {
  const subject = hashOf(room, named)
  const campaignHash = hashOf(room, campaign).lo
  for (const { minor, validUntil } of keptOffers.held(subject, campaignHash, time))
    for (const [slot, amount] of [
      ['minor', minor],
      ['uses', 1],
    ] as const) {
      const key = limitKey(campaign, slot)
      if (budgets.knows(key)) budgets.giveBack(key, amount, validUntil)
    }
  keptOffers.end(subject, campaignHash)
  shoppers.appendUse(subject, { campaignHash, time })
}
