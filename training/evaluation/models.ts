/** Models by name: which sources are learned, and how they add up. Constants within a model are published ones. */

import { MAX_STORED_HISTORY } from '../../core/snapshot/layout.ts'
import type { SourceWeights } from '../../core/snapshot/manifest.ts'
import type { TrainingParameters } from '../parameters.ts'

export const MODEL_NAMES = ['item-cf', 'graph-filter', 'popularity'] as const
export type ModelName = (typeof MODEL_NAMES)[number]

const NONE: SourceWeights = { rows: 0, sessions: 0, peers: 0, links: 0, vectors: 0, trends: 0, rhythm: 0 }

const MODELS: Record<ModelName, Partial<TrainingParameters>> = {
  'item-cf': { rows: 'item-cf', blend: alone('rows') },
  'graph-filter': { rows: 'graph-filter', blend: alone('rows') },
  popularity: { rows: 'none', blend: { known: NONE, session: NONE } },
}

/** Whole histories count: published protocols cut none. */
export function parametersOf(
  model: ModelName,
  { neighbours, threads }: { neighbours: number; threads: number },
): Partial<TrainingParameters> {
  return {
    neighbours,
    threads,
    historyStored: MAX_STORED_HISTORY,
    historyLength: MAX_STORED_HISTORY,
    vectors: { dim: 1, powerIterations: 1, efSearch: 16, weight: 0 },
    index: { m: 4, efConstruction: 8 },
    ...MODELS[model],
  }
}

function alone(source: keyof SourceWeights): { known: SourceWeights; session: SourceWeights } {
  const weights = { ...NONE, [source]: 1 }
  return { known: weights, session: weights }
}
