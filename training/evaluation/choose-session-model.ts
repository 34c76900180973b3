/**
 * Which model a file of sessions gets: each is trained on the first nine tenths of the sessions and asked about the last
 * tenth; the best NDCG wins. First the neighbourhoods by themselves; then item-item rows are added to the best of them, in
 * shares of what its first places score, which makes their weights mean the same for every model.
 */
import { join } from 'node:path'
import { before, type Dataset } from '../dataset.ts'
import { MODEL_STAGES } from '../model-stages.ts'
import type { RowModel } from '../parameters.ts'
import type { Stage } from '../stage.ts'
import { type Asking, rankQuestions } from './rank-questions.ts'
import { type Question, questionsOf, type Session } from './session-files.ts'
import {
  choiceOf,
  NEIGHBOUR_MODELS,
  type NeighbourModelName,
  openTrained,
  type SessionChoice,
  withRows,
} from './session-models.ts'

/** More would only make the same choice slower. */
const MOST_QUESTIONS = 6000
const ROW_SHARES = [0.02, 0.05, 0.1, 0.2, 0.4]
const ADDED_ROWS: RowModel = 'item-cf'

export interface Choosing {
  sessions: Session[]
  dataset: Dataset
  folder: string
  threads: number
  asking: Asking
}

interface Tried {
  choice: SessionChoice
  ndcg: number
  meanTopScore: number
}

export async function chooseModel(choosing: Choosing): Promise<SessionChoice> {
  const { sessions, dataset } = choosing
  const cut = Math.floor(0.9 * sessions.length)
  const earlier = before(dataset, sessions[cut].timesMs[0])
  const questions = everyNth(sessions.slice(cut).flatMap(questionsOf), MOST_QUESTIONS)
  const trial = new Trial(choosing, earlier, questions)
  let best: Tried | null = null
  for (const name of Object.keys(NEIGHBOUR_MODELS) as NeighbourModelName[])
    best = better(best, await trial.of(choiceOf(name)))
  const rows = await trial.of({ ...choiceOf('item-cf'), rows: ADDED_ROWS })
  const alone = best as Tried
  for (const share of ROW_SHARES) {
    const weight = (share * alone.meanTopScore) / rows.meanTopScore
    best = better(best, await trial.of(withRows(alone.choice, ADDED_ROWS, weight)))
  }
  return better(best, rows).choice
}

function better(best: Tried | null, tried: Tried): Tried {
  return best !== null && best.ndcg >= tried.ndcg ? best : tried
}

function everyNth<T>(all: T[], most: number): T[] {
  const step = Math.max(1, Math.ceil(all.length / most))
  return all.filter((_, i) => i % step === 0)
}

/** Trains one choice after the other in one folder: only what differs from the one before is made again. */
class Trial {
  readonly #choosing: Choosing
  readonly #earlier: Dataset
  readonly #questions: Question[]
  #last: SessionChoice | null = null

  constructor(choosing: Choosing, earlier: Dataset, questions: Question[]) {
    this.#choosing = choosing
    this.#earlier = earlier
    this.#questions = questions
  }

  async of(choice: SessionChoice): Promise<Tried> {
    const { folder, threads, asking } = this.#choosing
    const g = await openTrained(
      this.#earlier,
      choice,
      threads,
      join(folder, 'trial'),
      asking.onProgress,
      this.#stagesFor(choice),
    )
    this.#last = choice
    const { figures, meanTopScore } = rankQuestions(g, this.#questions, asking)
    const { ndcg, hitRate, mrr } = figures
    asking.onProgress({
      stage: 'choose',
      done: 1,
      total: 1,
      message: `${choice.name}: NDCG ${ndcg.toFixed(4)}, hit rate ${hitRate.toFixed(4)}, MRR ${mrr.toFixed(4)}`,
    })
    return { choice, ndcg, meanTopScore }
  }

  #stagesFor(choice: SessionChoice): Record<string, Stage> {
    const last = this.#last
    if (last === null) return MODEL_STAGES
    const { sessions, similarity } = MODEL_STAGES
    return {
      ...(choice.sessions === last.sessions ? {} : { sessions }),
      ...(choice.rows === last.rows ? {} : { similarity }),
    }
  }
}
