/** The peers section: shoppers' histories, and for each item the shoppers that hold it. Only where it is asked for. */
import { historiesOf } from '../histories.ts'
import { lastEvents, peerTables } from '../neighbours/peer-tables.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export async function trainPeers({ dataset, sections, parameters }: StageContext): Promise<StageReport | null> {
  const { peers: model, eventWeights, historyStored } = parameters
  if (model === null) return null
  const histories = historiesOf(dataset.table, dataset, eventWeights, historyStored)
  const newest = lastEvents(dataset.table, dataset.shoppers)
  const tables = peerTables(histories, dataset.items, eventWeights, newest, model.postings)
  await writeSection(sections, 'peers', tables)
  const entries = histories.items.length
  return {
    metrics: { entries, postings: tables.item_rows.length, postingsCut: entries - tables.item_rows.length },
    model: { peers: model.search },
  }
}
