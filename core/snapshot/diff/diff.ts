/** What a snapshot changes against another: items, prices, neighbours, prices of budgets, stocks and return floors, and metrics. */
import type { SnapshotId } from '../../contract/ids.ts'
import type { SnapshotImage } from '../open.ts'
import { tablesOf } from '../tables.ts'
import { type ItemChanges, itemChanges } from './items.ts'
import { commonKeys, keysOf } from './keys.ts'
import { type NeighbourChanges, neighbourChanges } from './neighbours.ts'

export interface SnapshotDiff {
  before: SnapshotId
  after: SnapshotId
  items: ItemChanges
  shoppers: { added: number; removed: number; common: number }
  neighbours: NeighbourChanges
  /** By campaign for its budget, by `campaign stock` and `campaign return`; null: the snapshot has no price of it. */
  dualPrices: NumberChange[]
  metrics: NumberChange[]
}

/** Null: the snapshot has no such number. */
export interface NumberChange {
  name: string
  before: number | null
  after: number | null
}

/** `examples`: how many of each kind of change are named; `neighbours`: how many of an item's are compared. */
export interface DiffOptions {
  examples: number
  neighbours: number
}

export function diffSnapshots(before: SnapshotImage, after: SnapshotImage, options: DiffOptions): SnapshotDiff {
  const [a, b] = [tablesOf(before), tablesOf(after)]
  const [keysBefore, keysAfter] = [keysOf(a.catalogue), keysOf(b.catalogue)]
  const items = commonKeys(keysBefore, keysAfter)
  const shoppers = commonKeys(keysOf(a.shoppers), keysOf(b.shoppers))
  return {
    before: before.id,
    after: after.id,
    items: itemChanges(a, b, items, options.examples),
    shoppers: { added: shoppers.added.length, removed: shoppers.removed.length, common: shoppers.common.length },
    neighbours: neighbourChanges(a, b, { keysBefore, keysAfter, common: items.common }, options),
    dualPrices: numberChanges(dualPricesOf(before), dualPricesOf(after)),
    metrics: numberChanges(before.manifest.metrics, after.manifest.metrics),
  }
}

function dualPricesOf({ manifest }: SnapshotImage): Record<string, number> {
  return Object.fromEntries(
    Object.entries(manifest.model.allocation ?? {}).flatMap(([campaign, prices]) => {
      const { dualPrice, stockDualPrice, returnDualPrice } = prices
      return [
        [campaign, dualPrice],
        ...(stockDualPrice === undefined ? [] : [[`${campaign} stock`, stockDualPrice]]),
        ...(returnDualPrice === undefined ? [] : [[`${campaign} return`, returnDualPrice]]),
      ]
    }),
  )
}

/** By name; also the numbers that stayed as they were. */
function numberChanges(before: Record<string, number>, after: Record<string, number>): NumberChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
  const numberOf = (of: Record<string, number>, name: string) => (Object.hasOwn(of, name) ? of[name] : null)
  return names.map((name) => ({ name, before: numberOf(before, name), after: numberOf(after, name) }))
}
