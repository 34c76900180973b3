/** What a stage tells while it works. `done` of `total` units that `message` names. */
export interface StageProgress {
  stage: string
  done: number
  total: number
  message: string
}

export type OnProgress = (progress: StageProgress) => void
