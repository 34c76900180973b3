/** What learns from sessions, by name, and how the sources of a blend are weighed. */

import type { Generation } from '../../core/scoring/generation.ts'
import type { SourceWeights } from '../../core/snapshot/manifest.ts'
import type { Dataset } from '../dataset.ts'
import { openHeldOut } from '../held-out.ts'
import { MODEL_STAGES } from '../model-stages.ts'
import { type SessionModel, STAN, STAN_IDF, STAN_IDF_NEAR, VMIS } from '../neighbours/models.ts'
import { type RowModel, type TrainingParameters, trainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import type { Stage } from '../stage.ts'

export const NEIGHBOUR_MODELS = {
  vmis: VMIS,
  stan: STAN,
  'stan-idf': STAN_IDF,
  'stan-idf-near': STAN_IDF_NEAR,
} as const
export type NeighbourModelName = keyof typeof NEIGHBOUR_MODELS

export const SESSION_MODEL_NAMES = ['auto', 'vmis', 'stan', 'stan-idf', 'stan-idf-near', 'item-cf'] as const
export type SessionModelName = (typeof SESSION_MODEL_NAMES)[number]

/** A model that can be trained: visits, item-item rows, or both, each times its weight. */
export interface SessionChoice {
  name: string
  sessions: SessionModel | null
  rows: RowModel
  weights: { sessions: number; rows: number }
}

export function choiceOf(name: Exclude<SessionModelName, 'auto'>): SessionChoice {
  if (name === 'item-cf') return { name, sessions: null, rows: 'item-cf', weights: { sessions: 0, rows: 1 } }
  return { name, sessions: NEIGHBOUR_MODELS[name], rows: 'none', weights: { sessions: 1, rows: 0 } }
}

export function withRows(choice: SessionChoice, rows: RowModel, weight: number): SessionChoice {
  const name = `${choice.name} + ${weight.toPrecision(2)} ${rows}`
  return { ...choice, name, rows, weights: { ...choice.weights, rows: weight } }
}

const NONE: SourceWeights = { rows: 0, sessions: 0, peers: 0, links: 0, vectors: 0, trends: 0, rhythm: 0 }

/** Nobody comes back, so next to nothing of the sessions' own histories is stored. */
export function parametersOf({ sessions, rows, weights }: SessionChoice, threads: number): Partial<TrainingParameters> {
  const everywhere = { ...NONE, ...weights }
  return {
    threads,
    sessions,
    rows,
    blend: { known: everywhere, session: everywhere },
    historyStored: 1,
    vectors: { dim: 1, powerIterations: 1, efSearch: 16, weight: 0 },
    index: { m: 4, efConstruction: 8 },
  }
}

/** `stages`: those to run; the results of the others lie in the folder. */
export function openTrained(
  dataset: Dataset,
  choice: SessionChoice,
  threads: number,
  folder: string,
  onProgress: OnProgress,
  stages: Record<string, Stage> = MODEL_STAGES,
): Promise<Generation> {
  return openHeldOut(dataset, trainingParameters(parametersOf(choice, threads)), folder, onProgress, stages)
}
