/**
 * Reads a log, also while it is written: every record once, oldest first, up to the last that is whole.
 *
 * A torn end is where reading stops; damage before it, or a segment that is missing between two, is `log_corrupt`.
 */
import { readFileSync } from 'node:fs'
import { open, readdir, readFile } from 'node:fs/promises'
import { SEGMENT_HEADER_BYTES } from './frame.ts'
import { firstSequenceOf, type Linked, linked, type Segment, segmentsAmong, walkSegment } from './segments.ts'

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
  const last = segments.length - 1
  const binary = segments.filter(({ isText }) => !isText)
  const begun = await Promise.all(
    binary.map(async ({ number, file }) => ({ file, first: await firstOf(file, number === segments[last].number) })),
  )
  const links = new Map(linked(begun).map((link, i) => [begun[i].file, link]))
  return segments.flatMap((segment, i) => {
    const { file, isText } = segment
    const link = links.get(file) ?? null
    const isSealed = i < last
    if (isText) return [{ ...segment, isSealed, read: (take: TakeRow) => readText(file, take) }]
    return link === null ? [] : [{ ...segment, isSealed, read: (take: TakeRow) => readFrames(file, link, take) }]
  })
}

async function firstOf(file: string, isLast: boolean): Promise<number | null> {
  const handle = await open(file, 'r')
  try {
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const { bytesRead } = await handle.read(header, 0, header.length, 0)
    return firstSequenceOf(header.subarray(0, bytesRead), () => readFileSync(file), file, isLast)
  } finally {
    await handle.close()
  }
}

async function readFrames(file: string, link: Linked, take: TakeRow): Promise<void> {
  const bytes = await readFile(file)
  walkSegment(bytes, file, link, (start, end) => {
    if (end > start) take({ file, at: start, text: bytes.toString('utf8', start, end) })
  })
}

async function readText(file: string, take: TakeRow): Promise<void> {
  const lines = (await readFile(file, 'utf8')).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  for (const [i, text] of lines.entries()) take({ file, at: i + 1, text })
}
