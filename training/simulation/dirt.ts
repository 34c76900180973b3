/**
 * Faults of the kind that real exports have. A faulty row is an extra copy of a true one, right after it, so the true
 * rows stay whole and an import that sets the faulty ones aside gets back exactly what happened.
 */
import type { EventFields } from './event-text.ts'
import { type Random, STREAM } from './random.ts'

const FAULTS = {
  bad_date: (row: EventFields) => [`2025-13-45${row[0].slice(10)}`, ...row.slice(1)],
  missing_item: (row: EventFields) => [...row.slice(0, 4), '', ...row.slice(5)],
  negative_price: (row: EventFields) => [...row.slice(0, 6), `-${row[6]}`, ...row.slice(7)],
  bad_quantity: (row: EventFields) => [...row.slice(0, 5), 'two', ...row.slice(6)],
  unknown_event: (row: EventFields) => [...row.slice(0, 3), 'looked', ...row.slice(4)],
}
export type FaultKind = keyof typeof FAULTS
const KINDS = Object.keys(FAULTS) as FaultKind[]

export type FaultCounts = Record<FaultKind, number>

export function noFaults(): FaultCounts {
  return { bad_date: 0, missing_item: 0, negative_price: 0, bad_quantity: 0, unknown_event: 0 }
}

/** The faulty copy of true row number `ordinal`, counted in `counts`; null for most rows. */
export function faultyCopy(
  random: Random,
  share: number,
  ordinal: number,
  row: EventFields,
  counts: FaultCounts,
): string[] | null {
  random.block(STREAM.dirt, ordinal, 0, 0)
  if (random.uniform(0) >= share) return null
  const kind = KINDS[Math.floor(random.uniform(1) * KINDS.length)]
  counts[kind]++
  return FAULTS[kind](row)
}
