/** Every row of a shop's log that is left, oldest first: of its segments, and of Parquet where a segment is gone. */

import { type CompactedLog, partsOf } from '../../core/store/log/parts.ts'
import { chainedSegments } from '../../core/store/log/reader.ts'
import { readColumns } from '../duckdb.ts'

/** Works while the log is written. Throws `log_corrupt` where the log is damaged, `invalid_data` where a part is. */
export async function readShopLog(folder: string, name: CompactedLog, take: (text: string) => void): Promise<void> {
  const segments = await chainedSegments(folder, name)
  const firstLeft = segments[0]?.number ?? Number.POSITIVE_INFINITY
  for (const { last, first, file } of partsOf(folder, name)) {
    if (first >= firstLeft) break
    const { row, segment } = await readColumns(file, { row: 'text', segment: 'u32' })
    // A part whose newest segments are still there holds their rows too.
    for (let r = 0; r < row.length; r++) if (last < firstLeft || segment[r] < firstLeft) take(String(row[r]))
  }
  for (const segment of segments) await segment.read(({ text }) => take(text))
}
