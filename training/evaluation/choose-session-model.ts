/**
 * Which model a file of sessions gets: each is trained on the first nine tenths of the sessions and asked about the last
 * tenth; the best NDCG wins. First the neighbourhoods by themselves; then item-item rows are added to the best of them, in
 * shares of what its first places score, which makes their weights mean the same for every model.
 */
import { join } from 'node:path'
import { NO_SOURCE } from '../../core/scoring/blends.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import type { SourceWeights } from '../../core/snapshot/manifest.ts'
import { before, type Dataset } from '../dataset.ts'
import { SESSION_MODEL_NAMES } from '../neighbours/models.ts'
import type { RowModel } from '../parameters.ts'
import { meanOf } from './blend.ts'
import { type Asking, meanTopScore, rankQuestions } from './rank-questions.ts'
import { type Question, questionsOf, type Session } from './session-files.ts'
import { choiceOf, openTrained, SESSION_STAGES, type SessionChoice } from './session-models.ts'

/** More would only make the same choice slower. */
const MOST_QUESTIONS = 6000
/** Questions that a source's scale is measured on. */
const SCALE_QUESTIONS = 500
const ROW_SHARES = [0.01, 0.02, 0.05, 0.1, 0.2]
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
}

export async function chooseModel(choosing: Choosing): Promise<{ choice: SessionChoice; validation: Tried[] }> {
  const { sessions, dataset, asking } = choosing
  const cut = Math.floor(0.9 * sessions.length)
  const earlier = before(dataset, sessions[cut].timesMs[0])
  const questions = everyNth(sessions.slice(cut).flatMap(questionsOf), MOST_QUESTIONS)
  const tried: Tried[] = []
  for (const name of SESSION_MODEL_NAMES) {
    const stages = tried.length === 0 ? SESSION_STAGES : { sessions: SESSION_STAGES.sessions }
    const choice = choiceOf(name)
    tried.push(measure(await open(choosing, earlier, choice, stages), choice, questions, asking))
  }
  const best = bestOf(tried).choice
  const { sessions: again, similarity } = SESSION_STAGES
  const both = { ...best, rows: ADDED_ROWS }
  const g = await open(choosing, earlier, both, { sessions: again, similarity })
  tried.push(...blendsOf(g, both, questions).map((choice) => measure(g, choice, questions, asking)))
  return { choice: bestOf(tried).choice, validation: tried }
}

function open(
  { folder, threads, asking }: Choosing,
  earlier: Dataset,
  choice: SessionChoice,
  stages: Partial<typeof SESSION_STAGES>,
): Promise<Generation> {
  return openTrained(earlier, choice, threads, join(folder, 'trial'), asking.onProgress, stages)
}

/** Rows alone, and rows in several shares of what the visits' first places score. */
function blendsOf(g: Generation, both: SessionChoice, questions: Question[]): SessionChoice[] {
  const sample = everyNth(questions, SCALE_QUESTIONS)
  const [rows, visits] = (['rows', 'sessions'] as const).map((source) =>
    meanTopScore(weighing(g, { ...NO_SOURCE, [source]: 1 }), sample),
  )
  if (rows === 0 || visits === 0) return []
  const shares = ROW_SHARES.map((share) => ({
    ...both,
    name: `${both.name} + ${share} ${both.rows}`,
    weights: { ...NO_SOURCE, sessions: 1, rows: (share * visits) / rows },
  }))
  return [choiceOf('item-cf'), ...shares]
}

function weighing(g: Generation, weights: SourceWeights): Generation {
  return { ...g, blend: { known: weights, session: weights } }
}

function measure(g: Generation, choice: SessionChoice, questions: Question[], asking: Asking): Tried {
  const tally = rankQuestions(weighing(g, choice.weights), questions, asking)
  const [ndcg, hitRate, mrr] = (['ndcg', 'hitRate', 'mrr'] as const).map((name) => meanOf(tally.column(name)))
  const figures = `NDCG ${ndcg.toFixed(4)}, hit rate ${hitRate.toFixed(4)}, MRR ${mrr.toFixed(4)}`
  asking.onProgress({ stage: 'choose', done: 1, total: 1, message: `${choice.name}: ${figures}` })
  return { choice, ndcg }
}

function bestOf(tried: Tried[]): Tried {
  return tried.reduce((best, next) => (next.ndcg > best.ndcg ? next : best))
}

function everyNth<T>(all: T[], most: number): T[] {
  const step = Math.max(1, Math.ceil(all.length / most))
  return all.filter((_, i) => i % step === 0)
}
