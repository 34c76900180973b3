/** What the scoring that serves answers to questions of sessions, measured: one relevant item a question, the next one. */
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { RankingTally } from '../../core/evaluation/tally.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemIndexOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import type { OnProgress } from '../progress.ts'
import { lengthSegment } from './liked.ts'
import type { Question } from './session-files.ts'

export interface Asking {
  k: number
  /** The newest item of a session is never part of the answer. */
  leaveNewestOut: boolean
  /** By item index: share of the sessions that hold the item. */
  shares: Float64Array
  /** Group of an item by its age. */
  ageOf: (item: number) => string
  onProgress: OnProgress
}

export function rankQuestions(
  g: Generation,
  questions: Question[],
  { k, leaveNewestOut, shares, ageOf, onProgress }: Asking,
): RankingTally {
  const tally = new RankingTally(k, shares, ageOf)
  for (const [done, question] of questions.entries()) {
    if (done % 1000 === 0) onProgress({ stage: 'rank', done, total: questions.length, message: 'questions answered' })
    const ranked = answerTo(g, question, k, leaveNewestOut).items.map(({ item }) => itemIndexOf(g, item))
    tally.add(ranked, new Set([itemIndexOf(g, question.next)]), lengthSegment(question.prefix.length))
  }
  return tally
}

/** Mean score of the first places. */
export function meanTopScore(g: Generation, questions: Question[]): number {
  const top = questions.map((question) => answerTo(g, question, 1, true).items[0]?.score ?? 0)
  return top.reduce((sum, score) => sum + score, 0) / Math.max(1, top.length)
}

function answerTo(g: Generation, question: Question, k: number, leaveNewestOut: boolean) {
  return recommend(g, requestOf(question, k, leaveNewestOut), emptyLiveShopper())
}

export function requestOf({ prefix }: Question, k: number, leaveNewestOut: boolean) {
  const newestFirst = prefix.toReversed()
  return {
    history: newestFirst.map((item) => ({ item })),
    exclude: leaveNewestOut ? [newestFirst[0]] : [],
    slots: k,
  }
}
