/**
 * Codes that decisions give: of each shopper and campaign one, which is not kept but computed, so that a decision touches no
 * disk, a page that is loaded again shows the same code, and every thread and a server that starts again know it.
 *
 *   words = HMAC-SHA256(secret, block · campaign · subject), 16 bits each, drawn from in place of chance
 *
 * Who does not know the ledger's secret can compute no code; one that was guessed right would be good for its own shopper alone.
 * 16 bits taken modulo 31 prefer no character by more than one in two thousand.
 */
import { createHmac } from 'node:crypto'
import { CODE_LENGTH, type CodeOf, drawCode, isWellFormed } from '../../contract/codes.ts'
import { type Database, openLedger, openLedgerToRead, type Statement } from './database.ts'

/** Who redeems: a shopper when known, else a session. */
export function ledgerSubject({ shopper, session }: { shopper?: string; session?: string }): string | null {
  if (shopper !== undefined) return `shopper:${shopper}`
  return session === undefined ? null : `session:${session}`
}

/** Who a ledger's subject is. */
export function subjectFromLedger(subject: string): { shopper?: string; session?: string } {
  const key = subject.slice(subject.indexOf(':') + 1)
  return subject.startsWith('shopper:') ? { shopper: key } : { session: key }
}

export interface PersonalParts {
  secret: Uint8Array
  /** Ids of the campaigns that give such codes. */
  campaigns: readonly string[]
}

export class PersonalCodes {
  /** What another thread makes the same codes from. */
  readonly parts: PersonalParts

  constructor(parts: PersonalParts) {
    this.parts = parts
  }

  /** The plain code of a subject, as `ledgerSubject` names it. */
  codeOf(campaign: string, subject: string): string {
    return drawCode('', CODE_LENGTH.default, this.#drawFor(`${campaign}\0${subject}`))
  }

  /** The campaign that would give this plain code to this subject, if there is one. */
  campaignOf(plain: string, subject: string | null): string | undefined {
    if (subject === null || plain.length !== CODE_LENGTH.default || !isWellFormed(plain)) return undefined
    return this.parts.campaigns.find((campaign) => this.codeOf(campaign, subject) === plain)
  }

  /** The codes of whoever asks, shown; undefined where nobody is named, or nothing personal may be used. */
  ofSubject(asked: { shopper?: string; session?: string; personalise?: boolean }): CodeOf | undefined {
    const subject = asked.personalise === false ? null : ledgerSubject(asked)
    if (subject === null) return undefined
    const known = new Map<string, string>()
    return (campaign) => {
      const code = known.get(campaign) ?? this.codeOf(campaign, subject)
      known.set(campaign, code)
      return code
    }
  }

  #drawFor(name: string): (below: number) => number {
    let block = 0
    let words = Buffer.alloc(0)
    return (below) => {
      if (words.length === 0) words = createHmac('sha256', this.parts.secret).update(`${block++}\0${name}`).digest()
      const word = words.readUInt16BE(0)
      words = words.subarray(2)
      return word % below
    }
  }
}

/** Personal codes come to the ledger when they are used. To be called in the transaction that books them. */
export class PersonalBook {
  readonly #batch: Statement<[string], { id: number }>
  readonly #begin: Statement<[string], unknown>
  readonly #insert: Statement<[string, number, string | null], unknown>
  readonly #grow: Statement<[number], unknown>

  constructor(database: Database) {
    this.#batch = database.prepare('SELECT id FROM batches WHERE campaign = ? AND is_personal = 1')
    this.#begin = database.prepare(
      "INSERT INTO batches (campaign, prefix, created_at, count, is_personal) VALUES (?, '', 0, 0, 1)",
    )
    this.#insert = database.prepare('INSERT INTO codes (code, batch, shopper) VALUES (?, ?, ?)')
    this.#grow = database.prepare('UPDATE batches SET count = count + 1 WHERE id = ?')
  }

  keep(plain: string, { campaign, shopper }: { campaign: string; shopper: string | null }): void {
    const batch = this.#batch.get(campaign)?.id ?? Number(this.#begin.run(campaign).lastInsertRowid)
    this.#insert.run(plain, batch, shopper)
    this.#grow.run(batch)
  }
}

/** The ledger's secret; makes the ledger where there is none. */
export function makeSecret(file: string): Uint8Array {
  const database = openLedger(file)
  try {
    return secretOf(database)
  } finally {
    database.close()
  }
}

/** Null where there is no ledger. */
export function readSecret(file: string): Uint8Array | null {
  const database = openLedgerToRead(file)
  if (database === null) return null
  try {
    return secretOf(database)
  } finally {
    database.close()
  }
}

function secretOf(database: Database): Uint8Array {
  const row = database.prepare<[], { secret: Uint8Array }>('SELECT secret FROM ledger').get()
  if (row === undefined) throw new Error('the ledger has lost its secret')
  return row.secret
}
