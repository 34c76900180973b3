/**
 * Takes the rows of erased shoppers out of a log's segments. A segment that holds none is left as it is; another is written anew
 * beside itself, synced and renamed over itself, so a crash leaves the old one or the new one.
 *
 * Sequences of a log have no gaps, so an erased record stays, with an empty row.
 */
import { randomBytes } from 'node:crypto'
import { readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DISK, writeWhole } from '../files/files.ts'
import { FRAME_HEADER_BYTES, readFrame, SEGMENT_HEADER_BYTES, writeFrameHeader } from '../log/frame.ts'
import type { Erasures } from './erasures.ts'
import { lineWithoutErased } from './rows.ts'

export interface Rewritten {
  segments: number
  /** Rows that went, or whose shopper did. */
  erased: number
}

/** `files`: segments that nobody writes to any more. What of one is torn or damaged is left as it is. */
export async function rewriteSegments(files: string[], erasures: Erasures): Promise<Rewritten> {
  const done: Rewritten = { segments: 0, erased: 0 }
  for (const file of files) {
    const bytes = await readFile(file).catch(absent)
    if (bytes === null) continue
    const { left, erased } = file.endsWith('.ndjson') ? textLeft(bytes, erasures) : framesLeft(bytes, erasures)
    if (erased === 0) continue
    await replace(file, left)
    done.erased += erased
    done.segments++
  }
  return done
}

/** Segments that are kept too long go at any time. */
function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}

interface Left {
  left: Buffer[]
  erased: number
}

function framesLeft(bytes: Buffer, erasures: Erasures): Left {
  const left = [bytes.subarray(0, SEGMENT_HEADER_BYTES)]
  let erased = 0
  let at = SEGMENT_HEADER_BYTES
  for (let frame = readFrame(bytes, at); frame !== null; frame = readFrame(bytes, at)) {
    const text = bytes.toString('utf8', frame.start, frame.end)
    const stays = frame.end === frame.start ? text : lineWithoutErased(text, erasures)
    if (stays === text) left.push(bytes.subarray(at, frame.end))
    else {
      const row = Buffer.from(stays ?? '')
      const rewritten = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), row])
      writeFrameHeader(rewritten, 0, { ...frame, start: FRAME_HEADER_BYTES, end: rewritten.length })
      left.push(rewritten)
      erased++
    }
    at = frame.end
  }
  left.push(bytes.subarray(at))
  return { left, erased }
}

function textLeft(bytes: Buffer, erasures: Erasures): Left {
  const lines = bytes.toString('utf8').split('\n')
  const left = lines.map((line) => lineWithoutErased(line, erasures))
  const erased = left.filter((line, i) => line !== lines[i]).length
  return { left: [Buffer.from(left.filter((line) => line !== null).join('\n'))], erased }
}

async function replace(file: string, parts: Buffer[]): Promise<void> {
  const beside = `${file}.tmp-${randomBytes(6).toString('hex')}`
  const target = await DISK.create(beside)
  try {
    await writeWhole(target, Buffer.concat(parts), 0)
    await target.datasync()
    await target.close()
    await rename(beside, file)
  } catch (error) {
    await target.close().catch(() => undefined)
    await rm(beside, { force: true })
    throw error
  }
  await DISK.syncFolder(dirname(file))
}
