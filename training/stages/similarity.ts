/** The similarity section: item-item neighbours by source, and the score of an item no neighbour reaches. */
import { type StageReport, writeSection } from '../sections.ts'
import { similarityOf } from '../similarity.ts'
import type { StageContext } from '../stage.ts'

export async function trainSimilarity(context: StageContext): Promise<StageReport> {
  const { dataset, sections, parameters, interactions, onProgress } = context
  const { eventWeights, historyLength, neighbours, threads } = parameters
  const total = dataset.items
  const tables = await similarityOf(interactions, neighbours, threads, (done) =>
    onProgress({ stage: 'similarity', done, total, message: 'items compared' }),
  )
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
