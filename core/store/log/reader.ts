/**
 * Reads a log, also while it is written: every record once, oldest first, up to the last that is whole.
 *
 * A torn end is where reading stops; damage before it, or a segment that is missing between two, is `log_corrupt`.
 */
import { open, readdir, readFile } from 'node:fs/promises'
import { SEGMENT_HEADER_BYTES } from './frame.ts'
import { corrupt, firstSequenceOf, type Segment, segmentsAmong, walkFrames } from './segments.ts'

export interface LoggedRow {
  file: string
  /** Byte of the row in its segment; in a log of text the line, from 1. */
  at: number
  text: string
}

export type TakeRow = (row: LoggedRow) => void

/** Every row of a log, oldest first; of a log of text also a last line that was cut off by a crash. */
export async function readLog(folder: string, name: string, take: TakeRow): Promise<void> {
  for (const segment of await chainedSegments(folder, name)) await segment.read(take)
}

export interface ReadableSegment extends Segment {
  /** True: another follows it, so it does not change any more. */
  isSealed: boolean
  read(take: TakeRow): Promise<void>
}

/** The segments that hold rows, each checked to go on where the one before it ends when it is read. */
export async function chainedSegments(folder: string, name: string): Promise<ReadableSegment[]> {
  const segments = segmentsAmong(await readdir(folder), folder, name)
  const firsts = await Promise.all(segments.map((segment) => (segment.isText ? null : firstOf(segment.file))))
  const chained: ReadableSegment[] = []
  for (const [i, segment] of segments.entries()) {
    const isSealed = i + 1 < segments.length
    const first = firsts[i]
    const following = firsts.slice(i + 1).find((each) => each !== null) ?? null
    if (segment.isText) chained.push({ ...segment, isSealed, read: (take) => readText(segment.file, take) })
    else if (first !== null)
      chained.push({ ...segment, isSealed, read: (take) => readFrames(segment.file, first, following, take) })
  }
  return chained
}

async function firstOf(file: string): Promise<number | null> {
  const handle = await open(file, 'r')
  try {
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const { bytesRead } = await handle.read(header, 0, header.length, 0)
    return firstSequenceOf(header.subarray(0, bytesRead), file)
  } finally {
    await handle.close()
  }
}

/** `following`: the first sequence of the next segment, which this one must reach; null where there is none. */
async function readFrames(file: string, first: number, following: number | null, take: TakeRow): Promise<void> {
  const before = following ?? Number.POSITIVE_INFINITY
  const bytes = await readFile(file)
  const { next, end } = walkFrames(bytes, file, first, before, (_, start, rowEnd) =>
    take({ file, at: start, text: bytes.toString('utf8', start, rowEnd) }),
  )
  if (following !== null && next !== following)
    throw corrupt(file, end, `records ${next} to ${following - 1} are missing`)
}

async function readText(file: string, take: TakeRow): Promise<void> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  for (const [i, text] of lines.entries()) take({ file, at: i + 1, text })
}
