/**
 * Compaction: segments that nobody writes any more become Parquet, once. What is written now goes to a file of its own in the
 * work folder, as far as it is; the next run reads it again.
 */
import { once } from 'node:events'
import { createWriteStream, type WriteStream } from 'node:fs'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { lineWithoutErased } from '../../core/store/erasure/rows.ts'
import { type CompactedLog, partFile, partsFolder, partsOf } from '../../core/store/log/parts.ts'
import { chainedSegments, type ReadableSegment } from '../../core/store/log/reader.ts'
import { type Database, quoteText } from '../duckdb.ts'

/** Of the segments in one part; a larger one is a part of its own. */
const PART_BYTES = 512 * 1024 * 1024

/** Kind of an event that is of no item, such as a basket's offer that was shown. */
export const OF_NO_ITEM = 'of_no_item'

/** Columns beside `row`, which holds the row as it was logged, and `segment`; NULL where a row has none. */
const COLUMNS: Record<CompactedLog, Record<string, string>> = {
  events: {
    id: '$.id',
    kind: '$.kind',
    shopper: '$.shopper',
    session: '$.session',
    item: '$.item',
    quantity: '$.quantity',
    price_minor: '$.priceMinor',
    discount_minor: '$.discountMinor',
    campaign: '$.campaign',
    order_key: '$.order',
    decision_id: '$.decisionId',
    time_ms: '$.time',
  },
  decisions: {
    decision_id: '$.answer.decisionId',
    snapshot: '$.snapshot',
    shopper: '$.request.shopper',
    session: '$.request.session',
    time_ms: '$.time',
  },
}

/**
 * Resolves with the Parquet files that hold the log, oldest first: parts, and `open` where rows stand in the segment that is
 * written now. Every column but `segment` is text.
 */
export async function compactLog(db: Database, folder: string, name: CompactedLog, work: string): Promise<string[]> {
  await mkdir(partsFolder(folder), { recursive: true })
  const compacted = partsOf(folder, name).at(-1)?.last ?? 0
  const fresh = (await chainedSegments(folder, name)).filter(({ number }) => number > compacted)
  const erasures = Erasures.read(folder)
  for (const segments of await grouped(fresh.filter(({ isSealed }) => isSealed))) {
    const [first, last] = [segments[0].number, segments[segments.length - 1].number]
    await writeParquet(db, name, withoutErased(segments, erasures), partFile(folder, name, first, last))
  }
  const parts = partsOf(folder, name).map(({ file }) => file)
  const open = fresh.filter(({ isSealed }) => !isSealed)
  if (open.length === 0) return parts
  const file = join(work, `${name}-open.parquet`)
  await writeParquet(db, name, withoutErased(open, erasures), file)
  return [...parts, file]
}

async function grouped(segments: ReadableSegment[]): Promise<ReadableSegment[][]> {
  const groups: ReadableSegment[][] = []
  let bytes = 0
  for (const segment of segments) {
    const { size } = await stat(segment.file)
    if (groups.length === 0 || bytes + size > PART_BYTES) {
      groups.push([])
      bytes = 0
    }
    groups[groups.length - 1].push(segment)
    bytes += size
  }
  return groups
}

/** A server takes rows of erased shoppers out of its segments in its own time. */
function withoutErased(segments: ReadableSegment[], erasures: Erasures): SegmentRows[] {
  return segments.map(({ number, read }) => ({
    number,
    read: (take) =>
      read(({ text }) => {
        const left = lineWithoutErased(text, erasures)
        if (left !== null) take({ text: left })
      }),
  }))
}

/** Rows of one segment. */
export type SegmentRows = Pick<ReadableSegment, 'number'> & {
  read(take: (row: { text: string }) => void): Promise<void>
}

/** Whole or not at all. */
export async function writeParquet(
  db: Database,
  name: CompactedLog,
  segments: SegmentRows[],
  to: string,
): Promise<void> {
  const lines = `${to}.tmp-${process.pid}.txt`
  const beside = `${to}.tmp-${process.pid}`
  try {
    await writeLines(segments, lines)
    const columns = Object.entries(COLUMNS[name]).map(([column, path]) => `${valueAt(path)} AS ${column}`)
    if (name === 'events')
      columns.push(`CASE WHEN ${valueAt('$.kind')} IS NOT NULL AND ${valueAt('$.item')} IS NULL
        THEN ${quoteText(OF_NO_ITEM)} ELSE ${valueAt('$.kind')} END AS item_kind`)
    await db.run(
      `COPY (SELECT CAST(segment AS UINTEGER) AS segment, ${columns.join(', ')}, line AS row
        FROM read_csv(${quoteText(lines)}, auto_detect = false, header = false, delim = '\u0001', quote = '', escape = '',
          new_line = '\\n', parallel = false, max_line_size = 67108864, columns = {'segment': 'VARCHAR', 'line': 'VARCHAR'}))
       TO ${quoteText(beside)} (FORMAT parquet, COMPRESSION zstd)`,
    )
    await rename(beside, to)
  } finally {
    await rm(lines, { force: true })
    await rm(beside, { force: true })
  }
}

/** Of a row that is no JSON, NULL. */
function valueAt(path: string): string {
  return `CASE WHEN json_valid(line) THEN json_extract_string(line, ${quoteText(path)}) END`
}

async function writeLines(segments: SegmentRows[], file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const out = createWriteStream(file)
  for (const { number, read } of segments) {
    const lines: string[] = []
    await read(({ text }) => lines.push(`${number}\u0001${oneLine(text)}\n`))
    await writeAll(out, lines)
  }
  out.end()
  await once(out, 'close')
}

const LINES_AT_ONCE = 10_000

async function writeAll(out: WriteStream, lines: string[]): Promise<void> {
  for (let from = 0; from < lines.length; from += LINES_AT_ONCE)
    if (!out.write(lines.slice(from, from + LINES_AT_ONCE).join(''))) await once(out, 'drain')
}

/** JSON has no raw control characters; what is no JSON is kept readable and is refused by whoever reads it. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f]/g, ' ')
}
