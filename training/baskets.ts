/** What a shop's orders are worth, by the portable SQL of `training/sql`. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Dataset } from './dataset.ts'
import { Database, quoteText } from './duckdb.ts'

const SQL = new URL('../../training/sql/mean-order.sql', import.meta.url)

/** 0 for a shop without priced purchases. */
export async function meanOrderMinor({ folder, watermark }: Dataset): Promise<number> {
  const db = await Database.open()
  try {
    const events = `read_parquet(${quoteText(join(folder, 'events.parquet'))})`
    await db.run(`CREATE VIEW events AS SELECT * FROM ${events} WHERE time_ms <= ${watermark}`)
    const [{ mean_minor }] = await db.rows<{ mean_minor: number }>(await readFile(SQL, 'utf8'))
    return mean_minor
  } finally {
    db.close()
  }
}
