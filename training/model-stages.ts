/** The stages that make the sections of a snapshot, in the order in which they run. */
import type { TrainingParameters } from './parameters.ts'
import { removeResult, writeReport } from './sections.ts'
import type { Stage, StageContext } from './stage.ts'
import { trainIndex } from './stages/ann-index.ts'
import { trainAttributes } from './stages/attributes.ts'
import { trainCatalogue } from './stages/catalogue.ts'
import { trainContent } from './stages/content.ts'
import { trainLinks } from './stages/links.ts'
import { trainPeers } from './stages/peers.ts'
import { trainPopularity } from './stages/popularity.ts'
import { trainPrices } from './stages/prices.ts'
import { trainResponse } from './stages/response.ts'
import { trainRhythm } from './stages/rhythm.ts'
import { trainSessions } from './stages/sessions.ts'
import { trainShoppers } from './stages/shoppers.ts'
import { trainSimilarity } from './stages/similarity.ts'
import { trainTogether } from './stages/together.ts'
import { trainTraits } from './stages/traits.ts'
import { trainTrends } from './stages/trends.ts'
import { trainVectors } from './stages/vectors.ts'

export const MODEL_STAGES = {
  catalogue: trainCatalogue,
  shoppers: trainShoppers,
  similarity: trainSimilarity,
  content: trainContent,
  popularity: trainPopularity,
  vectors: trainVectors,
  index: trainIndex,
  prices: trainPrices,
  response: trainResponse,
  sessions: trainSessions,
  peers: trainPeers,
  links: trainLinks,
  together: trainTogether,
  trends: trainTrends,
  rhythm: trainRhythm,
  attributes: trainAttributes,
  traits: trainTraits,
} satisfies Record<string, Stage>

/** Runs a stage and leaves its report beside its section, or neither where the data has nothing for it. */
export async function runStage(name: string, stage: Stage, context: StageContext): Promise<void> {
  const { onProgress, dataset, sections, parameters } = context
  onProgress({ stage: name, done: 0, total: 1, message: 'started' })
  const startedAt = performance.now()
  const report = await stage(context)
  if (report === null) await removeResult(sections, name)
  else await writeReport(sections, name, dataset, withoutThreads(parameters), report)
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(2)
  onProgress({ stage: name, done: 1, total: 1, message: `done in ${seconds} s` })
}

/** How many threads worked changes no byte of a result, so it is no part of the report. */
function withoutThreads(parameters: TrainingParameters): Record<string, unknown> {
  const { threads: _, ...rest } = parameters
  return rest
}
