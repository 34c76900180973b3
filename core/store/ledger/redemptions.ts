/**
 * Redemptions: a code is reserved with what it takes off, and confirmed or given back, each in one transaction.
 *
 *   reserve ─▶ reserved ─▶ confirmed ─▶ reversed (fully; in part it stays confirmed)
 *                 │ └────▶ reversed (called off)
 *                 └──────▶ expired
 *
 * Whoever else asks for the same code meanwhile, in this process or another, is refused; whoever sends the same request again
 * is answered the same. Reservations expire by the ledger's clock (`clock.ts`).
 */
import { plainCode } from '../../contract/codes.ts'
import { OfferwrightError } from '../../contract/errors.ts'
import type { RedemptionAnswer, RedemptionRequest, ReversalAnswer } from '../../contract/redemptions.ts'
import { CAMPAIGN_SLOTS } from '../budget-words.ts'
import { Accounts, account, type Place } from './accounts.ts'
import { machineWatch, tick, type Watch } from './clock.ts'
import { codeQuery, type FoundRow, storedOf } from './codes.ts'
import type { Ledger } from './database.ts'
import { check, type HeldBack, limitsOf, type RedemptionTerms, refusedCode } from './guards.ts'
import { keepPersonal, ledgerSubject } from './personal.ts'
import type { RedemptionRow } from './schema.ts'
import {
  confirm,
  expireReservations,
  type Reversal,
  refusedRedemption,
  reverse,
  rowOf,
  shownCodeOf,
} from './settlement.ts'
import { type Spent, spentOf } from './spending.ts'

/** What is asked, with its time told. */
export type Redemption = Omit<RedemptionRequest, 'shop' | 'time'> & {
  time: number
  /** The campaign whose personal code of this shopper it is; absent: a code that was made, if any. */
  personalOf?: string
  /** What the shopper's own offers hold back, by campaign; absent: nothing. */
  held?: ReadonlyMap<string, HeldBack>
}

/** One of them. */
export type LedgerRequest =
  | { reserve: Redemption }
  /** `time`: milliseconds since 1970. */
  | { confirm: { id: string; time: number } }
  | { reverse: Reversal }

export interface Redeemed {
  answer: RedemptionAnswer | ReversalAnswer
  spent: Spent
  /** Whose redemption was confirmed by this very request, as `ledgerSubject` names them; null: nobody's. */
  confirmedFor: string | null
}

const DEFAULT_EXPIRES_IN_MINUTES = 15
const MINUTE_MS = 60_000

export class Redemptions {
  readonly #ledger: Ledger
  readonly #watch: Watch

  constructor(ledger: Ledger, watch = machineWatch()) {
    this.#ledger = ledger
    this.#watch = watch
  }

  /**
   * Does one after the other, in one commit: each is done, or refused for itself and changes nothing. `terms`: of the campaigns
   * whose codes are good once, by id. What is answered is on the disk. `onSpent` is told of campaigns whose reservations expired.
   */
  async perform(
    requests: LedgerRequest[],
    terms: ReadonlyMap<string, RedemptionTerms>,
    onSpent: (spent: Spent) => void = () => undefined,
  ): Promise<(Redeemed | OfferwrightError)[]> {
    return this.#ledger.write(async (tables) => {
      const accounts = new Accounts(tables, await tick(tables, this.#watch))
      for (const campaign of await expireReservations(accounts)) onSpent(await spentOf(accounts, campaign))
      const outcomes: (Redeemed | OfferwrightError)[] = []
      for (const request of requests) outcomes.push(await attempt(() => perform(accounts, request, terms)))
      return outcomes
    })
  }
}

/** A refusal comes before anything was written. */
async function attempt(work: () => Promise<Redeemed>): Promise<Redeemed | OfferwrightError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof OfferwrightError) return error
    throw error
  }
}

async function perform(
  accounts: Accounts,
  request: LedgerRequest,
  terms: ReadonlyMap<string, RedemptionTerms>,
): Promise<Redeemed> {
  if ('reserve' in request) return reserve(accounts, request.reserve, terms)
  if ('confirm' in request) {
    const { row, answer, isNew } = await confirm(accounts, request.confirm)
    return { answer, spent: await spentOf(accounts, row.campaign), confirmedFor: isNew ? row.subject : null }
  }
  const { row, answer } = await reverse(accounts, request.reverse)
  return { answer, spent: await spentOf(accounts, row.campaign), confirmedFor: null }
}

