/** Rankings of the snapshot as sources of a score, the same for everybody: weight · score_i for the items that lead them. */
import type { ItemIndex } from '../contract/ids.ts'
import type { Column } from '../snapshot/tables.ts'
import type { Generation } from './generation.ts'
import { touch } from './touch.ts'

/** Beyond them a ranking's score is too low to change an answer. */
const LEADERS = 200

export type RankingSource = 'popular' | 'trends'

interface Ranking {
  score: Column<'F32'>
  /** Score descending, index ascending. */
  order: Column<'U32'>
}

function rankingOf({ tables }: Generation, name: RankingSource): Ranking | null {
  if (name === 'popular') return tables.popularity
  return tables.trends && { score: tables.trends.trending, order: tables.trends.trendingOrder }
}

export function addRanking(g: Generation, name: RankingSource, weight: number, nTouched: number): number {
  const ranking = weight === 0 ? null : rankingOf(g, name)
  if (ranking === null) return nTouched
  const { score, order } = ranking
  const last = Math.min(LEADERS, g.nItems)
  let n = nTouched
  for (let rank = 0; rank < last && score.view[order.view[rank]] > 0; rank++)
    n = touch(g, order.view[rank], weight * score.view[order.view[rank]], n)
  return n
}

/** What `addRanking` added to an item. */
export function rankingPart(g: Generation, name: RankingSource, weight: number, item: ItemIndex): number {
  const ranking = weight === 0 ? null : rankingOf(g, name)
  if (ranking === null) return 0
  const { score, order } = ranking
  const last = order.view[Math.min(LEADERS, g.nItems) - 1]
  const [value, least] = [score.view[item], score.view[last]]
  return value > least || (value === least && item <= last) ? weight * value : 0
}
