/** The shoppers section: keys and their look-up, and each shopper's newest distinct items. */
import { readShoppers } from '../duckdb.ts'
import { historiesOf } from '../histories.ts'
import { buildKeyTable } from '../key-table.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export async function trainShoppers({ dataset, sections, parameters }: StageContext): Promise<StageReport> {
  const { key } = await readShoppers(dataset.folder)
  const { eventWeights, historyStored } = parameters
  const { indptr, items, kinds, cut } = historiesOf(dataset.table, dataset, eventWeights, historyStored)
  await writeSection(sections, 'shoppers', {
    ...buildKeyTable(key.map((text) => text ?? '')),
    history_indptr: indptr,
    history_items: items,
    history_kinds: kinds,
  })
  return { metrics: { shoppers: key.length, historyItems: items.length, historyItemsCut: cut } }
}
