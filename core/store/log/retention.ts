/** What a log may keep: the oldest segments go when they are too old, or when all of them are too large. */
import { stat } from 'node:fs/promises'
import type { Files } from '../files/files.ts'
import { segmentsAmong } from './segments.ts'

export interface Retention {
  /** Since a segment was last written. */
  keepMs: number
  /** Of all segments of one log. */
  keepBytes: number
}

/** Never takes the newest segment. Resolves with the files that were removed, oldest first. `now`: milliseconds since 1970. */
export async function removeOldSegments(
  files: Files,
  folder: string,
  name: string,
  { keepMs, keepBytes }: Retention,
  now: number,
): Promise<string[]> {
  const sealed = segmentsAmong(await files.list(folder), folder, name)
  const sizes = await Promise.all(sealed.map(async ({ file }) => stat(file)))
  let total = sizes.reduce((sum, { size }) => sum + size, 0)
  const removed: string[] = []
  for (const [i, { file }] of sealed.slice(0, -1).entries()) {
    const { size, mtimeMs } = sizes[i]
    if (total <= keepBytes && now - mtimeMs <= keepMs) break
    await files.remove(file)
    removed.push(file)
    total -= size
  }
  if (removed.length > 0) await files.syncFolder(folder)
  return removed
}
