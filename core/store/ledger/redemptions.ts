/**
 * Redemptions: a code is used, and what it took off is booked on its campaign, in one transaction. Whoever else redeems the
 * same code, in this process or another, is refused; whoever sends the same redemption again is answered the same.
 */
import { codeRefusal, plainCode } from '../../contract/codes.ts'
import { type ErrorCode, OfferwrightError } from '../../contract/errors.ts'
import type { RedemptionAnswer, RedemptionRequest } from '../../contract/redemptions.ts'
import { type FoundRow, findStatement, storedOf, usesStatement } from './codes.ts'
import { type Database, openLedgerToRead, type Statement } from './database.ts'
import { ledgerSubject, PersonalBook } from './personal.ts'

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

/** All redemptions of a campaign. */
export interface Spent {
  campaign: string
  uses: number
  minor: number
}

export interface Redeemed {
  answer: RedemptionAnswer
  spent: Spent
  /** False: it was booked before, and is answered again. */
  isNew: boolean
}

export interface HeldBack {
  uses: number
  minor: number
}

export const NOTHING: HeldBack = { uses: 0, minor: 0 }

/** What is asked, with its time told. */
export type Redemption = Omit<RedemptionRequest, 'shop' | 'time'> & {
  time: number
  /** The campaign whose personal code of this shopper it is; absent: a code that was made, if any. */
  personalOf?: string
  /** What the shopper's own offers hold back, by campaign; absent: nothing. */
  held?: ReadonlyMap<string, HeldBack>
}

interface BookedRow {
  code: string
  subject: string | null
  orderKey: string | null
  discountMinor: number
  redeemedAt: number
}

export class Redemptions {
  readonly #personal: PersonalBook
  readonly #database: Database
  readonly #booked: Statement<[string], BookedRow>
  readonly #find: Statement<[string], FoundRow>
  readonly #uses: Statement<[string, string], { uses: number }>
  readonly #spent: Statement<[string], Spent>
  readonly #book: Statement<[string, string, string, string | null, string | null, number, number], unknown>
  readonly #spend: Statement<[string, number], unknown>

