/**
 * What the offers of campaigns that owe a return were expected to cost and to add to the margin when they were given. In memory alone:
 * a server that starts anew begins a new account, as it begins pacing anew.
 */
import type { CampaignId } from '../contract/ids.ts'
import { BUDGET_SLOTS } from './budget-words.ts'

/** Campaigns that are remembered at once. */
export const RETURN_SLOTS = 4096

interface Account {
  slot: number
  costMinor: number
  marginMinor: number
}

export class ReturnAccounts {
  readonly #accounts = new Map<CampaignId, Account>()
  readonly #bySlot: Account[] = []

  /** The campaign's slot, behind those of all budgets; it keeps it as long as the process lives. */
  slotOf(campaign: CampaignId): number {
    return this.#account(campaign).slot
  }

  /** Whether a slot is one of these. */
  has(slot: number): boolean {
    return slot >= BUDGET_SLOTS
  }

  noteGiven(slot: number, costMinor: number, marginMinor: number): void {
    const account = this.#bySlot[slot - BUDGET_SLOTS]
    account.costMinor += costMinor
    account.marginMinor += marginMinor
  }

  /** Minor units, of all offers so far. */
  of(campaign: CampaignId): { costMinor: number; marginMinor: number } {
    const { costMinor, marginMinor } = this.#account(campaign)
    return { costMinor, marginMinor }
  }

  #account(campaign: CampaignId): Account {
    const known = this.#accounts.get(campaign)
    if (known) return known
    if (this.#bySlot.length === RETURN_SLOTS)
      throw new RangeError(`more than ${RETURN_SLOTS} campaigns with a return floor since the start`)
    const account = { slot: BUDGET_SLOTS + this.#bySlot.length, costMinor: 0, marginMinor: 0 }
    this.#accounts.set(campaign, account)
    this.#bySlot.push(account)
    return account
  }
}
