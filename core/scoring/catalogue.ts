/**
 * The live columns of the catalogue: what a merchant changes by hand while a snapshot serves. They start as the
 * snapshot's values. One thread writes; workers read each field whole.
 *
 * `revision` is a sequence lock: odd while a change is being written, then even. A reader that saw the same even
 * number before and after its decision saw one state.
 */
import type { Segment } from '../snapshot/manifest.ts'
import type { SnapshotTables } from '../snapshot/tables.ts'
import { aligned, bitmapWords } from './arena.ts'
import { fillRowMarks, type RowMarks, rowMarksAt, rowMarksBytes } from './row-marks.ts'

export interface LiveCatalogue {
  revision: Int32Array
  priceMinor: Int32Array
  /** Lowest price of the last 30 days: the snapshot's, or what was asked since where that is less. */
  priorPriceMinor: Int32Array
  /** -1: not counted. */
  stock: Int32Array
  available: Uint8Array
  /** Bit i: item i is available and not out of stock. */
  sellable: { pointer: number; view: Int32Array }
  /** Of the entries of rows; they never change. */
  marks: RowMarks
}

export interface CatalogueChange {
  priceMinor?: number
  /** `null`: stock is no longer counted. */
  stock?: number | null
  available?: boolean
}

export function liveCatalogueBytes(segment: Segment): number {
  return columnsBytes(segment.items) + rowMarksBytes(segment)
}

function columnsBytes(nItems: number): number {
  return 64 + 3 * aligned(4 * nItems) + aligned(nItems) + aligned(4 * bitmapWords(nItems))
}

/** From `start` on. */
export function liveCatalogueAt({ buffer }: WebAssembly.Memory, start: number, segment: Segment): LiveCatalogue {
  const nItems = segment.items
  const price = start + 64
  const prior = price + aligned(4 * nItems)
  const stock = prior + aligned(4 * nItems)
  const available = stock + aligned(4 * nItems)
  const sellable = available + aligned(nItems)
  return {
    revision: new Int32Array(buffer, start, 1),
    priceMinor: new Int32Array(buffer, price, nItems),
    priorPriceMinor: new Int32Array(buffer, prior, nItems),
    stock: new Int32Array(buffer, stock, nItems),
    available: new Uint8Array(buffer, available, nItems),
    sellable: { pointer: sellable, view: new Int32Array(buffer, sellable, bitmapWords(nItems)) },
    marks: rowMarksAt(buffer, start + columnsBytes(nItems), segment),
  }
}

/** Fills the columns from the snapshot; once, by the thread that owns them, before any worker reads. */
export function fillLiveCatalogue(live: LiveCatalogue, tables: SnapshotTables): void {
  live.priceMinor.set(tables.catalogue.priceMinor.view)
  live.priorPriceMinor.set(tables.catalogue.priorPriceMinor.view)
  live.stock.set(tables.catalogue.stock.view)
  live.available.set(tables.catalogue.available.view)
  fillRowMarks(live.marks, tables)
  for (let item = 0; item < live.priceMinor.length; item++) writeSellable(live, item)
}

/** Applies changes, in order, as one revision. */
export function changeCatalogue(
  live: LiveCatalogue,
  changes: Iterable<{ item: number; change: CatalogueChange }>,
): void {
  Atomics.add(live.revision, 0, 1)
  for (const { item, change } of changes) {
    if (change.priceMinor !== undefined) writePrice(live, item, change.priceMinor)
    if (change.stock !== undefined) Atomics.store(live.stock, item, change.stock ?? -1)
    if (change.available !== undefined) Atomics.store(live.available, item, change.available ? 1 : 0)
    writeSellable(live, item)
  }
  Atomics.add(live.revision, 0, 1)
}

/** The sequence number; odd while a change is being written. Half of it is the number of changes so far. */
export function catalogueSequence(live: LiveCatalogue): number {
  return Atomics.load(live.revision, 0)
}

/** A raised price leaves the old one the lowest of the last 30 days: it is never a reason to announce a reduction. */
function writePrice(live: LiveCatalogue, item: number, priceMinor: number): void {
  Atomics.store(live.priorPriceMinor, item, Math.min(live.priorPriceMinor[item], priceMinor))
  Atomics.store(live.priceMinor, item, priceMinor)
}

function writeSellable(live: LiveCatalogue, item: number): void {
  const bit = 1 << (item & 31)
  if (live.available[item] === 1 && live.stock[item] !== 0) Atomics.or(live.sellable.view, item >> 5, bit)
  else Atomics.and(live.sellable.view, item >> 5, ~bit)
}
