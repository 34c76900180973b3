/**
 * The segments of a log: files `<name>-<n>.log` of one folder, numbered as they were begun. Logs of before version 1 are text,
 * `<name>-<n>.ndjson`; they are read and never written.
 */
import { join } from 'node:path'
import { OfferwrightError } from '../../contract/errors.ts'
import { LOG_FORMAT_VERSION, provesDurable, readFrame, readSegmentHeader, SEGMENT_HEADER_BYTES } from './frame.ts'

export interface Segment {
  number: number
  file: string
  isText: boolean
}

/** Those of a log among the names of a folder, oldest first. */
export function segmentsAmong(names: readonly string[], folder: string, name: string): Segment[] {
  const pattern = new RegExp(`^${name}-(\\d{6,})\\.(log|ndjson)$`)
  const segments: Segment[] = []
  for (const each of names) {
    const match = pattern.exec(each)
    if (match) segments.push({ number: Number(match[1]), file: join(folder, each), isText: match[2] === 'ndjson' })
  }
  return segments.sort((a, b) => a.number - b.number)
}

export function segmentPath(folder: string, name: string, number: number): string {
  return join(folder, `${name}-${String(number).padStart(6, '0')}.log`)
}

/** How far the frames of a segment go on, one after the other. */
export interface Walked {
  /** Sequence that the next record would have. */
  next: number
  /** Where it would stand. */
  end: number
}

/**
 * Calls `take` with each record of a segment, `firstSequence` on, up to `before` (Infinity: all there are), and stops at the
 * first byte that is no frame or out of sequence. Throws `log_corrupt` where that was durable once. `start` and `end` of the row.
 */
export function walkFrames(
  bytes: Buffer,
  file: string,
  firstSequence: number,
  before: number,
  take: (sequence: number, start: number, end: number) => void,
): Walked {
  let at = SEGMENT_HEADER_BYTES
  let next = firstSequence
  while (next < before) {
    const frame = readFrame(bytes, at)
    if (frame === null || frame.sequence !== next) break
    take(next, frame.start, frame.end)
    at = frame.end
    next++
  }
  const ends = next >= before || at === bytes.length
  if (!ends && provesDurable(bytes, at, next)) throw corrupt(file, at, `record ${next} is damaged`)
  return { next, end: at }
}

/** Null: a file whose making was cut off before its header was whole; it holds nothing. Throws `log_corrupt` for another version. */
export function firstSequenceOf(bytes: Buffer, file: string): number | null {
  const header = readSegmentHeader(bytes)
  if (header === null) return null
  if (header.version !== LOG_FORMAT_VERSION)
    throw new OfferwrightError(
      'log_corrupt',
      `${file} is of log format ${header.version}, this program reads ${LOG_FORMAT_VERSION}`,
      {
        field: 'version',
        value: header.version,
      },
    )
  return header.firstSequence
}

export function corrupt(file: string, at: number, what: string): OfferwrightError {
  const remedy = 'restore the file, or move it and the older segments of this log away to go on without their rows'
  return new OfferwrightError('log_corrupt', `${file}: ${what} at byte ${at}; ${remedy}`, { field: file, value: at })
}
