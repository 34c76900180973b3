/**
 * What a list of k items drawn at random from the n that may be shown holds on average of r items to find, when R were
 * bought (R > r where some may not be shown). Exact, not sampled:
 *
 *   recall = k r / (n R),   hit rate = 1 − Π_{i < k} (n − r − i) / (n − i)
 */
import type { RankingMetrics } from '../../core/evaluation/ranking.ts'

export type Expected = Pick<RankingMetrics, 'recall' | 'hitRate'>

export function expectedOfDraw(n: number, r: number, relevant: number, k: number): Expected {
  const drawn = Math.min(k, n)
  let missed = 1
  for (let i = 0; i < drawn; i++) missed *= Math.max(0, n - r - i) / (n - i)
  return { recall: n === 0 ? 0 : (drawn * r) / (n * relevant), hitRate: 1 - missed }
}

export function meanOf(all: Expected[]): Expected {
  const mean = (of: keyof Expected) => all.reduce((sum, one) => sum + one[of], 0) / all.length
  return { recall: mean('recall'), hitRate: mean('hitRate') }
}