  constructor(database: Database) {
    this.#database = database
    this.#personal = new PersonalBook(database)
    this.#booked = database.prepare(
      `SELECT code, subject, order_key AS orderKey, discount_minor AS discountMinor, redeemed_at AS redeemedAt
       FROM redemptions WHERE id = ?`,
    )
    this.#find = findStatement(database)
    this.#uses = usesStatement(database)
    this.#spent = database.prepare('SELECT campaign, uses, minor FROM spent WHERE campaign = ?')
    this.#book = database.prepare(
      `INSERT INTO redemptions (id, code, campaign, subject, order_key, discount_minor, redeemed_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#spend = database.prepare(
      `INSERT INTO spent (campaign, uses, minor) VALUES (?, 1, ?)
       ON CONFLICT DO UPDATE SET uses = uses + 1, minor = minor + excluded.minor`,
    )
  }

  /**
   * Redeems one after the other, in one commit: each is done, or refused for itself and changes nothing. `terms`: of the
   * campaigns whose codes are good once, by id. What is answered is on the disk.
   */
  redeemAll(asked: Redemption[], terms: ReadonlyMap<string, RedemptionTerms>): (Redeemed | OfferwrightError)[] {
    const redeemEach = this.#database.transaction(() => asked.map((one) => this.#attempt(one, terms)))
    return redeemEach.immediate()
  }

  /** A refusal comes before anything was written. */
  #attempt(one: Redemption, terms: ReadonlyMap<string, RedemptionTerms>): Redeemed | OfferwrightError {
    try {
      return this.#redeem(one, terms)
    } catch (error) {
      if (error instanceof OfferwrightError) return error
      throw error
    }
  }

  #redeem(one: Redemption, terms: ReadonlyMap<string, RedemptionTerms>): Redeemed {
    const plain = plainCode(one.code)
    const made = this.#find.get(plain)
    const found = made ?? personalRow(one, plain)
    const earlier = this.#booked.get(one.id)
    if (earlier !== undefined && !isSame(earlier, one)) throw refused(one, 'conflict', 'id', 'id of another redemption')
    if (found === undefined) throw refused(one, 'code_unknown', 'code', 'no such code')
    const { campaign } = found
    const { code } = storedOf(found)
    if (earlier === undefined) {
      this.#check(one, found, terms.get(campaign))
      const { id, discountMinor, order = null, time } = one
      if (made === undefined) this.#personal.keep(plain, found)
      this.#book.run(id, plain, campaign, ledgerSubject(one), order, discountMinor, time)
      this.#spend.run(campaign, discountMinor)
    }
    const { discountMinor, redeemedAt } = earlier ?? { discountMinor: one.discountMinor, redeemedAt: one.time }
    const answer = { id: one.id, code, campaign, discountMinor, redeemedAt }
    return { answer, spent: this.#spentOf(campaign), isNew: earlier === undefined }
  }

  #check(one: Redemption, found: FoundRow, terms: RedemptionTerms | undefined): void {
    const { campaign } = found
    const refusal = codeRefusal(storedOf(found), one.shopper, one.time)
    if (refusal !== null) throw refused(one, refusal, 'code', REFUSED[refusal])
    if (terms === undefined) throw refused(one, 'code_unknown', 'code', `campaign ${campaign} has no such codes now`)
    if (!terms.isLive || one.time < terms.startsAt || one.time >= terms.endsAt)
      throw refused(one, 'campaign_not_live', 'code', `campaign ${campaign} does not run`)
    const left = leftOf(terms, this.#spentOf(campaign), one.held?.get(campaign))
    if (left.uses < 1) throw refused(one, 'limit_reached', 'code', `no redemption is left of ${campaign}`)
    const subject = ledgerSubject(one)
    if (terms.usesOfShopper !== null && this.#usesOf(campaign, subject) >= terms.usesOfShopper)
      throw refused(one, 'limit_reached', 'code', `${terms.usesOfShopper} of ${campaign} are for one shopper`)
    if (one.discountMinor > left.minor)
      throw refused(one, 'budget_exhausted', 'discountMinor', `${Math.max(0, left.minor)} are left of ${campaign}`)
  }

  /** Where a campaign counts by shopper, nobody in particular may have none. */
  #usesOf(campaign: string, subject: string | null): number {
    return subject === null ? Number.POSITIVE_INFINITY : (this.#uses.get(campaign, subject)?.uses ?? 0)
  }

  #spentOf(campaign: string): Spent {
    return this.#spent.get(campaign) ?? { campaign, uses: 0, minor: 0 }
  }
}

/** `own`: what the shopper's offers hold back is theirs to use. */
function leftOf({ uses, budgetMinor, heldBack }: RedemptionTerms, spent: Spent, own: HeldBack = NOTHING): HeldBack {
  return {
    uses: (uses ?? Number.POSITIVE_INFINITY) - spent.uses - heldBack.uses + own.uses,
    minor: (budgetMinor ?? Number.POSITIVE_INFINITY) - spent.minor - heldBack.minor + own.minor,
  }
}

/** A personal code before it was ever used. */
function personalRow({ personalOf, shopper }: Redemption, plain: string): FoundRow | undefined {
  if (personalOf === undefined) return undefined
  return { code: plain, campaign: personalOf, prefix: '', shopper: shopper ?? null, expiresAt: null, usedBy: null }
}

const REFUSED = {
  code_used: 'it was used',
  code_reserved: 'it is for another shopper',
  code_expired: 'its time is over',
}

/** Whether a redemption that was booked is the one that is asked for. */
function isSame(booked: BookedRow, one: Redemption): boolean {
  return (
    booked.code === plainCode(one.code) &&
    booked.discountMinor === one.discountMinor &&
    booked.orderKey === (one.order ?? null) &&
    booked.subject === ledgerSubject(one)
  )
}

function refused(one: Redemption, code: ErrorCode, field: 'id' | 'code' | 'discountMinor', why: string) {
  return new OfferwrightError(code, `refused ${field}: ${one[field]} (${why})`, { field, value: one[field] })
}

/** What every campaign's codes have used so far. */
export function spentByCodes(file: string): Spent[] {
  const database = openLedgerToRead(file)
  if (database === null) return []
  try {
    return database.prepare<[], Spent>('SELECT campaign, uses, minor FROM spent').all()
  } finally {
    database.close()
  }
}

/** Who has used a code of one campaign, and when; nobody in particular left out. */
export function subjectsOf(file: string, campaign: string): { subject: string; redeemedAt: number }[] {
  const database = openLedgerToRead(file)
  if (database === null) return []
  try {
    const rows = database.prepare<[string], { subject: string; redeemedAt: number }>(
      `SELECT subject, redeemed_at AS redeemedAt FROM redemptions
       WHERE campaign = ? AND subject IS NOT NULL ORDER BY redeemed_at, id`,
    )
    return rows.all(campaign)
  } finally {
    database.close()
  }
}
