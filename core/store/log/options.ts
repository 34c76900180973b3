/** How a log is written. */
import { DISK, type Files } from '../files/files.ts'
import type { RowKind } from './gathering.ts'

export type Ack = 'durable' | 'memory'

export interface AppendLogOptions extends RowKind {
  folder: string
  name: string
  ack: Ack
  /** A sync begins at least this long after the last one began; a row that comes later does not wait. */
  commitMs: number
  /** A segment that has grown past this, or is older, is closed and the next one begun. */
  segmentBytes: number
  segmentMs: number
  /** After a failure the disk is not asked again for this long. */
  retryMs: number
  /** Bytes that may wait for the disk. */
  waitingBytes: number
  files: Files
  /** Told of each failure. */
  onError: (error: Error) => void
}

export const LOG_DEFAULTS = {
  commitMs: 5,
  segmentBytes: 64 * 1024 * 1024,
  segmentMs: 3_600_000,
  retryMs: 250,
  waitingBytes: 32 * 1024 * 1024,
  files: DISK,
}

export type GivenLogOptions = Omit<AppendLogOptions, keyof typeof LOG_DEFAULTS> & Partial<AppendLogOptions>
