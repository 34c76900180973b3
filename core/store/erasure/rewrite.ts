/**
 * Takes the rows of erased shoppers out of a log's segments. A segment that holds none is left as it is; another is written anew
 * beside itself, synced and renamed over itself, so a crash leaves the old one or the new one.
 *
 * A line that cannot be read is of nobody; where it might name a shopper it goes too.
 */
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import type { Erasures, RowOfShopper } from './erasures.ts'

export interface Rewritten {
  segments: number
  /** Rows that went, or whose shopper did. */
  erased: number
}

const GATHERED_BYTES = 1024 * 1024
const NAMES_SHOPPER = '"shopper":'

/** `files`: segments that nobody writes to any more. */
export async function rewriteSegments(files: string[], erasures: Erasures): Promise<Rewritten> {
  const done: Rewritten = { segments: 0, erased: 0 }
  for (const file of files) {
    if (!(await holdsErased(file, erasures))) continue
    done.erased += await rewrite(file, erasures)
    done.segments++
  }
  return done
}

/**
 * The line as it may stay, null where nothing of it may. What a purchase took from a campaign's budget stays, without whose it was.
 */
export function lineWithoutErased(line: string, erasures: Erasures): string | null {
  if (erasures.isEmpty || !line.includes(NAMES_SHOPPER)) return line
  try {
    const row = JSON.parse(line) as LoggedRow
    if (!erasures.hasRow(row)) return line
    return row.kind === 'purchase' && row.campaign !== undefined ? JSON.stringify(ofNobody(row)) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

type LoggedRow = RowOfShopper & Partial<Record<'kind' | 'campaign' | 'session' | 'id' | 'order' | 'decisionId', string>>

function ofNobody({ shopper, session, id, order, decisionId, ...rest }: LoggedRow): object {
  return rest
}

async function holdsErased(file: string, erasures: Erasures): Promise<boolean> {
  for await (const line of linesOf(file)) if (lineWithoutErased(line, erasures) !== line) return true
  return false
}

async function rewrite(file: string, erasures: Erasures): Promise<number> {
  const beside = `${file}.tmp-${randomBytes(6).toString('hex')}`
  const target = await open(beside, 'wx')
  let erased = 0
  try {
    const kept = new KeptLines(target)
    for await (const line of linesOf(file)) {
      const left = lineWithoutErased(line, erasures)
      if (left !== line) erased++
      if (left !== null) await kept.add(left)
    }
    await kept.flush()
    await target.sync()
    await target.close()
    await rename(beside, file)
  } catch (error) {
    await target.close()
    await rm(beside, { force: true })
    throw error
  }
  await syncFolder(dirname(file))
  return erased
}

class KeptLines {
  readonly #target: FileHandle
  #gathered: string[] = []
  #bytes = 0

  constructor(target: FileHandle) {
    this.#target = target
  }

  async add(line: string): Promise<void> {
    this.#gathered.push(line, '\n')
    this.#bytes += line.length
    if (this.#bytes > GATHERED_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    await this.#target.appendFile(this.#gathered.join(''))
    this.#gathered = []
    this.#bytes = 0
  }
}

function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
