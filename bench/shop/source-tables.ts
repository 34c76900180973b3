/**
 * Tables of the sources beside item-item rows, in the shape that training gives them: content, trends, rhythm and visits.
 * Visits are weighed and their postings cut by training's own code, for the model `VISIT_MODEL`.
 */
import { EVENT_KINDS } from '../../core/contract/events.ts'
import { NOT_BOUGHT } from '../../core/snapshot/layout.ts'
import { STAN } from '../../training/neighbours/models.ts'
import { sessionTables } from '../../training/neighbours/session-tables.ts'
import type { Visits } from '../../training/neighbours/visits.ts'
import { TRAINING_DEFAULTS } from '../../training/parameters.ts'
import type { SectionTables } from '../../training/sections.ts'
import { descendingOrder, rowStarts } from '../../training/sparse.ts'
import type { Random } from '../random.ts'
import type { Taste } from './taste.ts'

export const VISIT_MODEL = STAN
const VISITS_AN_ITEM = 1
/** A visit has 2 to 8 items, 5 in the mean. */
const SHORTEST_VISIT = 2
const LONGEST_VISIT = 8
/** Shares of the items that have content rows, trend, are new, and are bought again. */
const SHARES = { content: 0.5, trending: 0.05, isNew: 0.05, again: 0.3 }
const MOST_DAYS = 120

/** An item has a full content row or none. */
export function contentTables(items: number, taste: Taste, random: Random): SectionTables<'content'> {
  const perRow = Math.min(TRAINING_DEFAULTS.content.added, items - 1)
  const rows = Uint32Array.from({ length: items }, (_, item) => item).filter(() => random.uniform() < SHARES.content)
  const indptr = rowStarts(rows, items).map((row) => row * perRow)
  const indices = new Uint32Array(rows.length * perRow)
  for (const [row, item] of rows.entries()) taste.distinctNear(taste.groupOf(item), perRow, indices, row * perRow)
  return { indptr, indices, data: new Float32Array(indices.length).map(() => random.uniform() ** 2 / perRow) }
}

export function trendTables(items: number, random: Random): SectionTables<'trends'> {
  const scores = (share: number) =>
    new Float32Array(items).map(() => (random.uniform() < share ? random.uniform() ** 4 : 0))
  const trending = scores(SHARES.trending)
  const newness = scores(SHARES.isNew)
  return {
    trending,
    trending_order: descendingOrder(trending),
    newness,
    newness_order: descendingOrder(newness),
  }
}

export function rhythmTables(items: number, kinds: Uint8Array, random: Random): SectionTables<'rhythm'> {
  const purchase = EVENT_KINDS.indexOf('purchase')
  const rate = new Float32Array(items).map(() => (random.uniform() < SHARES.again ? random.uniform() : 0))
  return {
    repeat_rate: rate,
    interval_days: rate.map((share) => (share === 0 ? 0 : 7 + random.below(54))),
    history_days: Uint32Array.from(kinds, (kind) => (kind === purchase ? random.below(MOST_DAYS) : NOT_BOUGHT)),
  }
}

export function visitTables(items: number, taste: Taste, random: Random): SectionTables<'sessions'> {
  return sessionTables(visitsOf(VISITS_AN_ITEM * items, taste, random), items, VISIT_MODEL)
}

/** Every visit stays near one group, as a history does. */
function visitsOf(visits: number, taste: Taste, random: Random): Visits {
  const indptr = new Uint32Array(visits + 1)
  const items = new Uint32Array(visits * LONGEST_VISIT)
  for (let visit = 0; visit < visits; visit++) {
    const length = SHORTEST_VISIT + random.below(LONGEST_VISIT - SHORTEST_VISIT + 1)
    const group = random.below(taste.nGroups)
    const drawn = new Set<number>()
    while (drawn.size < length) drawn.add(taste.itemNear(group))
    items.set([...drawn], indptr[visit])
    indptr[visit + 1] = indptr[visit] + length
  }
  return { indptr, items: items.slice(0, indptr[visits]) }
}
