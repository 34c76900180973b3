/**
 * The rhythm section: how often an item is bought again and after how many days, and when each shopper last bought the
 * items of their history. `core/scoring/rhythm.ts` turns it into what is due.
 */
import { NOT_BOUGHT } from '../../core/snapshot/layout.ts'
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import type { Dataset } from '../dataset.ts'
import { NO_INDEX } from '../duckdb.ts'
import { PURCHASE } from '../elasticity.ts'
import { readSql } from '../import/sql.ts'
import { countRows, withEvents } from '../relations.ts'
import { type StageReport, sectionFile, writeSection } from '../sections.ts'
import { rowStarts } from '../sparse.ts'
import type { StageContext } from '../stage.ts'

const DAY_MS = 86_400_000

/** Null: nobody bought anything twice. */
export async function trainRhythm({ dataset, sections }: StageContext): Promise<StageReport | null> {
  const repeated = await repeatedItems(dataset)
  if (repeated.item_index.length === 0) return null
  const repeatRate = new Float32Array(dataset.items)
  const intervalDays = new Float32Array(dataset.items)
  repeated.item_index.forEach((item, row) => {
    repeatRate[item] = repeated.repeat_rate[row]
    intervalDays[item] = repeated.interval_days[row]
  })
  const { history_indptr, history_items } = await readSafetensors(sectionFile(sections, 'shoppers'))
  const days = daysSincePurchase(dataset, history_indptr.data as Uint32Array, history_items.data as Uint32Array)
  await writeSection(sections, 'rhythm', { repeat_rate: repeatRate, interval_days: intervalDays, history_days: days })
  return { metrics: { itemsBoughtAgain: repeated.item_index.length } }
}

function repeatedItems(dataset: Dataset) {
  return withEvents(dataset, async (db) => {
    await db.run(await readSql('rhythm'))
    const wanted = { item_index: 'u32', repeat_rate: 'f64', interval_days: 'f64' } as const
    return db.columns('(SELECT * FROM rhythm ORDER BY item_index)', wanted, await countRows(db, 'rhythm'))
  })
}

/** Whole days from each history entry's newest purchase to the watermark. */
export function daysSincePurchase(
  { table, shoppers, items, watermark }: Dataset,
  indptr: Uint32Array,
  history: Uint32Array,
) {
  const purchases = purchasesByShopper(table, shoppers)
  const days = new Uint32Array(history.length).fill(NOT_BOUGHT)
  const placeOf = new Int32Array(items).fill(-1)
  for (let shopper = 0; shopper < shoppers; shopper++) {
    for (let p = indptr[shopper]; p < indptr[shopper + 1]; p++) placeOf[history[p]] = p
    for (let e = purchases.starts[shopper]; e < purchases.starts[shopper + 1]; e++) {
      const event = purchases.events[e]
      const place = placeOf[table.item[event]]
      // Oldest first: the newest purchase has the last word.
      if (place >= 0) days[place] = Math.floor((watermark - table.timeMs[event]) / DAY_MS)
    }
    for (let p = indptr[shopper]; p < indptr[shopper + 1]; p++) placeOf[history[p]] = -1
  }
  return days
}

function purchasesByShopper(table: Dataset['table'], nShoppers: number) {
  const bought = Uint32Array.from(table.item.keys()).filter(
    (e) => table.kind[e] === PURCHASE && table.shopper[e] !== NO_INDEX,
  )
  const starts = rowStarts(
    bought.map((e) => table.shopper[e]),
    nShoppers,
  )
  const next = starts.slice()
  const events = new Uint32Array(bought.length)
  for (const e of bought) events[next[table.shopper[e]]++] = e
  return { starts, events }
}
