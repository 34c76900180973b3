/**
 * Takes erased shoppers out of what import wrote: their events up to the erasure, their traits and links, and their keys; the other
 * shoppers are numbered anew. DuckDB makes the same hashes as the list of erasures, so no key leaves the database.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { EVENT_KINDS } from '../../core/contract/events.ts'
import type { Erasures } from '../../core/store/erasure/erasures.ts'
import { Database, quoteText } from '../duckdb.ts'
import { replaceFolder } from '../import/import.ts'
import { readSql } from '../import/sql.ts'

export interface ErasedData {
  shoppers: number
  events: number
}

const NOTHING: ErasedData = { shoppers: 0, events: 0 }
const PURCHASE = EVENT_KINDS.indexOf('purchase')

/** A table that names shoppers by index, and in which columns. */
const NAMING = { traits: ['shopper_index'], links: ['shopper_index', 'other_index'] } as const

/** How much went. `data`: folder of the import; one that is not there holds nobody. It is replaced as a whole, or stays. */
export async function eraseFromData(data: string, erasures: Erasures): Promise<ErasedData> {
  if (erasures.isEmpty || !existsSync(join(data, 'dataset.json'))) return NOTHING
  const db = await Database.open()
  try {
    await load(db, data, erasures)
    const erased = await counted(db)
    if (erased.shoppers > 0) await replace(db, resolve(data), erasures)
    return erased
  } finally {
    db.close()
  }
}

async function load(db: Database, data: string, { all, prefix }: Erasures): Promise<void> {
  await db.run(`CREATE TABLE hash_prefix AS SELECT ${quoteText(prefix ?? '')} AS prefix`)
  const rows = [...all].map(([hash, time]) => `(${quoteText(hash)}, ${time})`).join(', ')
  await db.run(
    `CREATE TABLE erasures AS SELECT hash, CAST(erased_ms AS BIGINT) AS erased_at FROM (VALUES ${rows}) AS v(hash, erased_ms)`,
  )
  for (const table of ['shoppers', 'events', ...optionalTables(data)]) {
    const from = `read_parquet(${quoteText(join(data, `${table}.parquet`))}, file_row_number = true)`
    await db.run(`CREATE TABLE old_${table} AS SELECT * RENAME (file_row_number AS row_number) FROM ${from}`)
  }
  await db.run(await readSql('erase-shoppers'))
  for (const table of optionalTables(data)) await db.run(withoutErased(table))
}

/** What is known of somebody who was erased and came back went with the erasure too. */
function withoutErased(table: keyof typeof NAMING): string {
  const columns = NAMING[table]
  const joins = columns.map(
    (column, k) => `JOIN kept_shoppers k${k} ON k${k}.shopper_index = t.${column} AND NOT k${k}.is_erased`,
  )
  const renumbered = columns.map((column, k) => `k${k}.new_index AS ${column}`).join(', ')
  return `CREATE TABLE ${table} AS SELECT ${renumbered}, t.* EXCLUDE (${columns.join(', ')}, row_number)
    FROM old_${table} t ${joins.join(' ')} ORDER BY t.row_number`
}

function optionalTables(data: string): (keyof typeof NAMING)[] {
  return (Object.keys(NAMING) as (keyof typeof NAMING)[]).filter((name) => existsSync(join(data, `${name}.parquet`)))
}

async function counted(db: Database): Promise<ErasedData> {
  const [{ shoppers, events }] = await db.rows<{ shoppers: number; events: number }>(
    `SELECT CAST((SELECT count(*) FROM erased_shoppers) AS DOUBLE) AS shoppers,
      CAST((SELECT count(*) FROM old_events) - (SELECT count(*) FROM kept_events) AS DOUBLE) AS events`,
  )
  const [{ gone }] = await db.rows<{ gone: number }>(
    `SELECT CAST((SELECT count(*) FROM old_shoppers) - (SELECT count(*) FROM kept_shoppers) AS DOUBLE) AS gone`,
  )
  return { shoppers: gone > 0 || events > 0 ? shoppers : 0, events }
}

/** What does not name shoppers is copied as it is. */
async function replace(db: Database, data: string, erasures: Erasures): Promise<void> {
  const folder = `${data}.new-${randomUUID()}`
  await mkdir(folder)
  try {
    await cp(data, folder, { recursive: true })
    await db.run('SET threads = 1')
    for (const table of ['shoppers', 'events', ...optionalTables(data)]) {
      const file = join(folder, `${table}.parquet`)
      await db.run(`COPY ${table} TO ${quoteText(file)} (FORMAT parquet, COMPRESSION zstd)`)
    }
    await rewriteRejects(db, folder, erasures)
    await rewriteSummary(db, folder)
    await replaceFolder(data, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A rejected row is told with the value that was refused, which may be a key. */
async function rewriteRejects(db: Database, folder: string, { prefix }: Erasures): Promise<void> {
  const file = join(folder, 'rejects.csv')
  if (!existsSync(file)) return
  await db.run(`CREATE TABLE rejects AS SELECT * FROM read_csv(${quoteText(file)}, header = true, all_varchar = true)
    WHERE value IS NULL OR sha256(${quoteText(prefix ?? '')} || value) NOT IN (SELECT hash FROM erasures)`)
  await db.run(`COPY rejects TO ${quoteText(file)} (FORMAT csv, HEADER)`)
}

async function rewriteSummary(db: Database, folder: string): Promise<void> {
  const file = join(folder, 'dataset.json')
  const summary = JSON.parse(await readFile(file, 'utf8'))
  const [counts] = await db.rows<{ shoppers: number; events: number; purchases: number; watermark: number | null }>(
    `SELECT CAST((SELECT count(*) FROM shoppers) AS DOUBLE) AS shoppers, CAST(count(*) AS DOUBLE) AS events,
      CAST(count(*) FILTER (kind = ${PURCHASE}) AS DOUBLE) AS purchases, CAST(max(time_ms) AS DOUBLE) AS watermark
      FROM events`,
  )
  const changed = { ...summary, ...counts, watermark: counts.watermark ?? summary.watermark }
  await writeFile(file, `${JSON.stringify(changed, null, 2)}\n`)
}
