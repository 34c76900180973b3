/** Every row of a shop's log that is left, oldest first: of its segments, and of Parquet where a segment is gone. */

import { type CompactedLog, type LogPart, partsOf } from '../../core/store/log/parts.ts'
import { chainedSegments } from '../../core/store/log/reader.ts'
import { Database, quoteText } from '../duckdb.ts'

/** Works while the log is written. Throws `log_corrupt` where the log is damaged. */
export async function readShopLog(folder: string, name: CompactedLog, take: (text: string) => void): Promise<void> {
  const segments = await chainedSegments(folder, name)
  const firstLeft = segments[0]?.number ?? Number.POSITIVE_INFINITY
  const parts = partsOf(folder, name).filter(({ first }) => first < firstLeft)
  await readParts(parts, firstLeft, take)
  for (const segment of segments) await segment.read(({ text }) => take(text))
}

/** Of a part whose newer segments are still there, only the rows of those that are gone. */
async function readParts(parts: LogPart[], firstLeft: number, take: (text: string) => void): Promise<void> {
  if (parts.length === 0) return
  const db = await Database.open()
  const wanted = Number.isFinite(firstLeft) ? `WHERE segment < ${firstLeft}` : ''
  try {
    for (const { file } of parts) await db.eachText(`SELECT row FROM read_parquet(${quoteText(file)}) ${wanted}`, take)
  } finally {
    db.close()
  }
}
