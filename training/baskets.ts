/** What a shop's orders are worth, by the portable SQL of `training/sql`. */
import type { Dataset } from './dataset.ts'
import { readSql } from './import/sql.ts'
import { withEvents } from './relations.ts'

/** 0 for a shop without priced purchases. */
export function meanOrderMinor(dataset: Dataset): Promise<number> {
  return withEvents(dataset, async (db) => {
    const [{ mean_minor }] = await db.rows<{ mean_minor: number }>(await readSql('mean-order'))
    return mean_minor
  })
}
