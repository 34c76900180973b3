/**
 * A mark for each entry of the rows: one byte of the code of its column's category. A filter by categories asks it before the entry is
 * added, so that what no answer may show is not added at all. Marks lie one behind the other as the entries do, where a look into the
 * catalogue, or into the accumulator, is a wait for the memory each.
 */
import type { ItemIndex } from '../contract/ids.ts'
import type { Segment } from '../snapshot/manifest.ts'
import type { SnapshotTables } from '../snapshot/tables.ts'
import { aligned, MARKS } from './arena.ts'

const MARKED_ROWS = ['similarity', 'content'] as const

/** By table; empty where the snapshot has no such rows. */
export type RowMarks = Record<(typeof MARKED_ROWS)[number], { pointer: number; view: Uint8Array }>

/** Codes with different marks are different codes. */
export function markOf(code: number): number {
  return code & (MARKS - 1)
}

export function rowMarksBytes(segment: Segment): number {
  return MARKED_ROWS.reduce((bytes, name) => bytes + aligned(nEntries(segment, name)), 0)
}

export function rowMarksAt(buffer: ArrayBufferLike, start: number, segment: Segment): RowMarks {
  let next = start
  const marks = MARKED_ROWS.map((name) => {
    const pointer = next
    const length = nEntries(segment, name)
    next += aligned(length)
    return [name, { pointer, view: new Uint8Array(buffer, pointer, length) }]
  })
  return Object.fromEntries(marks)
}

function nEntries({ sections }: Segment, table: string): number {
  const tensors = sections.find(({ name }) => name === table)?.tensors ?? []
  return tensors.find(({ name }) => name === 'indices')?.shape[0] ?? 0
}

export function fillRowMarks(marks: RowMarks, tables: SnapshotTables): void {
  const ofItem = Uint8Array.from(tables.catalogue.category.view, markOf)
  for (const name of MARKED_ROWS) if (tables[name] !== null) fill(marks[name].view, tables[name].indices.view, ofItem)
}

function fill(marks: Uint8Array, items: ArrayLike<ItemIndex>, ofItem: Uint8Array): void {
  for (let p = 0; p < marks.length; p++) marks[p] = ofItem[items[p]]
}
