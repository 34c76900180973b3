/** What the resident memory of a server is made of, as its snapshot tells it beforehand; what is left of the measured is the rest. */
import { reserveBytes } from '../core/scoring/generation.ts'
import { INDEX_SECTION } from '../core/snapshot/layout.ts'
import type { Segment } from '../core/snapshot/manifest.ts'

/** Bytes. */
export interface MemoryParts {
  /** Tables and live columns: one copy, whatever the number of deciding threads. */
  tablesBytes: number
  /** Deciding threads; each has a copy of the two that follow. */
  threads: number
  /** The vector index in the memory of hnswlib. */
  indexBytes: number
  /** Scratch, whole; what of it no request has reached is not resident. */
  arenaBytes: number
  /** The program, live shoppers, event ids, logs, garbage. */
  otherBytes: number
}

/**
 * What hnswlib has of an item beyond its file: a mutex (40), its label's place in a hash map (32 and a bucket of 8 to 16), pointer and
 * level of its upper links (8), a mark of searches (2).
 */
const HNSWLIB_BYTES_AN_ITEM = 96

export function memoryParts(segment: Segment, workers: number, rssBytes: number): MemoryParts {
  const bytesOf = (isIndex: boolean) =>
    segment.sections
      .filter(({ name }) => (name === INDEX_SECTION) === isIndex)
      .reduce((sum, { bytes }) => sum + bytes, 0)
  const liveBytes = reserveBytes(segment, 0)
  const threads = Math.max(1, workers)
  const tablesBytes = bytesOf(false) + liveBytes
  const indexBytes = bytesOf(true) + HNSWLIB_BYTES_AN_ITEM * segment.items
  const arenaBytes = reserveBytes(segment, 1) - liveBytes
  const otherBytes = rssBytes - tablesBytes - threads * (indexBytes + arenaBytes)
  return { tablesBytes, threads, indexBytes, arenaBytes, otherBytes }
}

export function renderMemory({ tablesBytes, threads, indexBytes, arenaBytes, otherBytes }: MemoryParts): string {
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  return (
    `tables ${mb(tablesBytes)} in one copy; vector index ${threads} × ${mb(indexBytes)}, ` +
    `arena ${threads} × ${mb(arenaBytes)} (a deciding thread); the rest ${mb(otherBytes)}`
  )
}
