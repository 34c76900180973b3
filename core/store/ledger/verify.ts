/**
 * Whether the books are right: looked up in the ledger as it lies on the disk, by sums over all movements.
 *
 *   balance            an account's balance is what its movements brought, less what they took
 *   limit              the accounts of one limit sum to 0
 *   negative           only `issued` and `available` may lie below 0
 *   redemption         what was moved for a redemption is what its state says
 *   code               a code is held by one redemption
 *   lease              only a server with a lease has anything on a lease's account
 *
 * SQL adds whole numbers of 64 bits, so a sum is exact.
 */
import { type RawBuilder, sql } from 'kysely'
import type { LedgerReader } from './database.ts'

export const CHECKS = ['balance', 'limit', 'negative', 'redemption', 'code', 'lease'] as const
export type Check = (typeof CHECKS)[number]

/** What does not agree: `expected` by the movements or the rules, `found` where it is kept. */
export interface Discrepancy {
  check: Check
  /** The account, the redemption or the code. */
  of: string
  expected: number
  found: number
}

export interface Verified {
  accounts: number
  movements: number
  redemptions: number
  /** Purchases that no budget covered, in minor units: facts that servers were told, and no discrepancy. */
  uncoveredMinor: number
  discrepancies: Discrepancy[]
}

type Found = Omit<Discrepancy, 'check'>

const ACCOUNT = sql<string>`trim(a.campaign || ' ' || a.slot || ' ' || a.place || ' ' || a.holder)`

const QUERIES: Record<Check, RawBuilder<Found>> = {
  balance: sql`
    SELECT ${ACCOUNT} AS "of", coalesce(m.sum, 0) AS expected, a.balance AS found
    FROM accounts a LEFT JOIN (
      SELECT account, sum(amount) AS sum FROM (
        SELECT target AS account, amount FROM movements UNION ALL SELECT source, -amount FROM movements
      ) AS sides GROUP BY account
    ) AS m ON m.account = a.id
    WHERE a.balance <> coalesce(m.sum, 0) ORDER BY 1`,
  limit: sql`
    SELECT campaign || ' ' || slot AS "of", 0 AS expected, sum(balance) AS found
    FROM accounts GROUP BY campaign, slot HAVING sum(balance) <> 0 ORDER BY 1`,
  negative: sql`
    SELECT ${ACCOUNT} AS "of", 0 AS expected, a.balance AS found
    FROM accounts a WHERE a.balance < 0 AND a.place NOT IN ('issued', 'available') ORDER BY 1`,
  redemption: sql`
    SELECT * FROM (
      SELECT r.id || ' ' || s.slot || ' ' || s.place AS "of",
        CASE WHEN r.state = 'expired' OR (s.place = 'reserved') <> (r.state = 'reserved') THEN 0
          WHEN s.slot = 'minor' THEN r.discount_minor - r.reversed_minor
          WHEN r.state = 'reversed' THEN 0 ELSE 1 END AS expected,
        coalesce(m.sum, 0) AS found
      FROM redemptions r
      CROSS JOIN (SELECT DISTINCT slot, place FROM accounts WHERE place IN ('reserved', 'spent') AND slot <> 'stock') AS s
      LEFT JOIN (
        SELECT cause, slot, place, sum(amount) AS sum FROM (
          SELECT m.cause, a.slot, a.place, m.amount FROM movements m JOIN accounts a ON a.id = m.target AND a.holder = ''
          UNION ALL
          SELECT m.cause, a.slot, a.place, -m.amount FROM movements m JOIN accounts a ON a.id = m.source AND a.holder = ''
        ) AS sides GROUP BY cause, slot, place
      ) AS m ON m.cause = r.id AND m.slot = s.slot AND m.place = s.place
    ) AS compared WHERE found <> expected ORDER BY 1`,
  code: sql`
    SELECT code AS "of", 1 AS expected, count(*) AS found
    FROM redemptions WHERE holds_code = 1 GROUP BY code HAVING count(*) > 1 ORDER BY 1`,
  lease: sql`
    SELECT ${ACCOUNT} AS "of", 0 AS expected, a.balance AS found
    FROM accounts a LEFT JOIN leases l ON l.holder || '#' || l.epoch = a.holder
    WHERE a.place = 'lease' AND a.balance <> 0 AND l.holder IS NULL ORDER BY 1`,
}

/** All that does not agree, in the order of `CHECKS`. */
export function verifyLedger(ledger: LedgerReader): Verified {
  const count = (table: 'accounts' | 'movements' | 'redemptions') =>
    ledger.all(ledger.tables.selectFrom(table).select(({ fn }) => fn.countAll<number>().as('count')))[0].count
  return {
    accounts: count('accounts'),
    movements: count('movements'),
    redemptions: count('redemptions'),
    uncoveredMinor: uncovered(ledger),
    discrepancies: CHECKS.flatMap((check) =>
      ledger.all(QUERIES[check]).map(({ of, expected, found }) => ({ check, of, expected, found })),
    ),
  }
}

function uncovered(ledger: LedgerReader): number {
  const [{ minor }] = ledger.all(
    ledger.tables
      .selectFrom('movements as m')
      .innerJoin('accounts as a', 'a.id', 'm.target')
      .select(({ fn }) => fn.sum<number | null>('m.amount').as('minor'))
      .where('m.kind', '=', 'uncovered')
      .where('a.slot', '=', 'minor'),
  )
  return minor ?? 0
}

export interface BalanceRow {
  campaign: string
  slot: string
  place: string
  holder: string
  balance: number
}

/** Every account, in a total order. */
export function balancesOf(ledger: LedgerReader): BalanceRow[] {
  return ledger.all(
    ledger.tables
      .selectFrom('accounts')
      .select(['campaign', 'slot', 'place', 'holder', 'balance'])
      .orderBy('campaign')
      .orderBy('slot')
      .orderBy('place')
      .orderBy('holder'),
  )
}
