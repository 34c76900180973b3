/**
 * Takes erased shoppers out of the ledger. What they redeemed stays booked, by nobody; a code that was theirs alone stays theirs
 * alone, so nobody's. SQLite overwrites what it frees (`secure_delete`), and the write-ahead log is emptied afterwards.
 */
import { existsSync } from 'node:fs'
import type { Erasures } from '../erasure/erasures.ts'
import { type Ledger, openLedger, type Tables } from './database.ts'
import { subjectFromLedger } from './personal.ts'

/** No shopper has an empty key. */
const NOBODY = ''
const ROWS_AT_ONCE = 500

/** How many rows named one. `file`: of the ledger; one that is not there names nobody. */
export async function eraseFromLedger(file: string, erasures: Erasures): Promise<number> {
  if (erasures.isEmpty || !existsSync(file)) return 0
  const ledger = openLedger(file)
  try {
    const redemptions = await redemptionsOf(ledger, erasures)
    const codes = await codesOf(ledger, erasures)
    await inChunks(ledger, redemptions, (tables, ids) =>
      tables.updateTable('redemptions').set({ subject: null }).where('id', 'in', ids).execute(),
    )
    await inChunks(ledger, codes, (tables, some) =>
      tables.updateTable('codes').set({ shopper: NOBODY }).where('code', 'in', some).execute(),
    )
    const erased = redemptions.length + codes.length
    if (erased > 0) ledger.emptyLog()
    return erased
  } finally {
    ledger.close()
  }
}

async function redemptionsOf({ tables }: Ledger, erasures: Erasures): Promise<string[]> {
  const rows = await tables
    .selectFrom('redemptions')
    .select(['id', 'subject', 'redeemed_at as time'])
    .where('subject', 'like', 'shopper:%')
    .execute()
  return rows
    .filter(({ subject, time }) => erasures.hasRow({ ...subjectFromLedger(subject as string), time }))
    .map(({ id }) => id)
}

async function codesOf({ tables }: Ledger, erasures: Erasures): Promise<string[]> {
  const rows = await tables
    .selectFrom('codes')
    .innerJoin('batches', 'batches.id', 'codes.batch')
    .select(['code', 'shopper', 'created_at as time'])
    .where('shopper', 'is not', null)
    .execute()
  return rows.filter(({ shopper, time }) => erasures.has(shopper as string, time)).map(({ code }) => code)
}

async function inChunks(
  ledger: Ledger,
  all: string[],
  change: (tables: Tables, some: string[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < all.length; from += ROWS_AT_ONCE)
    await ledger.write((tables) => change(tables, all.slice(from, from + ROWS_AT_ONCE)))
}
