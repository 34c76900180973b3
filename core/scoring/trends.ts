/** Trending items as a source of a score: weight · trending_i, for the items that trend most. */
import type { ItemIndex } from '../contract/ids.ts'
import type { Generation } from './generation.ts'
import { touch } from './touch.ts'

/** Beyond them a trend is too weak to change an answer. */
const TREND_ITEMS = 200

export function addTrends(g: Generation, weight: number, nTouched: number): number {
  const { trends } = g.tables
  if (weight === 0 || trends === null) return nTouched
  let n = nTouched
  for (const item of trends.trendingOrder.view.subarray(0, TREND_ITEMS))
    if (trends.trending.view[item] > 0) n = touch(g, item, weight * trends.trending.view[item], n)
  return n
}

/** What `addTrends` added to an item. */
export function trendPart(g: Generation, weight: number, item: ItemIndex): number {
  const { trends } = g.tables
  if (weight === 0 || trends === null) return 0
  const last = trends.trendingOrder.view[Math.min(TREND_ITEMS, g.nItems) - 1]
  const [value, least] = [trends.trending.view[item], trends.trending.view[last]]
  return value > least || (value === least && item <= last) ? weight * value : 0
}
