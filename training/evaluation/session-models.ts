/** What learns from sessions, by name, and how the sources of a blend are weighed. */
import { NO_SOURCE } from '../../core/scoring/blends.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import type { SourceWeights } from '../../core/snapshot/manifest.ts'
import type { Dataset } from '../dataset.ts'
import { openHeldOut } from '../held-out.ts'
import { MODEL_STAGES } from '../model-stages.ts'
import { SESSION_MODEL_NAMES, SESSION_MODELS, type SessionModelName } from '../neighbours/models.ts'
import { type RowModel, TRAINING_DEFAULTS, type TrainingParameters, trainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import type { Stage } from '../stage.ts'

export const EVALUATED_MODELS = ['auto', ...SESSION_MODEL_NAMES, 'item-cf'] as const
export type EvaluatedModel = (typeof EVALUATED_MODELS)[number]

/** A model that can be trained: visits, item-item rows, or both, each times its weight. */
export interface SessionChoice {
  name: string
  neighbours: SessionModelName | null
  rows: RowModel
  weights: SourceWeights
}

export function choiceOf(name: Exclude<EvaluatedModel, 'auto'>): SessionChoice {
  if (name === 'item-cf') return { name, neighbours: null, rows: 'item-cf', weights: { ...NO_SOURCE, rows: 1 } }
  return { name, neighbours: name, rows: 'none', weights: { ...NO_SOURCE, sessions: 1 } }
}

/** What the questions need; nobody asks for trends, prices of campaigns or what is bought together. */
const { catalogue, shoppers, similarity, popularity, vectors, index, prices, sessions } = MODEL_STAGES
export const SESSION_STAGES = { catalogue, shoppers, similarity, popularity, vectors, index, prices, sessions }

/** `stages`: those to run; the results of the others lie in the folder. */
export function openTrained(
  dataset: Dataset,
  choice: SessionChoice,
  threads: number,
  folder: string,
  onProgress: OnProgress,
  stages: Record<string, Stage> = SESSION_STAGES,
): Promise<Generation> {
  return openHeldOut(dataset, trainingParameters(parametersOf(choice, threads)), folder, { onProgress, stages })
}

/** Nobody comes back, so next to nothing of the sessions' own histories is stored. */
function parametersOf({ neighbours, rows, weights }: SessionChoice, threads: number): Partial<TrainingParameters> {
  return {
    threads,
    sessions: neighbours === null ? null : SESSION_MODELS[neighbours],
    rows,
    blend: { known: weights, session: weights },
    historyStored: 1,
    vectors: { ...TRAINING_DEFAULTS.vectors, dim: 1, weight: 0 },
    index: { m: 4, efConstruction: 8 },
    content: { ...TRAINING_DEFAULTS.content, strength: 0 },
  }
}
