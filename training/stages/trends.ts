/**
 * The trends section.
 *
 * Trending: purchases of late against what steady demand would give, in standard deviations of a Poisson count.
 *   s, l   Σ strength · 2^(−age / h) over events, with the half-lives h_s of days and h_l of weeks, as popularity counts them
 *   m      l · ρ, what s would be if demand had been steady since the data began T days ago:
 *          ρ = h_s (1 − 2^(−T/h_s)) / (h_l (1 − 2^(−T/h_l)))
 *   trending_i = max(0, (s − m) / √(m + 1)), divided by the largest
 *
 * Newness: 1 on the day of an item's first event, falling evenly to 0 after `newDays`. Items there from the first day of
 * the data are not new, nor are those without any event.
 */
import type { EventTable } from '../dataset.ts'
import { type StageReport, writeSection } from '../sections.ts'
import { descendingOrder } from '../sparse.ts'
import type { StageContext } from '../stage.ts'
import { decayedCounts, shareOfLargest } from './popularity.ts'

const DAY_MS = 86_400_000

export async function trainTrends({ dataset, sections, parameters }: StageContext): Promise<StageReport> {
  const { table, items, watermark } = dataset
  const { shortDays, longDays, newDays } = parameters.trends
  const trending = trendingOf(table, items, watermark, shortDays, longDays)
  const newness = newnessOf(table, items, watermark, newDays)
  await writeSection(sections, 'trends', {
    trending,
    trending_order: descendingOrder(trending),
    newness,
    newness_order: descendingOrder(newness),
  })
  const positive = (values: Float32Array) => values.filter((value) => value > 0).length
  return { metrics: { itemsTrending: positive(trending), itemsNew: positive(newness) } }
}

export function trendingOf(
  table: EventTable,
  nItems: number,
  watermark: number,
  shortDays: number,
  longDays: number,
): Float32Array<ArrayBuffer> {
  const short = decayedCounts(table, nItems, watermark, shortDays)
  const long = decayedCounts(table, nItems, watermark, longDays)
  const spanDays = table.length === 0 ? 1 : Math.max(1, (watermark - table.timeMs[0]) / DAY_MS)
  const steady = (halfLife: number) => halfLife * (1 - 2 ** (-spanDays / halfLife))
  const ratio = steady(shortDays) / steady(longDays)
  return shareOfLargest(short.map((s, i) => Math.max(0, (s - long[i] * ratio) / Math.sqrt(long[i] * ratio + 1))))
}

export function newnessOf(
  table: EventTable,
  nItems: number,
  watermark: number,
  newDays: number,
): Float32Array<ArrayBuffer> {
  const first = new Float64Array(nItems).fill(Number.POSITIVE_INFINITY)
  for (let e = 0; e < table.length; e++) first[table.item[e]] = Math.min(first[table.item[e]], table.timeMs[e])
  const firstDayEnds = table.length === 0 ? 0 : table.timeMs[0] + DAY_MS
  return Float32Array.from(first, (time) =>
    time < firstDayEnds || time > watermark ? 0 : Math.max(0, 1 - (watermark - time) / (newDays * DAY_MS)),
  )
}
