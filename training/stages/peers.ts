/**
 * The peers section: shoppers' histories, and for each item the shoppers that hold it. Only where it is asked for,
 * or where links between shoppers need it.
 */
import { readLinks } from '../duckdb.ts'
import { historiesOf } from '../histories.ts'
import { PEER_MODELS, type PeerModel } from '../neighbours/models.ts'
import { lastEvents, peerTables } from '../neighbours/peer-tables.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

export async function trainPeers({ dataset, sections, parameters }: StageContext): Promise<StageReport | null> {
  const { eventWeights, historyStored } = parameters
  const model = parameters.peers ?? (await modelForLinks(dataset.folder))
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

async function modelForLinks(dataFolder: string): Promise<PeerModel | null> {
  return (await readLinks(dataFolder)) === null ? null : PEER_MODELS['user-based']
}
