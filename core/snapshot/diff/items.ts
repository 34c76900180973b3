/** How the catalogue changed, column by column. Money in minor units. */
import { stringAt } from '../strings.ts'
import type { SnapshotTables } from '../tables.ts'
import type { Common } from './keys.ts'

export interface ItemChanges {
  added: number
  removed: number
  common: number
  /** How many of the common items differ, by column. */
  changed: Record<ChangedColumn, number>
  /** A few of each, in key order. */
  examples: { added: string[]; removed: string[]; changed: ItemChange[] }
}

const COLUMNS = ['title', 'category', 'priceMinor', 'costMinor', 'stock', 'available', 'elasticity'] as const
type ChangedColumn = (typeof COLUMNS)[number]

export interface ItemChange {
  item: string
  column: ChangedColumn
  before: string | number | null
  after: string | number | null
}

type Cell = string | number | null

export function itemChanges(a: SnapshotTables, b: SnapshotTables, items: Common, examples: number): ItemChanges {
  const changed = Object.fromEntries(COLUMNS.map((column) => [column, 0])) as Record<ChangedColumn, number>
  const named: ItemChange[] = []
  for (const column of COLUMNS) {
    for (const [i, j] of items.common) {
      const [before, after] = [CELL[column](a, i), CELL[column](b, j)]
      if (before === after) continue
      if (changed[column]++ < examples) named.push({ item: keyAt(a, i), column, before, after })
    }
  }
  const { added, removed, common } = items
  return {
    added: added.length,
    removed: removed.length,
    common: common.length,
    changed,
    examples: { added: added.slice(0, examples), removed: removed.slice(0, examples), changed: named },
  }
}

const CELL: Record<ChangedColumn, (tables: SnapshotTables, item: number) => Cell> = {
  title: ({ catalogue: { titlesBytes, titlesOffsets } }, i) => stringAt(titlesBytes.view, titlesOffsets.view, i),
  category: ({ catalogue: { category, categoriesBytes, categoriesOffsets } }, i) => {
    const code = category.view[i]
    const isNamed = code + 1 < categoriesOffsets.view.length
    return isNamed ? stringAt(categoriesBytes.view, categoriesOffsets.view, code) : null
  },
  priceMinor: ({ catalogue }, i) => catalogue.priceMinor.view[i],
  costMinor: ({ catalogue }, i) => known(catalogue.costMinor.view[i]),
  stock: ({ catalogue }, i) => known(catalogue.stock.view[i]),
  available: ({ catalogue }, i) => catalogue.available.view[i],
  elasticity: ({ prices }, i) => prices.elasticity.view[i],
}

/** −1 stands for unknown and for not counted. */
function known(value: number): number | null {
  return value < 0 ? null : value
}

function keyAt({ catalogue: { keysBytes, keysOffsets } }: SnapshotTables, item: number): string {
  return stringAt(keysBytes.view, keysOffsets.view, item)
}
