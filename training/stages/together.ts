/**
 * The together section: W[j, i] = orders with j and i / orders with j, an estimate of P(i | j) over the shop's orders.
 * Pairs of fewer than `leastOrders` common orders are chance and are left out.
 */
import type { Database } from '../duckdb.ts'
import { readSql } from '../import/sql.ts'
import { countRows, withEvents } from '../relations.ts'
import { type StageReport, writeSection } from '../sections.ts'
import { rowStarts } from '../sparse.ts'
import type { StageContext } from '../stage.ts'

/** Null: no two items were bought together. */
export async function trainTogether({ dataset, sections, parameters }: StageContext): Promise<StageReport | null> {
  const { leastOrders, largestOrder, kept } = parameters.together
  const pairs = await withEvents(dataset, async (db) => {
    await db.run(
      `CREATE TABLE settings AS SELECT ${leastOrders} AS least_orders, ${largestOrder} AS largest_order, ${kept} AS kept`,
    )
    await db.run(await readSql('together'))
    return readPairs(db)
  })
  if (pairs.source.length === 0) return null
  const indptr = rowStarts(pairs.source, dataset.items)
  await writeSection(sections, 'together', { indptr, indices: pairs.target, data: Float32Array.from(pairs.share) })
  return { metrics: { pairs: pairs.source.length } }
}

async function readPairs(db: Database) {
  const wanted = { source: 'u32', target: 'u32', share: 'f64' } as const
  return db.columns('(SELECT * FROM together ORDER BY source, target)', wanted, await countRows(db, 'together'))
}
