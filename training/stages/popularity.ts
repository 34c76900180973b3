/**
 * Popularity with time decay, the score of shoppers nobody knows:
 *
 *   score_i = Σ_events strength(kind) · 2^(−age / half-life),   divided by the largest score
 *
 * age: from the event to the watermark. A purchase counts 1, whatever its quantity; carts and views count little, so
 * that they order the items nobody bought.
 */
import { EVENT_KINDS, type EventKind } from '../../core/contract/events.ts'
import type { EventTable } from '../dataset.ts'
import { type StageReport, writeSection } from '../sections.ts'
import { descendingOrder } from '../sparse.ts'
import type { StageContext } from '../stage.ts'

const DAY_MS = 86_400_000
const STRENGTH: Record<EventKind, number> = { view: 0.01, cart: 0.05, purchase: 1, shown: 0, clicked: 0.01, uncart: 0 }

export async function trainPopularity({ dataset, sections, parameters }: StageContext): Promise<StageReport> {
  const score = popularityOf(dataset.table, dataset.items, dataset.watermark, parameters.halfLifeDays)
  await writeSection(sections, 'popularity', { score, order: descendingOrder(score) })
  return { metrics: { itemsWithPopularity: score.filter((value) => value > 0).length } }
}

export function popularityOf(
  table: EventTable,
  nItems: number,
  watermark: number,
  halfLifeDays: number,
): Float32Array<ArrayBuffer> {
  return shareOfLargest(decayedCounts(table, nItems, watermark, halfLifeDays))
}

/** Σ_events strength(kind) · 2^(−age / half-life) of each item. */
export function decayedCounts(
  table: EventTable,
  nItems: number,
  watermark: number,
  halfLifeDays: number,
): Float64Array<ArrayBuffer> {
  const strengths = EVENT_KINDS.map((kind) => STRENGTH[kind])
  const decay = Math.LN2 / (halfLifeDays * DAY_MS)
  const sums = new Float64Array(nItems)
  for (let e = 0; e < table.length; e++)
    sums[table.item[e]] += strengths[table.kind[e]] * Math.exp(-decay * (watermark - table.timeMs[e]))
  return sums
}

export function shareOfLargest(sums: Float64Array): Float32Array<ArrayBuffer> {
  let largest = 0
  for (const sum of sums) largest = Math.max(largest, sum)
  return Float32Array.from(sums, (sum) => (largest === 0 ? 0 : sum / largest))
}
