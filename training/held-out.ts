/**
 * The shop as it would have been served at an earlier instant: the same stages on the events before it, published
 * and opened like any snapshot, so that what is measured on it is what would have been answered.
 */
import { join } from 'node:path'
import { fillLiveCatalogue } from '../core/scoring/catalogue.ts'
import { type Generation, openGeneration, reserveBytes } from '../core/scoring/generation.ts'
import { openSnapshot } from '../core/snapshot/open.ts'
import { snapshotFolder } from '../core/snapshot/store.ts'
import { UNCALIBRATED } from './calibration.ts'
import type { Dataset, DatasetSummary } from './dataset.ts'
import { MODEL_STAGES, runStage } from './model-stages.ts'
import type { TrainingParameters } from './parameters.ts'
import type { OnProgress } from './progress.ts'
import { publishSections } from './publish.ts'
import { type Stage, StageContext } from './stage.ts'

export interface HeldOutOptions {
  onProgress?: OnProgress
  /** Those to run; the others' results are there from an earlier call. All when absent. */
  stages?: Record<string, Stage>
  /** Items whose rows will be asked for; all when absent. */
  rowSources?: Uint32Array
}

/** `folder` is the caller's, who also removes it when the generation is no longer used. */
export async function openHeldOut(
  dataset: Dataset,
  parameters: TrainingParameters,
  folder: string,
  { onProgress = () => undefined, stages = MODEL_STAGES, rowSources }: HeldOutOptions = {},
): Promise<Generation> {
  const sections = join(folder, 'sections')
  const context = new StageContext(dataset, sections, parameters, onProgress, rowSources)
  for (const [name, stage] of Object.entries(stages)) await runStage(name, stage, context)
  await runStage(
    'evaluate',
    async () => ({ metrics: {}, model: { calibration: UNCALIBRATED, blend: parameters.blend ?? undefined } }),
    context,
  )
  return openSections(dataset, sections, folder)
}

/** What the stages left, published in `folder` and opened as a server would. `folder` is the caller's, as above. */
export async function openSections(
  dataset: Pick<DatasetSummary, 'shop' | 'currency'>,
  sections: string,
  folder: string,
): Promise<Generation> {
  const store = heldOutStore(folder)
  const id = await publishSections({ dataset, sections, store, quality: null, activateAt: null, tolerance: null })
  const image = await openSnapshot(snapshotFolder(store, id), {
    expectedId: id,
    reserveBytes: (segment) => reserveBytes(segment, 1),
  })
  const generation = openGeneration(image, 0)
  fillLiveCatalogue(generation.live, generation.tables)
  return generation
}

/** Where `openSections` publishes. */
export const heldOutStore = (folder: string) => join(folder, 'snapshots')
