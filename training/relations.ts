/** A shop's events as a relation for the SQL of `training/sql`, as far as they are learned from. */
import { join } from 'node:path'
import type { Dataset } from './dataset.ts'
import { Database, quoteText } from './duckdb.ts'

/** Runs with `events` in place and closes the database. */
export async function withEvents<T>({ folder, watermark }: Dataset, run: (db: Database) => Promise<T>): Promise<T> {
  const db = await Database.open()
  try {
    const events = `read_parquet(${quoteText(join(folder, 'events.parquet'))})`
    await db.run(`CREATE VIEW events AS SELECT * FROM ${events} WHERE time_ms <= ${watermark}`)
    return await run(db)
  } finally {
    db.close()
  }
}

/** How many rows a relation has. */
export async function countRows(db: Database, from: string): Promise<number> {
  const [{ n }] = await db.rows<{ n: number }>(`SELECT CAST(count(*) AS DOUBLE) AS n FROM ${from}`)
  return n
}
