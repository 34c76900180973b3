/** What has become of a campaign's codes. */
import { shownCode } from '../../contract/codes.ts'
import type { Database } from './database.ts'

export const CODE_STATES = ['unused', 'used', 'expired'] as const
export type CodeState = (typeof CODE_STATES)[number]

/** Times in milliseconds since 1970. */
export interface ListedCode {
  code: string
  state: CodeState
  shopper: string | null
  expiresAt: number | null
  /** Id of the redemption, and what it took off; null while there is none. */
  redemption: string | null
  discountMinor: number | null
  redeemedAt: number | null
}

interface Row extends Omit<ListedCode, 'state'> {
  prefix: string
}

const CODES_OF_CAMPAIGN = `
FROM batches b JOIN codes c ON c.batch = b.id LEFT JOIN redemptions r ON r.code = c.code WHERE b.campaign = ?`

/** In the order in which batches were made, within one by code. `now`: milliseconds since 1970. */
export function* listCodes(database: Database, campaign: string, now: number): Generator<ListedCode> {
  const rows = database.prepare<[string], Row>(
    `SELECT c.code, b.prefix, c.shopper, b.expires_at AS expiresAt, r.id AS redemption, r.discount_minor AS discountMinor,
       r.redeemed_at AS redeemedAt ${CODES_OF_CAMPAIGN} ORDER BY b.id, c.code`,
  )
  for (const { prefix, code, ...rest } of rows.iterate(campaign))
    yield { code: shownCode(code, prefix), state: stateAt(rest, now), ...rest }
}

function stateAt({ redemption, expiresAt }: Omit<Row, 'code' | 'prefix'>, now: number): CodeState {
  if (redemption !== null) return 'used'
  return expiresAt !== null && now >= expiresAt ? 'expired' : 'unused'
}

/** How many codes there are of each state. */
export function countCodes(database: Database, campaign: string, now: number): Record<CodeState, number> {
  const counts = { unused: 0, used: 0, expired: 0 }
  const rows = database.prepare<[number, string], { state: CodeState; count: number }>(
    `SELECT CASE WHEN r.id IS NOT NULL THEN 'used' WHEN b.expires_at <= ? THEN 'expired' ELSE 'unused' END AS state,
       count(*) AS count ${CODES_OF_CAMPAIGN} GROUP BY 1`,
  )
  for (const { state, count } of rows.all(now, campaign)) counts[state] = count
  return counts
}
