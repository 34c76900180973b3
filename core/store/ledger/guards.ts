/** What a redemption has to pass before anything is written, in this order: its code, its campaign, the limits. */
import { codeRefusal } from '../../contract/codes.ts'
import { type ErrorCode, OfferwrightError } from '../../contract/errors.ts'
import type { CampaignSlot } from '../budget-words.ts'
import type { Accounts } from './accounts.ts'
import { type FoundRow, storedOf, usesQuery } from './codes.ts'
import { ledgerSubject } from './personal.ts'
import type { Redemption } from './redemptions.ts'

/** What a campaign lets its codes do. Times in milliseconds since 1970; null: no limit. */
export interface RedemptionTerms {
  isLive: boolean
  startsAt: number
  endsAt: number
  budgetMinor: number | null
  uses: number | null
  usesOfShopper: number | null
  /** What offers hold back of the limits. */
  heldBack: HeldBack
}

export interface HeldBack {
  uses: number
  minor: number
}

export const NOTHING: HeldBack = { uses: 0, minor: 0 }

/** Answers with the terms, which are there. Throws the refusal. */
export async function check(
  accounts: Accounts,
  one: Redemption,
  found: FoundRow,
  terms: RedemptionTerms | undefined,
): Promise<RedemptionTerms> {
  const { campaign } = found
  const refusal = codeRefusal(storedOf(found), one.shopper, one.time)
  if (refusal !== null) throw refusedCode(one.code, refusal, REFUSED[refusal])
  if (terms === undefined) throw refusedCode(one.code, 'code_unknown', `campaign ${campaign} has no such codes now`)
  if (!terms.isLive || one.time < terms.startsAt || one.time >= terms.endsAt)
    throw refusedCode(one.code, 'campaign_not_live', `campaign ${campaign} does not run`)
  const left = await leftOf(accounts, campaign, terms, one.held?.get(campaign))
  if (left.uses < 1) throw refusedCode(one.code, 'limit_reached', `no redemption is left of ${campaign}`)
  const subject = ledgerSubject(one)
  if (terms.usesOfShopper !== null && (await usesOf(accounts, campaign, subject)) >= terms.usesOfShopper)
    throw refusedCode(one.code, 'limit_reached', `${terms.usesOfShopper} of ${campaign} are for one shopper`)
  if (one.discountMinor > left.minor)
    throw new OfferwrightError(
      'budget_exhausted',
      `refused discountMinor: ${one.discountMinor} (${Math.max(0, left.minor)} are left of ${campaign})`,
      { field: 'discountMinor', value: one.discountMinor },
    )
  return terms
}

/** Where a campaign counts by shopper, nobody in particular may have none. */
async function usesOf({ tables }: Accounts, campaign: string, subject: string | null): Promise<number> {
  if (subject === null) return Number.POSITIVE_INFINITY
  const { uses } = await usesQuery(tables, campaign, subject).executeTakeFirstOrThrow()
  return uses
}

/** `own`: what the shopper's offers hold back is theirs to use. */
async function leftOf(
  accounts: Accounts,
  campaign: string,
  terms: RedemptionTerms,
  own: HeldBack = NOTHING,
): Promise<HeldBack> {
  const limits = limitsOf(terms)
  const left = async (slot: 'minor' | 'uses') => {
    const limit = limits[slot]
    return limit === null ? Number.POSITIVE_INFINITY : accounts.availableOf(campaign, slot, limit)
  }
  const { heldBack } = terms
  return {
    uses: (await left('uses')) - heldBack.uses + own.uses,
    minor: (await left('minor')) - heldBack.minor + own.minor,
  }
}

/** Null: no limit. */
export function limitsOf({ budgetMinor, uses }: RedemptionTerms): Record<CampaignSlot, number | null> {
  return { minor: budgetMinor, uses, stock: null }
}

export function refusedCode(code: string, refusal: ErrorCode, why: string): OfferwrightError {
  return new OfferwrightError(refusal, `refused code: ${code} (${why})`, { field: 'code', value: code })
}

const REFUSED = {
  code_used: 'it was used',
  code_reserved: 'it is for another shopper',
  code_expired: 'its time is over',
}
