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
import { type Ledger, type LedgerReader, openLedgerToRead, type Tables } from './database.ts'
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
export async function* makeCodes(
  ledger: Ledger,
  order: CodeOrder,
  draw: (below: number) => number,
  now: number,
): AsyncGenerator<MadeCode[]> {
  const { campaign, prefix, length, expiresAt, for: wanted } = order
  const count = typeof wanted === 'number' ? wanted : wanted.length
  await refuseGuessable(ledger.tables, length, count)
  if (expiresAt !== null && expiresAt <= now)
    throw new OfferwrightError('invalid_value', `invalid expiresAt: ${expiresAt} (it is over already)`, {
      field: 'expiresAt',
      value: expiresAt,
    })
  const batch = await ledger.tables
    .insertInto('batches')
    .values({ campaign, prefix, expires_at: expiresAt, created_at: now, count: 0 })
    .returning('id')
    .executeTakeFirstOrThrow()
  for (let from = 0; from < count; from += CHUNK) {
    const shoppers = Array.from({ length: Math.min(CHUNK, count - from) }, (_, n) =>
      typeof wanted === 'number' ? null : wanted[from + n],
    )
    yield await ledger.write((tables) => makeChunk(tables, batch.id, order, shoppers, draw))
  }
}

async function makeChunk(
  tables: Tables,
  batch: number,
  { prefix, length }: CodeOrder,
  shoppers: (string | null)[],
  draw: (below: number) => number,
): Promise<MadeCode[]> {
  const made: MadeCode[] = []
  for (let left = shoppers; left.length > 0; ) {
    const drawn = new Map<string, string | null>()
    for (const shopper of left) drawn.set(drawOther(drawn), shopper)
    const rows = [...drawn].map(([code, shopper]) => ({ code, batch, shopper }))
    const taken = await tables
      .insertInto('codes')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .returning(['code', 'shopper'])
      .execute()
    for (const { code, shopper } of taken) {
      made.push({ code: shownCode(code, prefix), shopper })
      drawn.delete(code)
    }
    // Codes that there were already are drawn again.
    left = [...drawn.values()]
  }
  await tables
    .updateTable('batches')
    .set(({ eb }) => ({ count: eb('count', '+', made.length) }))
    .where('id', '=', batch)
    .execute()
  return made

  function drawOther(than: Map<string, unknown>): string {
    for (;;) {
      const code = drawCode(prefix, length, draw)
      if (!than.has(code)) return code
    }
  }
}

async function refuseGuessable(tables: Tables, length: number, count: number): Promise<void> {
  const { made } = await tables
    .selectFrom('batches')
    .select(({ fn }) => fn.sum<number | null>('count').as('made'))
    .executeTakeFirstOrThrow()
  const all = (made ?? 0) + count
  const least = leastLength(all)
  if (length < least)
    throw new OfferwrightError(
      'invalid_value',
      `invalid length: ${length} (with ${all} codes in all, codes shorter than ${least} could be guessed)`,
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
  #ledger: LedgerReader | null = null

  constructor(file: string) {
    this.#file = file
  }

  /** What is known of the codes that somebody typed in; those that are none of the shop's are left out. */
  known(asked: AskedByCode, time: number, personal: PersonalCodes | null = null): KnownCode[] {
    return (asked.codes ?? []).flatMap((typed): KnownCode[] => {
      const plain = plainCode(typed)
      this.#ledger ??= openLedgerToRead(this.#file)
      if (!isWellFormed(plain) || this.#ledger === null) return []
      const [row] = this.#ledger.all(codeQuery(this.#ledger.tables, plain))
      // A personal code is in the ledger once it was used.
      const campaign = row?.campaign ?? personal?.campaignOf(plain, ledgerSubject(asked))
      if (campaign === undefined) return []
      const refusal = row === undefined ? null : codeRefusal(storedOf(row), asked.shopper, time)
      return [{ typed, campaign, refusal, usesOfShopper: usesOf(this.#ledger, campaign, ledgerSubject(asked)) }]
    })
  }

  close(): void {
    this.#ledger?.close()
  }
}

function usesOf(ledger: LedgerReader, campaign: string, subject: string | null): number {
  if (subject === null) return 0
  const [{ uses }] = ledger.all(usesQuery(ledger.tables, campaign, subject))
  return uses
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
export function codeQuery(tables: Tables, plain: string) {
  return tables
    .selectFrom('codes as c')
    .innerJoin('batches as b', 'b.id', 'c.batch')
    .leftJoin('redemptions as r', (join) => join.onRef('r.code', '=', 'c.code').on('r.holds_code', '=', 1))
    .select(['c.code', 'b.campaign', 'b.prefix', 'c.shopper', 'b.expires_at as expiresAt', 'r.id as usedBy'])
    .where('c.code', '=', plain)
}

/** Redemptions of a campaign that count for a shopper. */
export function usesQuery(tables: Tables, campaign: string, subject: string) {
  return tables
    .selectFrom('redemptions')
    .select(({ fn }) => fn.countAll<number>().as('uses'))
    .where('campaign', '=', campaign)
    .where('subject', '=', subject)
    .where('state', 'in', ['reserved', 'confirmed'])
}

export function storedOf({ code, campaign, prefix, shopper, expiresAt, usedBy }: FoundRow): StoredCode {
  return { code: shownCode(code, prefix), campaign, shopper, expiresAt, isUsed: usedBy !== null }
}
