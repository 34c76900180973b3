/** Takes erased shoppers out of the Parquet that a log was compacted to. A part that holds none is left as it is. */
import type { Erasures } from '../../core/store/erasure/erasures.ts'
import { lineWithoutErased } from '../../core/store/erasure/rows.ts'
import { COMPACTED_LOGS, type CompactedLog, partsOf } from '../../core/store/log/parts.ts'
import { Database, readColumns } from '../duckdb.ts'
import { writeParquet } from '../log/compact.ts'

/** How many rows went, or whose shopper did. `log`: folder of the logs; one without parts holds nobody. */
export async function eraseFromParts(log: string, erasures: Erasures): Promise<number> {
  if (erasures.isEmpty) return 0
  let erased = 0
  for (const name of COMPACTED_LOGS)
    for (const { file } of partsOf(log, name)) erased += await eraseFromPart(name, file, erasures)
  return erased
}

async function eraseFromPart(name: CompactedLog, file: string, erasures: Erasures): Promise<number> {
  const { row, segment } = await readColumns(file, { row: 'text', segment: 'u32' })
  const bySegment = new Map<number, string[]>()
  let erased = 0
  for (let r = 0; r < row.length; r++) {
    const text = String(row[r])
    const left = lineWithoutErased(text, erasures)
    if (left !== text) erased++
    if (left === null) continue
    const rows = bySegment.get(segment[r])
    if (rows === undefined) bySegment.set(segment[r], [left])
    else rows.push(left)
  }
  if (erased === 0) return 0
  const segments = [...bySegment].map(([number, rows]) => ({
    number,
    read: async (take: (row: { text: string }) => void) => {
      for (const text of rows) take({ text })
    },
  }))
  const db = await Database.open({ threads: 1 })
  try {
    await writeParquet(db, name, segments, file)
  } finally {
    db.close()
  }
  return erased
}
