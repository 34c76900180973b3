/**
 * The ledger's file: a SQLite database that several processes may have open at a time: a server, and commands that make or
 * list codes. The one importer of better-sqlite3, which is loaded when a ledger is first opened, so that a shop without
 * one needs no such library.
 *
 * Write-ahead log: readers wait for nobody. Each commit is on the disk when it returns (`synchronous = FULL`). Whoever writes
 * has the file to himself from the first statement of a transaction on, so what is read in it still holds when it commits.
 *
 * Everything that writes goes through Kysely, so that another database is another dialect here. A quote, which may not wait
 * for a promise, reads through `LedgerReader`: queries that Kysely built, run by SQLite at once.
 */

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import type Sqlite from 'better-sqlite3'
import { CompiledQuery, type DatabaseConnection, Kysely, SqliteDialect, SqliteDriver } from 'kysely'
import { OfferwrightError } from '../../contract/errors.ts'
import { FORMAT, FROM_FORMAT_1, LAY_OUT, type LedgerTables } from './schema.ts'

export type Tables = Kysely<LedgerTables>

/** How long a writer waits for another; makers of codes commit every few thousand. */
const BUSY_MS = 5000
/** A reader only ever waits while a ledger is brought back after a crash, and decisions may wait behind it. */
const READER_BUSY_MS = 250
const OWNER_ONLY = 0o600
const SECRET_BYTES = 32

/** A ledger that is open to write. */
export class Ledger {
  readonly tables: Tables
  readonly #database: Sqlite.Database

  constructor(database: Sqlite.Database) {
    this.#database = database
    this.tables = tablesOf(database)
  }

  /** All that `work` writes is on the disk when this resolves, or none of it where it throws. */
  write<T>(work: (tables: Tables) => Promise<T>): Promise<T> {
    return this.tables.transaction().execute(work)
  }

  /** Moves all that is committed into the file, as far as readers let it. */
  emptyLog(): void {
    this.#database.pragma('wal_checkpoint(TRUNCATE)')
  }

  close(): void {
    this.#database.close()
  }
}

/**
 * Opens the ledger to write, makes it where there is none and brings one of format 1 up to date. Throws `environment` for a
 * file that is none of ours.
 */
export function openLedger(file: string): Ledger {
  // Codes are worth money: what SQLite puts beside the file has the same rights.
  if (!existsSync(file)) closeSync(openSync(file, 'a', OWNER_ONLY))
  const database = opened(file, { timeout: BUSY_MS }, (writable) => {
    writable.pragma('journal_mode = WAL')
    writable.pragma('synchronous = FULL')
    writable.pragma('secure_delete = ON')
    layOut(writable, file)
    writable.pragma('foreign_keys = ON')
  })
  return new Ledger(database)
}

/** Null where no codes were ever made. Throws as `openLedger`. */
export function openLedgerToRead(file: string): LedgerReader | null {
  if (!existsSync(file)) return null
  const database = openedToRead(file)
  if (database === null) return writtenFirst(file)
  const format = formatOf(database)
  if (format === FORMAT) return new LedgerReader(database)
  database.close()
  // Its maker has not laid it out yet.
  if (format === 0) return null
  if (format === 1) return writtenFirst(file)
  throw otherFormat(file, format)
}

/** Null where a crash left something half done, which whoever reads may not take back. */
function openedToRead(file: string): Sqlite.Database | null {
  try {
    return opened(file, { readonly: true, fileMustExist: true, timeout: READER_BUSY_MS }, () => undefined)
  } catch (error) {
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_READONLY')) return null
    throw error
  }
}

/** Whoever writes brings a ledger up to date, or back after a crash; a reader that comes first lets it be done. */
function writtenFirst(file: string): LedgerReader | null {
  openLedger(file).close()
  return openLedgerToRead(file)
}

/** A query of Kysely's, or SQL that it has quoted. */
interface Compilable<Row> {
  compile(tables: Tables): CompiledQuery<Row>
}

export class LedgerReader {
  /** Builds queries for this ledger; they are run by `all` and `each`. */
  readonly tables: Tables
  readonly #kept: ReturnType<typeof keepingStatements>

  constructor(database: Sqlite.Database) {
    this.#kept = keepingStatements(database)
    this.tables = tablesOf(database)
  }

  all<Row>(query: Compilable<Row>): Row[] {
    return [...this.each(query)]
  }

  each<Row>(query: Compilable<Row>): IterableIterator<Row> {
    const { sql, parameters } = query.compile(this.tables)
    return this.#kept.prepare(sql).iterate(...parameters) as IterableIterator<Row>
  }

  close(): void {
    this.#kept.close()
  }
}

class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

class LedgerDialect extends SqliteDialect {
  readonly #database: Sqlite.Database

  constructor(database: Sqlite.Database) {
    super({ database })
    this.#database = database
  }

  override createDriver(): SqliteDriver {
    return new ImmediateDriver({ database: keepingStatements(this.#database) })
  }
}

function tablesOf(database: Sqlite.Database): Tables {
  return new Kysely<LedgerTables>({ dialect: new LedgerDialect(database) })
}

/** Kysely prepares a statement each time; the few dozen that a ledger has are kept. Inserts of many rows are not. */
function keepingStatements(database: Sqlite.Database) {
  const kept = new Map<string, Sqlite.Statement<unknown[]>>()
  return {
    prepare(sql: string) {
      const known = kept.get(sql)
      if (known !== undefined) return known
      const statement = database.prepare<unknown[]>(sql)
      if (sql.length < LONGEST_KEPT) kept.set(sql, statement)
      return statement
    },
    close: () => database.close(),
  }
}

const LONGEST_KEPT = 1000

function opened(file: string, options: Sqlite.Options, prepare: (database: Sqlite.Database) => void): Sqlite.Database {
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

/** Two that open it at once: one lays it out, the other finds it done. Whoever finds it done waits for no writer. */
function layOut(database: Sqlite.Database, file: string): void {
  if (formatOf(database) === FORMAT) return
  const bringUpToDate = database.transaction(() => {
    const format = formatOf(database)
    if (format === 0) {
      database.exec(LAY_OUT)
      database.prepare('INSERT INTO ledger (secret) VALUES (?)').run(randomBytes(SECRET_BYTES))
    } else if (format === 1) database.exec(FROM_FORMAT_1)
    else if (format !== FORMAT) throw otherFormat(file, format)
  })
  bringUpToDate.immediate()
}

function formatOf(database: Sqlite.Database): number {
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
