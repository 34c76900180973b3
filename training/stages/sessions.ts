/** The sessions section: visits, and for each item the newest visits that hold it. Only where it is asked for. */
import { sessionTables } from '../neighbours/session-tables.ts'
import { visitsOf, withoutLongest } from '../neighbours/visits.ts'
import { type StageReport, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'

const MINUTE_MS = 60_000

export async function trainSessions({ dataset, sections, parameters }: StageContext): Promise<StageReport | null> {
  const { sessions: model, eventWeights } = parameters
  if (model === null) return null
  const all = visitsOf(dataset.table, dataset, eventWeights, model.gapMinutes * MINUTE_MS)
  const visits = withoutLongest(all, model.lengthQuantile)
  const tables = sessionTables(visits, dataset.items, model)
  await writeSection(sections, 'sessions', tables)
  return {
    metrics: {
      visits: visits.indptr.length - 1,
      visitsTooLong: all.indptr.length - visits.indptr.length,
      visitItems: visits.items.length,
      postings: tables.item_rows.length,
      postingsCut: visits.items.length - tables.item_rows.length,
    },
    model: { sessions: model.search },
  }
}
