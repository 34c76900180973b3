/** What has become of a campaign's codes. */
import { shownCode } from '../../contract/codes.ts'
import type { LedgerReader, Tables } from './database.ts'

export const CODE_STATES = ['unused', 'reserved', 'used', 'expired'] as const
export type CodeState = (typeof CODE_STATES)[number]

/** Times in milliseconds since 1970. */
export interface ListedCode {
  code: string
  state: CodeState
  shopper: string | null
  expiresAt: number | null
  /** Id of the redemption that holds it, and what it took off; null while there is none. */
  redemption: string | null
  discountMinor: number | null
  redeemedAt: number | null
}

function codesOf(tables: Tables, campaign: string) {
  return tables
    .selectFrom('batches as b')
    .innerJoin('codes as c', 'c.batch', 'b.id')
    .leftJoin('redemptions as r', (join) => join.onRef('r.code', '=', 'c.code').on('r.holds_code', '=', 1))
    .where('b.campaign', '=', campaign)
}

/** In the order in which batches were made, within one by code. `now`: milliseconds since 1970. */
export function* listCodes(ledger: LedgerReader, campaign: string, now: number): Generator<ListedCode> {
  const rows = codesOf(ledger.tables, campaign)
    .select(['c.code', 'b.prefix', 'c.shopper', 'b.expires_at as expiresAt', 'r.id as redemption'])
    .select(['r.discount_minor as discountMinor', 'r.redeemed_at as redeemedAt', 'r.state as holder'])
    .orderBy('b.id')
    .orderBy('c.code')
  for (const { prefix, code, holder, ...rest } of ledger.each(rows))
    yield { code: shownCode(code, prefix), state: stateAt(holder, rest.expiresAt, now), ...rest }
}

function stateAt(holder: string | null, expiresAt: number | null, now: number): CodeState {
  if (holder !== null) return holder === 'reserved' ? 'reserved' : 'used'
  return expiresAt !== null && now >= expiresAt ? 'expired' : 'unused'
}

/** How many codes there are of each state. */
export function countCodes(ledger: LedgerReader, campaign: string, now: number): Record<CodeState, number> {
  const counts = { unused: 0, reserved: 0, used: 0, expired: 0 }
  const rows = codesOf(ledger.tables, campaign)
    .select(({ fn }) => ['r.state as holder', 'b.expires_at as expiresAt', fn.countAll<number>().as('count')])
    .groupBy(['r.state', 'b.expires_at'])
  for (const { holder, expiresAt, count } of ledger.all(rows)) counts[stateAt(holder, expiresAt, now)] += count
  return counts
}