async function reserve(
  accounts: Accounts,
  one: Redemption,
  terms: ReadonlyMap<string, RedemptionTerms>,
): Promise<Redeemed> {
  const { tables } = accounts
  const plain = plainCode(one.code)
  const earlier = await rowOf(tables, one.id)
  if (earlier !== undefined) {
    if (!isSame(earlier, one)) throw refusedRedemption('conflict', one.id, 'id of another redemption')
    const answer = answerOf(earlier, await shownCodeOf(tables, earlier.code))
    return { answer, spent: await spentOf(accounts, earlier.campaign), confirmedFor: null }
  }
  const made = await codeQuery(tables, plain).executeTakeFirst()
  const found = made ?? personalRow(one, plain)
  if (found === undefined) throw refusedCode(one.code, 'code_unknown', 'no such code')
  const { campaign } = found
  const allowed = await check(accounts, one, found, terms.get(campaign))
  if (made === undefined) await keepPersonal(tables, plain, campaign, found.shopper)
  const row = newRow(one, found, accounts.time)
  await tables.insertInto('redemptions').values(row).execute()
  await book(accounts, row, allowed)
  const answer = answerOf(row, storedOf(found).code)
  const confirmedFor = row.state === 'confirmed' ? row.subject : null
  return { answer, spent: await spentOf(accounts, campaign), confirmedFor }
}

/** What it takes, from where the campaign's limits say. */
async function book(accounts: Accounts, row: RedemptionRow, terms: RedemptionTerms): Promise<void> {
  const { campaign, id, state } = row
  const limits = limitsOf(terms)
  const place: Place = state === 'reserved' ? 'reserved' : 'spent'
  const amounts = { minor: row.discount_minor, uses: 1, stock: 0 }
  for (const slot of CAMPAIGN_SLOTS) {
    const limit = limits[slot]
    if (limit !== null) await accounts.grant(campaign, slot, limit)
    const source = account(campaign, slot, limit === null ? 'issued' : 'available')
    await accounts.move(amounts[slot], source, account(campaign, slot, place), { kind: state as 'reserved', cause: id })
  }
}

function newRow(one: Redemption, found: FoundRow, time: number): RedemptionRow {
  const minutes = expiresInMinutes(one)
  return {
    id: one.id,
    code: found.code,
    campaign: found.campaign,
    subject: ledgerSubject(one),
    order_key: one.order ?? null,
    discount_minor: one.discountMinor,
    state: minutes === null ? 'confirmed' : 'reserved',
    redeemed_at: one.time,
    expires_in_minutes: minutes,
    expires_ms: minutes === null ? null : time + minutes * MINUTE_MS,
    confirmed_at: minutes === null ? one.time : null,
    reversed_minor: 0,
    holds_code: 1,
  }
}

/** Null: confirmed at once. */
function expiresInMinutes({ confirm, expiresInMinutes }: Redemption): number | null {
  return confirm === true ? null : (expiresInMinutes ?? DEFAULT_EXPIRES_IN_MINUTES)
}

/** As it was answered at first, whatever has become of it since. */
function answerOf(row: RedemptionRow, code: string): RedemptionAnswer {
  const { id, campaign, discount_minor, redeemed_at, expires_in_minutes } = row
  return {
    id,
    code,
    campaign,
    discountMinor: discount_minor,
    redeemedAt: redeemed_at,
    state: expires_in_minutes === null ? 'confirmed' : 'reserved',
    expiresInMinutes: expires_in_minutes,
  }
}

/** A personal code before it was ever used. */
function personalRow({ personalOf, shopper }: Redemption, plain: string): FoundRow | undefined {
  if (personalOf === undefined) return undefined
  return { code: plain, campaign: personalOf, prefix: '', shopper: shopper ?? null, expiresAt: null, usedBy: null }
}

/** Whether a redemption that was booked is the one that is asked for. */
function isSame(booked: RedemptionRow, one: Redemption): boolean {
  return (
    booked.code === plainCode(one.code) &&
    booked.discount_minor === one.discountMinor &&
    booked.order_key === (one.order ?? null) &&
    booked.subject === ledgerSubject(one) &&
    booked.expires_in_minutes === expiresInMinutes(one)
  )
}
