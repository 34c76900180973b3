/** What the scoring that serves answers to questions of sessions, measured: one relevant item a question, the next one. */
import { emptyLiveShopper } from '../../core/contract/live.ts'
import { type Interval, meanIntervals } from '../../core/evaluation/bootstrap.ts'
import { type RankingMetrics, RankingSeries } from '../../core/evaluation/ranking.ts'
import { Spread } from '../../core/evaluation/spread.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemIndexOf } from '../../core/scoring/keys.ts'
import { recommend } from '../../core/scoring/recommend.ts'
import type { Dataset } from '../dataset.ts'
import type { OnProgress } from '../progress.ts'
import { Random, STREAM } from '../simulation/random.ts'
import type { Question } from './session-files.ts'

export interface Asking {
  k: number
  /** The newest item of a session is never part of the answer. */
  leaveNewestOut: boolean
  /** By item index: share of the sessions that hold the item. */
  shares: Float64Array
  seed: number
  onProgress: OnProgress
}

export interface SessionFigures extends RankingMetrics {
  coverage: number
  novelty: number
  /** 95 %, by bootstrap over the questions. Coverage has none: a resample always shows fewer items. */
  intervals: Record<keyof RankingMetrics | 'novelty', Interval>
  /** By the number of items before the next. */
  segments: ({ historyLength: string; questions: number } & RankingMetrics)[]
}

const RESAMPLES = 1000
const LEVEL = 0.95
const SEGMENTS = [
  { historyLength: '1', least: 1, most: 1 },
  { historyLength: '2', least: 2, most: 2 },
  { historyLength: '3-4', least: 3, most: 4 },
  { historyLength: '5-9', least: 5, most: 9 },
  { historyLength: '10+', least: 10, most: Number.POSITIVE_INFINITY },
]

export function rankQuestions(
  g: Generation,
  questions: Question[],
  { k, leaveNewestOut, shares, seed, onProgress }: Asking,
): { figures: SessionFigures; meanTopScore: number } {
  const series = new RankingSeries(k)
  const spread = new Spread(k, shares, 1 / Math.max(1, questions.length))
  let topScores = 0
  for (const [done, { prefix, next }] of questions.entries()) {
    if (done % 1000 === 0) onProgress({ stage: 'rank', done, total: questions.length, message: 'questions answered' })
    const newestFirst = prefix.toReversed()
    const { items } = recommend(
      g,
      {
        history: newestFirst.map((item) => ({ item })),
        exclude: leaveNewestOut ? [newestFirst[0]] : [],
        slots: k,
      },
      emptyLiveShopper(),
    )
    const ranked = items.map(({ item }) => itemIndexOf(g, item))
    series.add(ranked, new Set([itemIndexOf(g, next)]))
    spread.add(ranked)
    topScores += items[0]?.score ?? 0
  }
  const lengths = questions.map(({ prefix }) => prefix.length)
  return { figures: figuresOf(series, spread, lengths, seed), meanTopScore: topScores / questions.length }
}

function figuresOf(series: RankingSeries, spread: Spread, lengths: number[], seed: number): SessionFigures {
  const { recall, ndcg, mrr, hitRate } = series
  const options = { resamples: RESAMPLES, level: LEVEL, uniform: uniforms(seed) }
  const intervals = meanIntervals([recall, ndcg, mrr, hitRate, spread.novelty], options)
  const everybody = lengths.map((_, i) => i)
  return {
    ...meansOf(series, everybody),
    coverage: spread.coverage(),
    novelty: meanAt(spread.novelty, everybody),
    intervals: {
      recall: intervals[0],
      ndcg: intervals[1],
      mrr: intervals[2],
      hitRate: intervals[3],
      novelty: intervals[4],
    },
    segments: SEGMENTS.flatMap(({ historyLength, least, most }) => {
      const inside = everybody.filter((i) => lengths[i] >= least && lengths[i] <= most)
      return inside.length === 0 ? [] : [{ historyLength, questions: inside.length, ...meansOf(series, inside) }]
    }),
  }
}

function meansOf({ recall, ndcg, mrr, hitRate }: RankingSeries, at: number[]): RankingMetrics {
  return { recall: meanAt(recall, at), ndcg: meanAt(ndcg, at), mrr: meanAt(mrr, at), hitRate: meanAt(hitRate, at) }
}

function meanAt(values: number[], at: number[]): number {
  return at.reduce((sum, i) => sum + values[i], 0) / at.length
}

/** Four draws a block of the counter-based generator. */
function uniforms(seed: number): () => number {
  const random = new Random(seed)
  let n = 0
  return () => {
    if (n % 4 === 0) random.block(STREAM.bootstrap, n / 4, 0, 0)
    return random.uniform(n++ % 4)
  }
}

/** By item index: share of the shoppers, here sessions, that hold the item. */
export function sharesOf({ table, items, shoppers }: Dataset): Float64Array {
  const holders = new Float64Array(items)
  const seen = new Set<number>()
  for (let e = 0; e < table.length; e++) {
    const pair = table.shopper[e] * items + table.item[e]
    if (seen.has(pair)) continue
    seen.add(pair)
    holders[table.item[e]] += 1 / shoppers
  }
  return holders
}
