/** Training: from the folder that import wrote to the section files that publishing assembles. */
import { mkdir } from 'node:fs/promises'
import { OfferwrightError } from '../core/contract/errors.ts'
import { readDataset } from './dataset.ts'
import { MODEL_STAGES, runStage } from './model-stages.ts'
import type { TrainingParameters } from './parameters.ts'
import type { OnProgress } from './progress.ts'
import { type Stage, StageContext } from './stage.ts'
import { trainAllocation } from './stages/allocate.ts'
import { trainEvaluation } from './stages/evaluate.ts'

const STAGES: Record<string, Stage> = { ...MODEL_STAGES, evaluate: trainEvaluation, allocate: trainAllocation }

/** In the order in which they run. */
export const STAGE_NAMES = Object.keys(STAGES)

export interface TrainOptions {
  /** What import wrote. */
  data: string
  /** Where the section files go. */
  sections: string
  /** Folder of the shop's decision and event logs, if there is one. */
  logs?: string
  /** The shop's campaign file, if there is one. */
  campaigns?: string
  parameters: TrainingParameters
  /** One stage alone, on what earlier ones left; all when absent. */
  stage?: string
  onProgress?: OnProgress
}

export async function train({
  data,
  sections,
  logs,
  campaigns,
  parameters,
  stage,
  onProgress,
}: TrainOptions): Promise<void> {
  const names = stage === undefined ? STAGE_NAMES : [requireStage(stage)]
  const dataset = await readDataset(data, parameters.until)
  await mkdir(sections, { recursive: true })
  const context = new StageContext(
    dataset,
    sections,
    parameters,
    onProgress ?? (() => undefined),
    undefined,
    logs ?? null,
    campaigns ?? null,
  )
  for (const name of names) await runStage(name, STAGES[name], context)
}

function requireStage(name: string): string {
  if (STAGE_NAMES.includes(name)) return name
  throw new OfferwrightError('invalid_value', `invalid stage: ${name} (one of ${STAGE_NAMES.join(', ')})`, {
    field: 'stage',
    value: name,
  })
}
