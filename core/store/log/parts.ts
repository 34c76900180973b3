/**
 * Compacted parts of a log: Parquet files `<name>-<first>-<last>.parquet` in `parquet` beside the segments, each with every row
 * of the segments `first` to `last`, in their order. A part is written once and read in place; its segments may then go.
 */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export const COMPACTED_LOGS = ['events', 'decisions'] as const
export type CompactedLog = (typeof COMPACTED_LOGS)[number]

export interface LogPart {
  first: number
  last: number
  file: string
}

export function partsFolder(log: string): string {
  return join(log, 'parquet')
}

/** Those there are, oldest first. */
export function partsOf(log: string, name: string): LogPart[] {
  const folder = partsFolder(log)
  if (!existsSync(folder)) return []
  const pattern = new RegExp(`^${name}-(\\d+)-(\\d+)\\.parquet$`)
  return readdirSync(folder)
    .map((file) => ({ file, match: pattern.exec(file) }))
    .flatMap(({ file, match }) =>
      match === null ? [] : [{ first: Number(match[1]), last: Number(match[2]), file: join(folder, file) }],
    )
    .sort((a, b) => a.first - b.first)
}

export function partFile(log: string, name: CompactedLog, first: number, last: number): string {
  const padded = (number: number) => String(number).padStart(6, '0')
  return join(partsFolder(log), `${name}-${padded(first)}-${padded(last)}.parquet`)
}
