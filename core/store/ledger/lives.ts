/** The lives of servers that have leases: each begins with an epoch of its own, is prolonged, and is over when it is not. */
import type { CampaignSlot } from '../budget-words.ts'
import { type Accounts, account, type Place } from './accounts.ts'
import type { Tables } from './database.ts'
import type { Renewal } from './leases.ts'

/** Whose account a life's lease is. */
export function leaseOf(holder: string, epoch: number): string {
  return `${holder}#${epoch}`
}

/** Of all servers and lives, in the order in which they began. */
export async function newLife({ tables }: Accounts, holder: string): Promise<number> {
  const { epoch } = await tables
    .updateTable('ledger')
    .set(({ eb }) => ({ epoch: eb('epoch', '+', 1) }))
    .returning('epoch')
    .executeTakeFirstOrThrow()
  await tables.insertInto('leases').values({ holder, epoch, expires_ms: 0, held_until_ms: 0 }).execute()
  return epoch
}

function newestLife(tables: Tables, holder: string) {
  return tables
    .selectFrom('leases')
    .select(['epoch', 'expires_ms'])
    .where('holder', '=', holder)
    .orderBy('epoch', 'desc')
    .executeTakeFirst()
}

/** False where the lease has ended, or a later life has begun. */
export async function prolong(
  { tables, time }: Accounts,
  { holder, epoch: told, heldForMs, ends }: Renewal,
  epoch: number,
  ttlMs: number,
): Promise<boolean> {
  const newest = await newestLife(tables, holder)
  if (newest?.epoch !== epoch || (told !== 0 && newest.expires_ms <= time)) return false
  await tables
    .updateTable('leases')
    .set({ expires_ms: ends ? time : time + ttlMs, held_until_ms: time + Math.max(0, heldForMs) })
    .where('holder', '=', holder)
    .where('epoch', '=', epoch)
    .execute()
  return true
}

/**
 * Returns what lies on leases that are over; and when the offers are over that a life has told of, what was held for them, but
 * for limits of which a later life of the server tells itself.
 */
export async function expireLeases(accounts: Accounts): Promise<void> {
  const { tables, time } = accounts
  const over = await tables.selectFrom('leases').selectAll().where('expires_ms', '<=', time).orderBy('epoch').execute()
  for (const { holder, epoch, held_until_ms } of over) {
    await returnAll(accounts, 'lease', leaseOf(holder, epoch), 'returned')
    if (held_until_ms > time) continue
    await tables.deleteFrom('leases').where('holder', '=', holder).where('epoch', '=', epoch).execute()
    const later = await newestLife(tables, holder)
    await returnAll(accounts, 'held', holder, 'freed', later === undefined ? null : leaseOf(holder, later.epoch))
  }
}

/** `unless`: limits that have an account of this lease are left out. */
async function returnAll(
  accounts: Accounts,
  place: Place,
  holder: string,
  kind: 'returned' | 'freed',
  unless: string | null = null,
): Promise<void> {
  const rows = await accounts.tables
    .selectFrom('accounts as a')
    .leftJoin('accounts as lease', (join) =>
      join
        .onRef('lease.campaign', '=', 'a.campaign')
        .onRef('lease.slot', '=', 'a.slot')
        .on('lease.place', '=', 'lease')
        .on('lease.holder', '=', unless),
    )
    .select(['a.campaign', 'a.slot', 'a.balance'])
    .where('a.place', '=', place)
    .where('a.holder', '=', holder)
    .where('a.balance', '>', 0)
    .where('lease.id', 'is', null)
    .orderBy('a.id')
    .execute()
  for (const { campaign, slot, balance } of rows) {
    const from = account(campaign, slot as CampaignSlot, place, holder)
    await accounts.move(balance, from, account(campaign, slot as CampaignSlot, 'available'), { kind, cause: holder })
  }
}
