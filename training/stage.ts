/** What every stage is given, computed at most once in a run however many stages ask. */
import type { Dataset } from './dataset.ts'
import { type Interactions, interactionsOf } from './histories.ts'
import type { TrainingParameters } from './parameters.ts'
import type { OnProgress } from './progress.ts'
import type { StageReport } from './sections.ts'

export class StageContext {
  readonly dataset: Dataset
  /** Folder of the section files. */
  readonly sections: string
  readonly parameters: TrainingParameters
  readonly onProgress: OnProgress
  /** Items whose rows will be asked for; absent: all. */
  readonly rowSources: Uint32Array | undefined
  /** Folder of the shop's decision and event logs; null where only the imported data is learned from. */
  readonly logs: string | null
  /** The shop's campaign file; null where none is planned for. */
  readonly campaigns: string | null
  #interactions: Interactions | null = null

  constructor(
    dataset: Dataset,
    sections: string,
    parameters: TrainingParameters,
    onProgress: OnProgress,
    rowSources?: Uint32Array,
    logs: string | null = null,
    campaigns: string | null = null,
  ) {
    this.dataset = dataset
    this.sections = sections
    this.parameters = parameters
    this.onProgress = onProgress
    this.rowSources = rowSources
    this.logs = logs
    this.campaigns = campaigns
  }

  get interactions(): Interactions {
    const { eventWeights, maxBasket } = this.parameters
    this.#interactions ??= interactionsOf(this.dataset.table, this.dataset, eventWeights, maxBasket)
    return this.#interactions
  }
}

/** Null: the data has nothing for the stage's section, or the parameters do not ask for it. */
export type Stage = (context: StageContext) => Promise<StageReport | null>
