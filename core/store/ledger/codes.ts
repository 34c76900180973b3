/** The codes of a shop: making them, looking one up, listing them. */
import {
  codeRefusal,
  drawCode,
  isWellFormed,
  type KnownCode,
  leastLength,
  plainCode,
  type StoredCode,
  shownCode,
} from '../../contract/codes.ts'
import { OfferwrightError } from '../../contract/errors.ts'
import { type Database, openLedgerToRead, type Statement } from './database.ts'
import { ledgerSubject, type PersonalCodes } from './personal.ts'

/** Codes that are committed together; the next writer waits no longer than that takes. */
const CHUNK = 2000

export interface CodeOrder {
  campaign: string
  /** As `parsePrefix` gives it. */
  prefix: string
  /** Without the prefix. */
  length: number
  /** Milliseconds since 1970; null: as long as the campaign. */
  expiresAt: number | null
  /** How many codes that anybody may use, or the shoppers who get one each. */
  for: number | string[]
}

export interface MadeCode {
  code: string
  shopper: string | null
}

/**
 * Makes codes, chunk by chunk: what is handed out is on the disk. `draw` as in `drawCode`; `now` in milliseconds since 1970.
 * Throws `invalid_value`, before the first chunk, where codes of this length could be guessed or are over already.
 */
export function makeCodes(
  database: Database,
  order: CodeOrder,
  draw: (below: number) => number,
  now: number,
): Generator<MadeCode[]> {
  const count = typeof order.for === 'number' ? order.for : order.for.length
  refuseGuessable(database, order.length, count)
  if (order.expiresAt !== null && order.expiresAt <= now)
    throw new OfferwrightError('invalid_value', `invalid expiresAt: ${order.expiresAt} (it is over already)`, {
      field: 'expiresAt',
      value: order.expiresAt,
    })
  const { lastInsertRowid: batch } = database
    .prepare('INSERT INTO batches (campaign, prefix, expires_at, created_at, count) VALUES (?, ?, ?, ?, 0)')
    .run(order.campaign, order.prefix, order.expiresAt, now)
  return chunksOf(database, order, Number(batch), count, draw)
}

function* chunksOf(
  database: Database,
  { prefix, length, for: wanted }: CodeOrder,
  batch: number,
  count: number,
  draw: (below: number) => number,
): Generator<MadeCode[]> {
  const insert = database.prepare('INSERT INTO codes (code, batch, shopper) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
  const grow = database.prepare('UPDATE batches SET count = count + ? WHERE id = ?')
  const chunk = database.transaction((from: number, to: number) => {
    const made: MadeCode[] = []
    while (from + made.length < to) {
      const shopper = typeof wanted === 'number' ? null : wanted[from + made.length]
      const plain = drawCode(prefix, length, draw)
      if (insert.run(plain, batch, shopper).changes === 1) made.push({ code: shownCode(plain, prefix), shopper })
    }
    grow.run(made.length, batch)
    return made
  })
  for (let from = 0; from < count; from += CHUNK) yield chunk.immediate(from, Math.min(count, from + CHUNK))
}

function refuseGuessable(database: Database, length: number, count: number): void {
  const sum = database.prepare<[], { made: number }>('SELECT coalesce(sum(count), 0) AS made FROM batches')
  const made = sum.get()?.made ?? 0
  const least = leastLength(made + count)
  if (length < least)
    throw new OfferwrightError(
      'invalid_value',
      `invalid length: ${length} (with ${made + count} codes in all, codes shorter than ${least} could be guessed)`,
      { field: 'length', value: length },
    )
}

/** Whoever typed codes in. */
export interface AskedByCode {
  codes?: string[]
  shopper?: string
  session?: string
}

/** Where codes are looked up, in any thread: reads only, and opens the ledger when there is one. */
export class CodeReader {
  readonly #file: string
  #database: Database | null = null
  #find: Statement<[string], FoundRow> | null = null
  #uses: Statement<[string, string], { uses: number }> | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** What is known of the codes that somebody typed in; those that are none of the shop's are left out. */
  known(asked: AskedByCode, time: number, personal: PersonalCodes | null = null): KnownCode[] {
    return (asked.codes ?? []).flatMap((typed): KnownCode[] => {
      const plain = plainCode(typed)
      if (!isWellFormed(plain) || !this.#open()) return []
      const row = this.#find?.get(plain)
      // A personal code is in the ledger once it was used.
      const campaign = row?.campaign ?? personal?.campaignOf(plain, ledgerSubject(asked))
      if (campaign === undefined) return []
      const refusal = row === undefined ? null : codeRefusal(storedOf(row), asked.shopper, time)
      return [{ typed, campaign, refusal, usesOfShopper: this.#usesOf(campaign, ledgerSubject(asked)) }]
    })
  }

  #usesOf(campaign: string, subject: string | null): number {
    return subject === null ? 0 : (this.#uses?.get(campaign, subject)?.uses ?? 0)
  }

  close(): void {
    this.#database?.close()
  }

  #open(): boolean {
    this.#database ??= openLedgerToRead(this.#file)
    if (this.#database === null) return false
    this.#find ??= findStatement(this.#database)
    this.#uses ??= usesStatement(this.#database)
    return true
  }
}

export interface FoundRow {
  code: string
  campaign: string
  prefix: string
  shopper: string | null
  expiresAt: number | null
  usedBy: string | null
}

/** By plain code. */
export function findStatement(database: Database): Statement<[string], FoundRow> {
  return database.prepare(
    `SELECT c.code, b.campaign, b.prefix, c.shopper, b.expires_at AS expiresAt, r.id AS usedBy
     FROM codes c JOIN batches b ON b.id = c.batch LEFT JOIN redemptions r ON r.code = c.code WHERE c.code = ?`,
  )
}

export function usesStatement(database: Database): Statement<[string, string], { uses: number }> {
  return database.prepare('SELECT count(*) AS uses FROM redemptions WHERE campaign = ? AND subject = ?')
}

export function storedOf({ code, campaign, prefix, shopper, expiresAt, usedBy }: FoundRow): StoredCode {
  return { code: shownCode(code, prefix), campaign, shopper, expiresAt, isUsed: usedBy !== null }
}
