/** The blend that training would learn from a data set, for measuring it on what came after. */
import type { Dataset } from '../dataset.ts'
import type { TrainingParameters } from '../parameters.ts'
import type { OnProgress } from '../progress.ts'
import { StageContext } from '../stage.ts'
import { trainEvaluation } from '../stages/evaluate.ts'

/** `folder` is the caller's; what is learned on the way is removed from it. */
export async function learnedBlend(
  dataset: Dataset,
  parameters: TrainingParameters,
  folder: string,
  onProgress: OnProgress = () => undefined,
): Promise<TrainingParameters['blend']> {
  const { model } = await trainEvaluation(new StageContext(dataset, folder, parameters, onProgress))
  return model?.blend ?? null
}
