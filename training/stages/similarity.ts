/** The similarity section: item-item rows by source, and the score of an item that no row reaches. */
import type { Interactions } from '../histories.ts'
import { easeRows } from '../linear/ease.ts'
import { graphFilterRows } from '../linear/graph-filter.ts'
import { type SectionTables, type StageReport, writeSection } from '../sections.ts'
import { similarityOf } from '../similarity.ts'
import { type Csr, descendingOrder, emptyRows } from '../sparse.ts'
import type { StageContext } from '../stage.ts'

export async function trainSimilarity(context: StageContext): Promise<StageReport> {
  const { dataset, sections, parameters, interactions } = context
  const { eventWeights, historyLength, neighbours } = parameters
  const total = dataset.items
  const tables = await learnRows(context)
  await writeSection(sections, 'similarity', tables)
  return {
    metrics: {
      interactions: interactions.byShopper.indices.length,
      interactionsCut: interactions.cut,
      neighbours: tables.indices.length,
      meanNeighbours: tables.indices.length / total,
    },
    model: { eventWeights, historyLength, neighbours },
  }
}

async function learnRows({
  parameters,
  interactions,
  dataset,
  onProgress,
  rowSources: sources,
}: StageContext): Promise<SectionTables<'similarity'>> {
  const { rows, neighbours, threads, seed, l2 } = parameters
  const onDone = (done: number) =>
    onProgress({ stage: 'similarity', done, total: dataset.items, message: 'items compared' })
  switch (rows) {
    case 'item-cf':
      return similarityOf(interactions, neighbours, threads, onDone)
    case 'graph-filter':
      return overPopularity(
        await graphFilterRows(interactions, { neighbours, threads, seed, sources }, onDone),
        interactions,
      )
    case 'ease':
      return overPopularity(await easeRows(interactions, { neighbours, l2, threads, sources }, onDone), interactions)
    case 'none':
      return overPopularity(emptyRows(dataset.items), interactions)
  }
}

/** Far below any weight of a row, so that popularity only orders the items that no row reaches. */
const FILL = 1e-6

/** Rows whose model has no score for items they do not reach. */
function overPopularity(
  { indptr, indices, data }: Csr,
  { byItem, activeShoppers }: Interactions,
): SectionTables<'similarity'> {
  const bias = new Float32Array(byItem.nRows)
  for (let i = 0; i < byItem.nRows; i++)
    bias[i] = (FILL * (byItem.indptr[i + 1] - byItem.indptr[i])) / Math.max(1, activeShoppers)
  return { indptr, indices, data, bias, bias_order: descendingOrder(bias) }
}
