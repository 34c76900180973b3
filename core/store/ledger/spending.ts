/** What the codes of campaigns have used, and who used them. */
import type { CampaignSlot } from '../budget-words.ts'
import { type Accounts, account } from './accounts.ts'
import { openLedgerToRead } from './database.ts'

/** All redemptions of a campaign, those that are not confirmed yet among them. */
export interface Spent {
  campaign: string
  uses: number
  minor: number
}

export async function spentOf(accounts: Accounts, campaign: string): Promise<Spent> {
  const sum = async (slot: CampaignSlot) =>
    (await accounts.balance(account(campaign, slot, 'reserved'))) +
    (await accounts.balance(account(campaign, slot, 'spent')))
  return { campaign, uses: await sum('uses'), minor: await sum('minor') }
}

/** What every campaign's codes have used so far, or reserved. */
export function spentByCodes(file: string): Spent[] {
  const ledger = openLedgerToRead(file)
  if (ledger === null) return []
  try {
    const rows = ledger.tables
      .selectFrom('accounts')
      .select(({ fn }) => ['campaign', 'slot', fn.sum<number>('balance').as('balance')])
      .where('place', 'in', ['reserved', 'spent'])
      .where('holder', '=', '')
      .groupBy(['campaign', 'slot'])
      .orderBy('campaign')
    const spent = new Map<string, Spent>()
    for (const { campaign, slot, balance } of ledger.all(rows)) {
      const known = spent.get(campaign) ?? { campaign, uses: 0, minor: 0 }
      spent.set(campaign, slot === 'minor' || slot === 'uses' ? { ...known, [slot]: balance } : known)
    }
    return [...spent.values()]
  } finally {
    ledger.close()
  }
}

/** Who has used a code of one campaign, and when; nobody in particular left out. */
export function subjectsOf(file: string, campaign: string): { subject: string; redeemedAt: number }[] {
  const ledger = openLedgerToRead(file)
  if (ledger === null) return []
  try {
    const rows = ledger.tables
      .selectFrom('redemptions')
      .select(['subject', 'redeemed_at as redeemedAt'])
      .where('campaign', '=', campaign)
      .where('holds_code', '=', 1)
      .where('confirmed_at', 'is not', null)
      .where('subject', 'is not', null)
      .orderBy('redeemed_at')
      .orderBy('id')
    return ledger.all(rows).map(({ subject, redeemedAt }) => ({ subject: subject as string, redeemedAt }))
  } finally {
    ledger.close()
  }
}
