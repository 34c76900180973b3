/**
 * The segments of a log: files `<name>-<n>.segment` of one folder, numbered as they were begun. Logs of before version 1 are text,
 * `<name>-<n>.ndjson`; they are read and never written.
 */
import { join } from 'node:path'
import { OfferwrightError } from '../../contract/errors.ts'
import { groupsBehind, LOG_FORMAT_VERSION, readFrame, readSegmentHeader, SEGMENT_HEADER_BYTES } from './frame.ts'

export interface Segment {
  number: number
  file: string
  isText: boolean
}

/** Those of a log among the names of a folder, oldest first. */
export function segmentsAmong(names: readonly string[], folder: string, name: string): Segment[] {
  const pattern = new RegExp(`^${name}-(\\d{6,})\\.(segment|ndjson)$`)
  const segments: Segment[] = []
  for (const each of names) {
    const match = pattern.exec(each)
    if (match) segments.push({ number: Number(match[1]), file: join(folder, each), isText: match[2] === 'ndjson' })
  }
  return segments.sort((a, b) => a.number - b.number)
}

export function segmentPath(folder: string, name: string, number: number): string {
  return join(folder, `${name}-${String(number).padStart(6, '0')}.segment`)
}

/** How far the frames of a segment go on, one after the other. */
export interface Walked {
  /** Sequence that the next record would have. */
  next: number
  /** Where it would stand. */
  end: number
}

export type TakeFrame = (start: number, end: number) => void

/**
 * Calls `take` with where the row stands of each record of a segment, up to sequence `before` (Infinity: all there are), and
 * stops at the first byte that is no frame or out of sequence. Throws `log_corrupt` where that was durable once: a group is
 * written only when those before it are.
 */
export function walkFrames(bytes: Buffer, file: string, first: number, before: number, take: TakeFrame): Walked {
  let at = SEGMENT_HEADER_BYTES
  let next = first
  while (next < before) {
    const frame = readFrame(bytes, at)
    if (frame === null || frame.sequence !== next) break
    take(frame.start, frame.end)
    at = frame.end
    next++
  }
  const isWhole = next >= before || at === bytes.length
  if (!isWhole && [...groupsBehind(bytes, at + 1)].some((start) => start > next))
    throw corrupt(file, at, `record ${next} is damaged`)
  return { next, end: at }
}

/** All records of a segment that another follows must be there: throws `log_corrupt` where they do not reach it. */
export function walkSegment(bytes: Buffer, file: string, { first, following }: Linked, take: TakeFrame): void {
  const { next, end } = walkFrames(bytes, file, first, following ?? Number.POSITIVE_INFINITY, take)
  if (following !== null && next !== following)
    throw corrupt(file, end, `records ${next} to ${following - 1} are missing`)
}

/** A segment's first sequence, and that of the next one; null where there is none. */
export interface Linked {
  first: number
  following: number | null
}

/**
 * By segment, oldest first; null for those that were never begun (`first` null). Throws `log_corrupt` where the oldest is such
 * a one and the log does not begin behind it: nothing before it tells whether its records are missing.
 */
export function linked(begun: readonly { file: string; first: number | null }[]): (Linked | null)[] {
  const oldest = begun.find(({ first }) => first !== null)
  if (oldest !== undefined && begun[0] !== oldest && oldest.first !== 1)
    throw corrupt(begun[0].file, 0, 'records are missing')
  return begun.map(({ first }, i) => {
    if (first === null) return null
    return { first, following: begun.slice(i + 1).find((each) => each.first !== null)?.first ?? null }
  })
}

/**
 * The first sequence of a segment; null for a file whose making was cut off before its first group was durable: it holds nothing.
 * Throws `log_corrupt` for another version, and where a header is damaged in front of records. `whole` is asked only without a
 * header.
 */
export function firstSequenceOf(head: Buffer, whole: () => Buffer, file: string, isLast: boolean): number | null {
  const header = readSegmentHeader(head)
  if (header === null) {
    const groups = groupsBehind(whole(), 0).size
    if (groups > 1 || (groups === 1 && !isLast)) throw corrupt(file, 0, 'the header is damaged')
    return null
  }
  if (header.version === LOG_FORMAT_VERSION) return header.firstSequence
  throw new OfferwrightError(
    'log_corrupt',
    `${file} is of log format ${header.version}, this program reads ${LOG_FORMAT_VERSION}`,
    { field: 'version', value: header.version },
  )
}

export function corrupt(file: string, at: number, what: string): OfferwrightError {
  const remedy = 'restore the file, or move it and the older segments of this log away to go on without their rows'
  return new OfferwrightError('log_corrupt', `${file}: ${what} at byte ${at}; ${remedy}`, { field: file, value: at })
}
