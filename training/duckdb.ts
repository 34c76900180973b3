/**
 * DuckDB behind few doors: statements, rows, and columns of a Parquet file as typed arrays.
 *
 * Columnar results are NULL-free for numbers: u32 has 0xFFFFFFFF, i32 and f64 have -1 and u8 has 255 where the file
 * has NULL; none of these is a value of the tables that import writes. Texts keep null. BIGINT is read as f64, exact up
 * to 2^53, which milliseconds never reach.
 */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { OfferwrightError } from '../core/contract/errors.ts'

const COLUMN_TYPES = {
  u8: { array: Uint8Array, sql: 'UTINYINT', missing: 255 },
  u32: { array: Uint32Array, sql: 'UINTEGER', missing: 0xffff_ffff },
  i32: { array: Int32Array, sql: 'INTEGER', missing: -1 },
  f64: { array: Float64Array, sql: 'DOUBLE', missing: -1 },
} as const

/** What a NULL index reads as: an event without a shopper. */
export const NO_INDEX = COLUMN_TYPES.u32.missing

export type ColumnType = keyof typeof COLUMN_TYPES | 'text'
type Column<T extends ColumnType> = T extends keyof typeof COLUMN_TYPES
  ? InstanceType<(typeof COLUMN_TYPES)[T]['array']>
  : (string | null)[]
export type Columns<Wanted extends Record<string, ColumnType>> = {
  -readonly [Name in keyof Wanted]: Column<Wanted[Name]>
}

const ITEM_COLUMNS = {
  key: 'text',
  title: 'text',
  category: 'text',
  brand: 'text',
  price_minor: 'i32',
  prior_price_minor: 'i32',
  cost_minor: 'i32',
  stock: 'i32',
  available: 'u8',
} as const
/** `value` of a text, else `number`: the missing number of a text reads as -1. */
const ATTRIBUTE_COLUMNS = { item_index: 'u32', name: 'text', value: 'text', number: 'f64' } as const
const TRAIT_COLUMNS = { shopper_index: 'u32', name: 'text', value: 'text', number: 'f64' } as const
const LINK_COLUMNS = { shopper_index: 'u32', other_index: 'u32', weight: 'f64' } as const
const SHOPPER_COLUMNS = { key: 'text' } as const
const EVENT_COLUMNS = {
  shopper_index: 'u32',
  item_index: 'u32',
  kind: 'u8',
  time_ms: 'f64',
  quantity: 'i32',
  price_minor: 'i32',
  discount_minor: 'i32',
  campaign: 'text',
  order_key: 'text',
} as const

/** An SQL identifier; any text is safe in it. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** An SQL text; any text is safe in it. A statement ends at a NUL character, so that one is spelt out. */
export function quoteText(text: string): string {
  const pieces = text.split('\u0000').map((piece) => `'${piece.replaceAll("'", "''")}'`)
  return pieces.length === 1 ? pieces[0] : `(${pieces.join(' || chr(0) || ')})`
}

export interface DatabaseOptions {
  /** Default: the machine's cores. */
  threads?: number
  /** Where tables that do not fit in memory spill. */
  tempFolder?: string
}

/** An in-memory database of its own. Close it. */
export class Database {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  static async open(options: DatabaseOptions = {}): Promise<Database> {
    const settings: Record<string, string> = {
      threads: String(options.threads ?? availableParallelism()),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    }
    if (options.tempFolder !== undefined) settings.temp_directory = options.tempFolder
    const instance = await DuckDBInstance.create(':memory:', settings)
    const connection = await instance.connect()
    await connection.run("SET TimeZone = 'UTC'")
    return new Database(instance, connection)
  }

  /** Runs one or more statements. */
  async run(sql: string): Promise<void> {
    await this.#connection.run(sql)
  }

  /** Rows as plain objects: every column must be text, a double, an integer of 32 bits, a boolean or NULL. */
  async rows<Row extends Record<string, string | number | boolean | null>>(sql: string): Promise<Row[]> {
    const reader = await this.#connection.runAndReadAll(sql)
    return reader.getRowObjectsJS() as Row[]
  }

  /** Columns of a query's result, in the query's order; `count` rows exactly. */
  async columns<Wanted extends Record<string, ColumnType>>(
    from: string,
    wanted: Wanted,
    count: number,
  ): Promise<Columns<Wanted>> {
    const names = Object.keys(wanted)
    const readers = names.map((name) => columnReader(wanted[name], count))
    const select = names.map((name) => columnSql(name, wanted[name])).join(', ')
    const result = await this.#connection.stream(`SELECT ${select} FROM ${from}`)
    let start = 0
    for await (const chunk of result) {
      readers.forEach((reader, c) => {
        const vector = chunk.getColumnVector(c)
        for (let row = 0; row < chunk.rowCount; row++) reader.values[start + row] = vector.getItem(row) as never
      })
      start += chunk.rowCount
    }
    return Object.fromEntries(names.map((name, c) => [name, readers[c].values])) as Columns<Wanted>
  }

