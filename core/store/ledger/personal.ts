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
import { openLedger, openLedgerToRead, type Tables } from './database.ts'

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
export async function keepPersonal(tables: Tables, code: string, campaign: string, shopper: string | null) {
  const known = await tables
    .selectFrom('batches')
    .select('id')
    .where('campaign', '=', campaign)
    .where('is_personal', '=', 1)
    .executeTakeFirst()
  const begin = () =>
    tables
      .insertInto('batches')
      .values({ campaign, prefix: '', expires_at: null, created_at: 0, count: 0, is_personal: 1 })
      .returning('id')
      .executeTakeFirstOrThrow()
  const { id } = known ?? (await begin())
  await tables.insertInto('codes').values({ code, batch: id, shopper }).execute()
  await tables
    .updateTable('batches')
    .set(({ eb }) => ({ count: eb('count', '+', 1) }))
    .where('id', '=', id)
    .execute()
}

/** The ledger's secret; makes the ledger where there is none. */
export function makeSecret(file: string): Uint8Array {
  openLedger(file).close()
  return readSecret(file) as Uint8Array
}

/** Null where there is no ledger. */
export function readSecret(file: string): Uint8Array | null {
  const ledger = openLedgerToRead(file)
  if (ledger === null) return null
  try {
    const [row] = ledger.all(ledger.tables.selectFrom('ledger').select('secret'))
    if (row === undefined) throw new Error('the ledger has lost its secret')
    return row.secret
  } finally {
    ledger.close()
  }
}
