/**
 * The ledger's file: a SQLite database that several processes may have open at a time: a server, and commands that make or
 * list codes. The one importer of better-sqlite3, which is loaded when a ledger is first opened, so that a shop without
 * one needs no such library.
 *
 * Write-ahead log: readers wait for nobody. Each commit is on the disk when it returns (`synchronous = FULL`).
 *
 *   ledger        the secret that personal codes are computed from
 *   codes         which code is of which batch, and who alone may use it
 *   redemptions   by the caller's id; a code stands in it once, which makes it good once
 *   spent         sums of the redemptions of each campaign, changed in the same transaction
 */

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Sqlite from 'better-sqlite3'
import { OfferwrightError } from '../../contract/errors.ts'

export type Database = Sqlite.Database
export type Statement<Parameters extends unknown[], Row> = Sqlite.Statement<Parameters, Row>

const FORMAT = 1
/** How long a writer waits for another; makers of codes commit every few thousand. */
const BUSY_MS = 5000
/** A reader only ever waits while a ledger is brought back after a crash, and decisions may wait behind it. */
const READER_BUSY_MS = 250
const OWNER_ONLY = 0o600
const SECRET_BYTES = 32

const SCHEMA = `
CREATE TABLE ledger (secret BLOB NOT NULL) STRICT;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, campaign TEXT NOT NULL, prefix TEXT NOT NULL, expires_at INTEGER, created_at INTEGER NOT NULL,
  count INTEGER NOT NULL, is_personal INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE codes (
  code TEXT PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batches (id), shopper TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX codes_of_batch ON codes (batch);
CREATE TABLE redemptions (
  id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE REFERENCES codes (code), campaign TEXT NOT NULL, subject TEXT,
  order_key TEXT, discount_minor INTEGER NOT NULL, redeemed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX redemptions_of_subject ON redemptions (campaign, subject);
CREATE TABLE spent (campaign TEXT PRIMARY KEY, uses INTEGER NOT NULL, minor INTEGER NOT NULL) STRICT, WITHOUT ROWID;
PRAGMA user_version = ${FORMAT};
`

/** Opens the ledger to write, and makes it where there is none. Throws `environment` for a file that is none of ours. */
export function openLedger(file: string): Database {
  // Codes are worth money: what SQLite puts beside the file has the same rights.
  if (!existsSync(file)) closeSync(openSync(file, 'a', OWNER_ONLY))
  return opened(file, { timeout: BUSY_MS }, (database) => {
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    database.transaction(() => layOut(database, file)).immediate()
  })
}

/** Null where no codes were ever made. Throws as `openLedger`. */
export function openLedgerToRead(file: string): Database | null {
  if (!existsSync(file)) return null
  const options = { readonly: true, fileMustExist: true, timeout: READER_BUSY_MS }
  const database = opened(file, options, () => undefined)
  const format = formatOf(database)
  if (format === FORMAT) return database
  database.close()
  // Its maker has not laid it out yet.
  if (format === 0) return null
  throw otherFormat(file, format)
}

function opened(file: string, options: Sqlite.Options, prepare: (database: Database) => void): Database {
  const Sqlite3 = loadSqlite()
  const database = new Sqlite3(file, options)
  try {
    formatOf(database)
    prepare(database)
    return database
  } catch (error) {
    database.close()
    if (!(error instanceof Sqlite3.SqliteError) || error.code !== 'SQLITE_NOTADB') throw error
    throw new OfferwrightError('environment', `${file} is no ledger: ${error.message}`, { field: 'ledger' })
  }
}

function layOut(database: Database, file: string): void {
  const format = formatOf(database)
  if (format !== 0 && format !== FORMAT) throw otherFormat(file, format)
  if (format === FORMAT) return
  database.exec(SCHEMA)
  database.prepare('INSERT INTO ledger (secret) VALUES (?)').run(randomBytes(SECRET_BYTES))
}

function formatOf(database: Database): number {
  return database.pragma('user_version', { simple: true }) as number
}

function otherFormat(file: string, format: number): OfferwrightError {
  return new OfferwrightError('environment', `${file} has format ${format}, this program knows ${FORMAT}`, {
    field: 'ledger',
    value: format,
  })
}

function loadSqlite(): typeof Sqlite {
  try {
    return createRequire(import.meta.url)('better-sqlite3') as typeof Sqlite
  } catch (error) {
    const [cause] = (error as Error).message.split('\n', 1)
    throw new OfferwrightError(
      'environment',
      `better-sqlite3, which codes that are good once need, does not load: ${cause}; with a C++ compiler, make and ` +
        'Python 3 installed run `npm rebuild better-sqlite3`',
    )
  }
}