  /** Calls `take` with the first column of each row, a text, in the query's order; one chunk of them is in memory at a time. */
  async eachText(sql: string, take: (text: string) => void): Promise<void> {
    for await (const chunk of await this.#connection.stream(sql)) {
      const vector = chunk.getColumnVector(0)
      for (let row = 0; row < chunk.rowCount; row++) take(String(vector.getItem(row)))
    }
  }

  close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }
}

function columnReader(type: ColumnType, count: number) {
  return { values: type === 'text' ? new Array<string | null>(count) : new COLUMN_TYPES[type].array(count) }
}

function columnSql(name: string, type: ColumnType): string {
  if (type === 'text') return `CAST(${quoteName(name)} AS VARCHAR)`
  const { sql, missing } = COLUMN_TYPES[type]
  return `coalesce(CAST(${quoteName(name)} AS ${sql}), CAST(${missing} AS ${sql}))`
}

/** Columns of a Parquet file in its row order. Throws `invalid_data` when the file cannot be read so. */
export async function readColumns<Wanted extends Record<string, ColumnType>>(
  file: string,
  wanted: Wanted,
): Promise<Columns<Wanted>> {
  const db = await Database.open()
  try {
    const from = `read_parquet(${quoteText(file)})`
    const [{ count }] = await db.rows<{ count: number }>(`SELECT CAST(count(*) AS DOUBLE) AS count FROM ${from}`)
    return await db.columns(from, wanted, count)
  } catch (error) {
    throw new OfferwrightError('invalid_data', `cannot read ${file}: ${(error as Error).message}`, {
      field: 'file',
      value: file,
    })
  } finally {
    db.close()
  }
}

type ItemColumn = keyof typeof ITEM_COLUMNS
type EventColumn = keyof typeof EVENT_COLUMNS

/** Columns of items.parquet; row i is item index i. */
export function readItems<Name extends ItemColumn>(
  dataFolder: string,
  names: readonly Name[],
): Promise<Columns<Pick<typeof ITEM_COLUMNS, Name>>> {
  return readColumns(join(dataFolder, 'items.parquet'), pick(ITEM_COLUMNS, names))
}

/** Rows of attributes.parquet by item, name and value; null where the mapping names no attributes. */
export async function readAttributes(dataFolder: string): Promise<Columns<typeof ATTRIBUTE_COLUMNS> | null> {
  const file = join(dataFolder, 'attributes.parquet')
  return existsSync(file) ? readColumns(file, ATTRIBUTE_COLUMNS) : null
}

/** Rows of traits.parquet by shopper, name and value; null where the mapping has no file of shoppers. */
export async function readTraitRows(dataFolder: string): Promise<Columns<typeof TRAIT_COLUMNS> | null> {
  const file = join(dataFolder, 'traits.parquet')
  return existsSync(file) ? readColumns(file, TRAIT_COLUMNS) : null
}

/** Rows of links.parquet by shopper and other shopper; null where the data has none. */
export async function readLinks(dataFolder: string): Promise<Columns<typeof LINK_COLUMNS> | null> {
  const file = join(dataFolder, 'links.parquet')
  if (!existsSync(file)) return null
  const links = await readColumns(file, LINK_COLUMNS)
  return links.weight.length === 0 ? null : links
}

/** Keys of shoppers.parquet; row i is shopper index i. */
export function readShoppers(dataFolder: string): Promise<Columns<typeof SHOPPER_COLUMNS>> {
  return readColumns(join(dataFolder, 'shoppers.parquet'), SHOPPER_COLUMNS)
}

/** Columns of events.parquet, oldest first. `shopper_index` is `NO_INDEX` where there is no shopper. */
export function readEvents<Name extends EventColumn>(
  dataFolder: string,
  names: readonly Name[],
): Promise<Columns<Pick<typeof EVENT_COLUMNS, Name>>> {
  return readColumns(join(dataFolder, 'events.parquet'), pick(EVENT_COLUMNS, names))
}

function pick<Wanted extends Record<string, ColumnType>, Name extends keyof Wanted>(
  all: Wanted,
  names: readonly Name[],
) {
  return Object.fromEntries(names.map((name) => [name, all[name]])) as Pick<Wanted, Name>
}
