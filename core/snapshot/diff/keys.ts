/** Which keys two tables share. */
import { stringAt } from '../strings.ts'

interface KeyColumns {
  keysBytes: { view: Uint8Array }
  keysOffsets: { view: Uint32Array }
}

export interface Common {
  /** Index before and after of each key that both have, in key order. */
  common: [before: number, after: number][]
  added: string[]
  removed: string[]
}

/** The keys of a table, by index. */
export function keysOf({ keysBytes, keysOffsets }: KeyColumns): string[] {
  return Array.from({ length: keysOffsets.view.length - 1 }, (_, i) => stringAt(keysBytes.view, keysOffsets.view, i))
}

export function commonKeys(before: string[], after: string[]): Common {
  const indexAfter = new Map(after.map((key, index) => [key, index]))
  const common: Common['common'] = []
  const removed: string[] = []
  for (const [index, key] of before.entries()) {
    const at = indexAfter.get(key)
    if (at === undefined) removed.push(key)
    else common.push([index, at])
    indexAfter.delete(key)
  }
  return { common, added: [...indexAfter.keys()], removed }
}
