/**
 * What becomes of a reservation: it is confirmed, called off, or expires; and what is taken back of a confirmed redemption.
 * What comes back is available to anybody, also where it came from no limit.
 */
import { shownCode } from '../../contract/codes.ts'
import { type ErrorCode, OfferwrightError } from '../../contract/errors.ts'
import type { RedemptionAnswer, ReversalAnswer, ReversalRequest } from '../../contract/redemptions.ts'
import { type Accounts, account, type MovementKind, type Place } from './accounts.ts'
import type { Tables } from './database.ts'
import type { RedemptionRow } from './schema.ts'

/** `redemption` and its reversal's own `id`; `time` in milliseconds since 1970. */
export type Reversal = ReversalRequest & { redemption: string; time: number }

/** Throws `not_found`, `redemption_expired`, `conflict` where it was called off. */
export async function confirm(
  accounts: Accounts,
  { id, time }: { id: string; time: number },
): Promise<{ row: RedemptionRow; answer: RedemptionAnswer; isNew: boolean }> {
  const { tables } = accounts
  const row = await knownRow(tables, id)
  if (row.state === 'expired') throw refusedRedemption('redemption_expired', id, 'its time was over; redeem anew')
  const isNew = row.confirmed_at === null
  if (isNew) {
    if (row.state !== 'reserved') throw refusedRedemption('conflict', id, 'it was called off')
    await move(accounts, row, { minor: row.discount_minor, uses: 1 }, ['reserved', 'spent'], 'confirmed')
    await change(tables, id, { state: 'confirmed', confirmed_at: time, expires_ms: null })
  }
  const answer: RedemptionAnswer = {
    id,
    code: await shownCodeOf(tables, row.code),
    campaign: row.campaign,
    discountMinor: row.discount_minor,
    redeemedAt: row.redeemed_at,
    state: 'confirmed',
    expiresInMinutes: row.expires_in_minutes,
    confirmedAt: row.confirmed_at ?? time,
  }
  return { row, answer, isNew }
}

/** Throws `not_found`, `conflict` where nothing is left to reverse or the id means another reversal, `invalid_value`. */
export async function reverse(
  accounts: Accounts,
  asked: Reversal,
): Promise<{ row: RedemptionRow; answer: ReversalAnswer }> {
  const { tables } = accounts
  const row = await knownRow(tables, asked.redemption)
  const earlier = await reversalOf(tables, asked)
  if (earlier !== undefined) return { row, answer: earlier }
  if (row.state === 'expired' || row.state === 'reversed')
    throw refusedRedemption('conflict', row.id, `nothing of it is left, it is ${row.state}`)
  const amount = amountOf(asked, row)
  const left = row.discount_minor - row.reversed_minor - amount
  const isWhole = left === 0
  const reopens = isWhole && (row.state === 'reserved' || asked.reopenCode === true)
  const from: Place = row.state === 'reserved' ? 'reserved' : 'spent'
  await move(accounts, row, { minor: amount, uses: Number(isWhole) }, [from, 'available'], 'reversed')
  await change(tables, row.id, {
    state: isWhole ? 'reversed' : row.state,
    reversed_minor: row.reversed_minor + amount,
    holds_code: reopens ? 0 : 1,
    expires_ms: null,
  })
  await tables
    .insertInto('reversals')
    .values({
      redemption: row.id,
      id: asked.id,
      amount_minor: amount,
      left_minor: left,
      reopens_code: Number(asked.reopenCode === true),
      reversed_at: asked.time,
      asked_minor: asked.amountMinor ?? null,
    })
    .execute()
  return { row, answer: reversalAnswer(row.id, asked.id, amount, left, asked.time) }
}

/** A reservation is called off as a whole. */
function amountOf({ amountMinor }: Reversal, row: RedemptionRow): number {
  const left = row.discount_minor - row.reversed_minor
  const amount = amountMinor ?? left
  const isPart = row.state === 'reserved' && amount < left
  if (amount > left || isPart)
    throw new OfferwrightError(
      'invalid_value',
      `invalid amountMinor: ${amount} (${isPart ? `a reservation is reversed as a whole, ${left}` : `${left} are left`})`,
      { field: 'amountMinor', value: amount },
    )
  return amount
}

/** Throws `conflict` where the id means a reversal with other content. */
async function reversalOf(tables: Tables, asked: Reversal): Promise<ReversalAnswer | undefined> {
  const row = await tables
    .selectFrom('reversals')
    .selectAll()
    .where('redemption', '=', asked.redemption)
    .where('id', '=', asked.id)
    .executeTakeFirst()
  if (row === undefined) return undefined
  if (row.asked_minor !== (asked.amountMinor ?? null) || row.reopens_code !== Number(asked.reopenCode === true))
    throw refusedRedemption('conflict', asked.id, 'id of another reversal')
  return reversalAnswer(row.redemption, row.id, row.amount_minor, row.left_minor, row.reversed_at)
}

function reversalAnswer(redemption: string, id: string, amountMinor: number, leftMinor: number, reversedAt: number) {
  return { redemption, id, amountMinor, leftMinor, reversedAt }
}

/** Gives back what was reserved for longer than was asked; answers with the campaigns. */
export async function expireReservations(accounts: Accounts): Promise<Set<string>> {
  const { tables, time } = accounts
  const due = await tables
    .selectFrom('redemptions')
    .selectAll()
    .where('state', '=', 'reserved')
    .where('expires_ms', '<=', time)
    .orderBy('id')
    .execute()
  for (const row of due) {
    await move(accounts, row, { minor: row.discount_minor, uses: 1 }, ['reserved', 'available'], 'expired')
    await change(tables, row.id, { state: 'expired', holds_code: 0 })
  }
  return new Set(due.map(({ campaign }) => campaign))
}

async function move(
  accounts: Accounts,
  { id, campaign }: RedemptionRow,
  amounts: { minor: number; uses: number },
  [from, to]: [Place, Place],
  kind: MovementKind,
): Promise<void> {
  for (const slot of ['minor', 'uses'] as const)
    await accounts.move(amounts[slot], account(campaign, slot, from), account(campaign, slot, to), { kind, cause: id })
}

async function change(tables: Tables, id: string, to: Partial<RedemptionRow>): Promise<void> {
  await tables.updateTable('redemptions').set(to).where('id', '=', id).execute()
}

export async function rowOf(tables: Tables, id: string): Promise<RedemptionRow | undefined> {
  return tables.selectFrom('redemptions').selectAll().where('id', '=', id).executeTakeFirst()
}

async function knownRow(tables: Tables, id: string): Promise<RedemptionRow> {
  const row = await rowOf(tables, id)
  if (row === undefined) throw refusedRedemption('not_found', id, 'no such redemption')
  return row
}

/** As it was given out. */
export async function shownCodeOf(tables: Tables, plain: string): Promise<string> {
  const { prefix } = await tables
    .selectFrom('codes as c')
    .innerJoin('batches as b', 'b.id', 'c.batch')
    .select('b.prefix')
    .where('c.code', '=', plain)
    .executeTakeFirstOrThrow()
  return shownCode(plain, prefix)
}

export function refusedRedemption(code: ErrorCode, id: string, why: string): OfferwrightError {
  return new OfferwrightError(code, `refused id: ${id} (${why})`, { field: 'id', value: id })
}
