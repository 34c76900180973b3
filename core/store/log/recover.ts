/** What a log that is opened again begins with: a torn end is cut off, and what is kept is on the disk. */
import { readFile } from 'node:fs/promises'
import type { Files } from '../files/files.ts'
import { partsOf } from './parts.ts'
import { firstSequenceOf, segmentsAmong, walkFrames } from './segments.ts'

export interface Cut {
  file: string
  /** Bytes of records that were not whole; none of them was acknowledged. */
  bytes: number
}

export interface Recovered {
  /** The last number that is in use; 0 where there is none. */
  segment: number
  /** Sequence that the next record gets. */
  next: number
  /** Null: nothing was torn. */
  cut: Cut | null
}

/**
 * Records that are whole stay, also those whose sync nobody saw return: they are synced now. Nothing is written behind them;
 * the next record begins a segment. Throws `log_corrupt` where the last segment is damaged before its end.
 */
export async function recoverLog(files: Files, folder: string, name: string): Promise<Recovered> {
  const segments = segmentsAmong(await files.list(folder), folder, name)
  // A number that a part holds already is not given again, also where somebody took all segments away.
  const segment = Math.max(segments.at(-1)?.number ?? 0, partsOf(folder, name).at(-1)?.last ?? 0)
  for (const { file, isText } of segments.toReversed()) {
    if (isText) break
    const bytes = await readFile(file)
    const first = firstSequenceOf(bytes, () => bytes, file, file === segments.at(-1)?.file)
    if (first === null) {
      // Never begun: what stands before it tells where the log ends.
      await files.remove(file)
      continue
    }
    const { next, end } = walkFrames(bytes, file, first, Number.POSITIVE_INFINITY, () => {})
    await keep(files, file, end)
    const torn = bytes.length - end
    return { segment, next, cut: torn === 0 ? null : { file, bytes: torn } }
  }
  return { segment, next: 1, cut: null }
}

async function keep(files: Files, file: string, end: number): Promise<void> {
  const handle = await files.change(file)
  try {
    await handle.truncate(end)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}
