/**
 * Ranking metrics of one shopper's list, best first, against the set of items that turned out relevant.
 *
 *   recall@k = hits in the first k / |relevant|
 *   ndcg@k   = Σ_{hits at rank r ≤ k} 1/log2(r + 1)  /  Σ_{r = 1}^{min(k, |relevant|)} 1/log2(r + 1)
 *   mrr@k    = 1 / rank of the first hit, 0 when there is none in the first k
 *   hitRate@k = 1 when there is a hit in the first k, else 0
 *
 * Full ranking: the list is what the model chose among all items, never among sampled negatives.
 * A list holds each item once; `relevant` is not empty; k ≥ 1.
 */
export interface RankingMetrics {
  recall: number
  ndcg: number
  mrr: number
  hitRate: number
}

export function recallAtK(ranked: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): number {
  return hitRanks(ranked, relevant, k).length / relevant.size
}

export function ndcgAtK(ranked: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): number {
  let ideal = 0
  for (let rank = 1; rank <= Math.min(k, relevant.size); rank++) ideal += discount(rank)
  let gained = 0
  for (const rank of hitRanks(ranked, relevant, k)) gained += discount(rank)
  return gained / ideal
}

export function mrrAtK(ranked: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): number {
  const ranks = hitRanks(ranked, relevant, k)
  return ranks.length === 0 ? 0 : 1 / ranks[0]
}

export function hitRateAtK(ranked: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): number {
  return hitRanks(ranked, relevant, k).length === 0 ? 0 : 1
}

export function metricsAtK(ranked: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): RankingMetrics {
  return {
    recall: recallAtK(ranked, relevant, k),
    ndcg: ndcgAtK(ranked, relevant, k),
    mrr: mrrAtK(ranked, relevant, k),
    hitRate: hitRateAtK(ranked, relevant, k),
  }
}

/** Each list counts the same; NaN in every field where there is none. */
export function meanMetrics(lists: readonly RankingMetrics[]): RankingMetrics {
  const mean = (metric: keyof RankingMetrics) => lists.reduce((sum, list) => sum + list[metric], 0) / lists.length
  return { recall: mean('recall'), ndcg: mean('ndcg'), mrr: mean('mrr'), hitRate: mean('hitRate') }
}

/** Ranks, from 1, of the relevant items among the first k. */
function hitRanks(ranked: ArrayLike<number>, relevant: ReadonlySet<number>, k: number): number[] {
  const ranks: number[] = []
  for (let at = 0; at < Math.min(k, ranked.length); at++) if (relevant.has(ranked[at])) ranks.push(at + 1)
  return ranks
}

function discount(rank: number): number {
  return 1 / Math.log2(rank + 1)
}
