/**
 * Redemptions: a code is used, and what it took off is booked on its campaign, in one transaction. Whoever else redeems the
 * same code, in this process or another, is refused; whoever sends the same redemption again is answered the same.
 */
import { codeRefusal, plainCode } from '../../contract/codes.ts'
import { type ErrorCode, OfferwrightError } from '../../contract/errors.ts'
import type { RedemptionAnswer, RedemptionRequest } from '../../contract/redemptions.ts'
import { type FoundRow, findStatement, ledgerSubject, storedOf, usesStatement } from './codes.ts'
import { type Database, openLedgerToRead, type Statement } from './database.ts'

/** What a campaign lets its codes do. Times in milliseconds since 1970; null: no limit. */
export interface RedemptionTerms {
  isLive: boolean
  startsAt: number
  endsAt: number
  budgetMinor: number | null
  uses: number | null
  usesOfShopper: number | null
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
}

/** What is asked, with its time told. */
export type Redemption = Omit<RedemptionRequest, 'shop' | 'time'> & { time: number }

interface BookedRow {
  code: string
  subject: string | null
  orderKey: string | null
  discountMinor: number
  redeemedAt: number
}

export class Redemptions {
  readonly #database: Database
  readonly #booked: Statement<[string], BookedRow>
  readonly #find: Statement<[string], FoundRow>
  readonly #uses: Statement<[string, string], { uses: number }>
  readonly #spent: Statement<[string], Spent>
  readonly #book: Statement<[string, string, string, string | null, string | null, number, number], unknown>
  readonly #spend: Statement<[string, number], unknown>

  constructor(database: Database) {
    this.#database = database
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
    const found = this.#find.get(plain)
    const earlier = this.#booked.get(one.id)
    if (earlier !== undefined && !isSame(earlier, one)) throw refused(one, 'conflict', 'id', 'id of another redemption')
    if (found === undefined) throw refused(one, 'code_unknown', 'code', 'no such code')
    const { campaign } = found
    const { code } = storedOf(found)
    if (earlier === undefined) {
      this.#check(one, found, terms.get(campaign))
      const { id, discountMinor, order = null, time } = one
      this.#book.run(id, plain, campaign, ledgerSubject(one), order, discountMinor, time)
      this.#spend.run(campaign, discountMinor)
    }
    const { discountMinor, redeemedAt } = earlier ?? { discountMinor: one.discountMinor, redeemedAt: one.time }
    const answer = { id: one.id, code, campaign, discountMinor, redeemedAt }
    return { answer, spent: this.#spentOf(campaign) }
  }

  #check(one: Redemption, found: FoundRow, terms: RedemptionTerms | undefined): void {
    const { campaign } = found
    const refusal = codeRefusal(storedOf(found), one.shopper, one.time)
    if (refusal !== null) throw refused(one, refusal, 'code', REFUSED[refusal])
    if (terms === undefined) throw refused(one, 'code_unknown', 'code', `campaign ${campaign} has no such codes now`)
    if (!terms.isLive || one.time < terms.startsAt || one.time >= terms.endsAt)
      throw refused(one, 'campaign_not_live', 'code', `campaign ${campaign} does not run`)
    const { uses, minor } = this.#spentOf(campaign)
    if (terms.uses !== null && uses >= terms.uses)
      throw refused(one, 'limit_reached', 'code', `${uses} redemptions of ${campaign} are all there are`)
    const subject = ledgerSubject(one)
    if (terms.usesOfShopper !== null && this.#usesOf(campaign, subject) >= terms.usesOfShopper)
      throw refused(one, 'limit_reached', 'code', `${terms.usesOfShopper} of ${campaign} are for one shopper`)
    if (terms.budgetMinor !== null && minor + one.discountMinor > terms.budgetMinor)
      throw refused(one, 'budget_exhausted', 'discountMinor', `${terms.budgetMinor - minor} are left of ${campaign}`)
  }

  /** Where a campaign counts by shopper, nobody in particular may have none. */
  #usesOf(campaign: string, subject: string | null): number {
    return subject === null ? Number.POSITIVE_INFINITY : (this.#uses.get(campaign, subject)?.uses ?? 0)
  }

  #spentOf(campaign: string): Spent {
    return this.#spent.get(campaign) ?? { campaign, uses: 0, minor: 0 }
  }
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
