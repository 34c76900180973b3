/** Models by name: which sources are learned, and how they add up. Constants within a model are published ones. */

import { NO_SOURCE } from '../../core/scoring/blends.ts'
import { MAX_STORED_HISTORY } from '../../core/snapshot/layout.ts'
import type { SourceWeights } from '../../core/snapshot/manifest.ts'
import { PEER_MODELS } from '../neighbours/models.ts'
import { TRAINING_DEFAULTS, type TrainingParameters } from '../parameters.ts'

export const MODEL_NAMES = ['item-cf', 'graph-filter', 'ease', 'user-cf', 'ials', 'popularity'] as const
export type ModelName = (typeof MODEL_NAMES)[number]
/** Families that `auto` chooses from. */
export const CANDIDATES: readonly ModelName[] = ['item-cf', 'graph-filter', 'ease']

/** Seen to reach its published quality at 256 dimensions. */
const IALS = { ...TRAINING_DEFAULTS.vectors, model: 'ials', dim: 256, weight: 1, efSearch: 256 } as const

const MODELS: Record<ModelName, Partial<TrainingParameters>> = {
  'item-cf': { rows: 'item-cf', blend: alone('rows') },
  'graph-filter': { rows: 'graph-filter', blend: alone('rows') },
  ease: { rows: 'ease', l2: 80, blend: alone('rows') },
  'user-cf': { rows: 'none', peers: PEER_MODELS['user-based'], blend: alone('peers') },
  ials: { rows: 'none', blend: alone('vectors'), vectors: IALS, index: { m: 32, efConstruction: 200 } },
  popularity: { rows: 'none', blend: { known: NO_SOURCE, session: NO_SOURCE } },
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
    vectors: { ...TRAINING_DEFAULTS.vectors, dim: 1, weight: 0 },
    index: { m: 4, efConstruction: 8 },
    content: { ...TRAINING_DEFAULTS.content, strength: 0 },
    ...MODELS[model],
  }
}

function alone(source: keyof SourceWeights): { known: SourceWeights; session: SourceWeights } {
  const weights = { ...NO_SOURCE, [source]: 1 }
  return { known: weights, session: weights }
}
