/**
 * Next-item quality on published sessions: train on one file with the stages that train a shop, publish and open the
 * snapshot as a server does, and rank what may come next by the scoring that serves. Items of a session stay candidates.
 *
 * What is chosen (`auto`) is chosen on the last tenth of the train sessions, by a model of the first nine tenths.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RankingReport } from '../../core/evaluation/tally.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { heldOutStore } from '../held-out.ts'
import type { OnProgress } from '../progress.ts'
import { chooseModel } from './choose-session-model.ts'
import { importSessions } from './import-sessions.ts'
import { itemAgeSegment, itemShares } from './liked.ts'
import { type Asking, rankQuestions } from './rank-questions.ts'
import {
  type BadLines,
  type Question,
  readQuestions,
  readTrainSessions,
  type Session,
  type SessionFormat,
} from './session-files.ts'
import { choiceOf, type EvaluatedModel, openTrained } from './session-models.ts'

export interface SessionsOptions {
  train: string
  test: string
  format: SessionFormat
  k: number
  model: EvaluatedModel
  threads: number
  seed: number
  onProgress: OnProgress
}

export interface SessionsResult extends RankingReport {
  k: number
  /** Questions: each is a shopper at one moment. */
  users: number
  model: EvaluatedModel
  /** What was trained in the end. */
  chosen: string
  /** NDCG of every candidate on the last tenth of the train sessions; null where the model was named. */
  validation: { model: string; ndcg: number }[] | null
  /** Whether the newest item of a session may come next: hardly ever does it in some shops. */
  newestItem: 'candidate' | 'left out'
  sessions: number
  items: number
  badLines: number
  firstBadLine: string | null
  rejectedRows: number
  /** Of the chosen model. */
  trainSeconds: number
  /** Of choosing it. */
  chooseSeconds: number
  peakRssBytes: number
  snapshotBytes: number
}

export interface TrainedSessions {
  questions: Question[]
  asking: Asking
  /** What was trained in the end. */
  g: Generation
  /** Folder of the snapshots that holds it; none is current. */
  store: string
  /** What of the result is known before a question is asked. */
  about: Omit<SessionsResult, keyof RankingReport | 'peakRssBytes'>
}

export async function evaluateSessions(options: SessionsOptions): Promise<SessionsResult> {
  const folder = await mkdtemp(join(tmpdir(), 'offerwright-evaluate-'))
  try {
    return resultOf(await trainSessions(options, folder), options.seed)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** `seed`: of the bootstrap. */
export function resultOf({ g, questions, asking, about }: TrainedSessions, seed: number): SessionsResult {
  const report = rankQuestions(g, questions, asking).report(seed)
  return { ...report, ...about, peakRssBytes: 1024 * process.resourceUsage().maxRSS }
}

/** `folder` is the caller's, who removes it when the generation is no longer used. */
export async function trainSessions(options: Omit<SessionsOptions, 'seed'>, folder: string): Promise<TrainedSessions> {
  const { format, k, threads, onProgress } = options
  const bad: BadLines = { count: 0, first: null }
  onProgress({ stage: 'read', done: 0, total: 2, message: options.train })
  const sessions = await readTrainSessions(options.train, format, bad)
  const questions = await readQuestions(options.test, format, bad)
  const { dataset, rejected } = await importSessions(sessions, folder, onProgress)
  const asking: Asking = {
    k,
    leaveNewestOut: hardlyRepeats(sessions),
    shares: itemShares(dataset),
    ageOf: itemAgeSegment(dataset),
    onProgress,
  }
  const choosing = performance.now()
  const { choice, validation } =
    options.model === 'auto'
      ? await chooseModel({ sessions, dataset, folder, threads, asking })
      : { choice: choiceOf(options.model), validation: null }
  const training = performance.now()
  const chosen = join(folder, 'chosen')
  const g = await openTrained(dataset, choice, threads, chosen, onProgress)
  const trained = performance.now()
  return {
    questions,
    asking,
    g,
    store: heldOutStore(chosen),
    about: {
      k,
      users: questions.length,
      model: options.model,
      chosen: choice.name,
      validation: validation?.map((tried) => ({ model: tried.choice.name, ndcg: tried.ndcg })) ?? null,
      newestItem: asking.leaveNewestOut ? 'left out' : 'candidate',
      sessions: sessions.length,
      items: dataset.items,
      badLines: bad.count,
      firstBadLine: bad.first,
      rejectedRows: rejected,
      trainSeconds: (trained - training) / 1000,
      chooseSeconds: (training - choosing) / 1000,
      snapshotBytes: g.image.manifest.segments[0].sections.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  }
}

/** Below it an answer's first place is better given to another item than the one being looked at. */
const RARE_REPEAT = 0.01

/** How often, in the train sessions, an item follows itself. */
function hardlyRepeats(sessions: Session[]): boolean {
  let steps = 0
  let repeats = 0
  for (const { items } of sessions)
    for (let at = 1; at < items.length; at++) {
      steps++
      if (items[at] === items[at - 1]) repeats++
    }
  return repeats < RARE_REPEAT * steps
}
