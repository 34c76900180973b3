/**
 * What a shopper is due to buy again.
 *
 * Of an item's buyers the share r buys it again, after an interval whose distribution is log-logistic with the item's
 * median m and shape 3 (a mixture cure model: Boag, JRSS B 11, 1949; intervals of repeat purchases as in Bhagat et al.,
 * Buy It Again, KDD 2018). t days after the purchase, with x = t / m:
 *
 *   F(t) = x³ / (1 + x³)     f(t) = 3 x³ / (t (1 + x³)²)     h(t) = r f(t) / (1 − r F(t))
 *
 * h is the probability, a day, of buying it now, given that it was not bought since. An item is due from half its median
 * interval on. t counts from the newest purchase that is known, live ones included.
 */
import { EVENT_KINDS } from '../contract/events.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { LiveShopperColumns } from '../contract/live.ts'
import { NOT_BOUGHT } from '../snapshot/layout.ts'
import type { Generation } from './generation.ts'
import { findLiveItems } from './live-items.ts'
import { touch } from './touch.ts'

const DAY_MS = 86_400_000
const DUE_FROM = 0.5
const PURCHASE = EVENT_KINDS.indexOf('purchase')

export interface DueItem {
  item: ItemIndex
  /** h, a day. */
  hazard: number
  /** Since the purchase, whole. */
  days: number
}

export function hazard(repeatRate: number, intervalDays: number, days: number): number {
  const x = days / intervalDays
  const cube = x * x * x
  const density = (3 * cube) / (days * (1 + cube) * (1 + cube))
  return (repeatRate * density) / (1 - (repeatRate * cube) / (1 + cube))
}

/** By hazard descending, then item ascending. `shopper`: index in the snapshot, or -1. */
export function dueItems(g: Generation, shopper: number, live: LiveShopperColumns, time: number): DueItem[] {
  const { rhythm } = g.tables
  if (rhythm === null) return []
  const due: DueItem[] = []
  for (const [item, days] of daysSincePurchase(g, shopper, live, time)) {
    const interval = rhythm.intervalDays.view[item]
    const rate = rhythm.repeatRate.view[item]
    if (rate > 0 && interval > 0 && days >= DUE_FROM * interval)
      due.push({ item, hazard: hazard(rate, interval, days), days: Math.floor(days) })
  }
  return due.sort((a, b) => b.hazard - a.hazard || a.item - b.item)
}

function daysSincePurchase(
  g: Generation,
  shopper: number,
  live: LiveShopperColumns,
  time: number,
): Map<ItemIndex, number> {
  const since = new Map<ItemIndex, number>()
  const note = (item: ItemIndex, days: number) => since.set(item, Math.min(since.get(item) ?? days, Math.max(0, days)))
  const found = findLiveItems(g, live)
  for (let i = 0; i < live.nEvents; i++)
    if (live.eventKinds[i] === PURCHASE && found[i] >= 0) note(found[i], (time - live.eventTimes[i]) / DAY_MS)
  if (shopper < 0 || g.tables.rhythm === null) return since
  const { historyIndptr, historyItems } = g.tables.shoppers
  const stored = g.tables.rhythm.historyDays.view
  const sinceWatermark = (time - g.image.manifest.watermark) / DAY_MS
  for (let p = historyIndptr.view[shopper]; p < historyIndptr.view[shopper + 1]; p++)
    if (stored[p] !== NOT_BOUGHT) note(historyItems.view[p], stored[p] + sinceWatermark)
  return since
}

/** As a source of a score: weight · h. */
export function addDue(g: Generation, due: DueItem[], weight: number, nTouched: number): number {
  let n = nTouched
  for (const { item, hazard } of due) n = touch(g, item, weight * hazard, n)
  return n
}
