import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../../bench/random.ts'
import { OfferwrightError } from '../../../core/contract/errors.ts'
import { firstSequenceOf, linked, walkSegment } from '../../../core/store/log/segments.ts'
import { AppendLog } from '../../../core/store/log/writer.ts'
import { type Fault, type FaultRun, repetitions } from './fault.ts'

const SEGMENTS = 4
const ROWS = 12
const BLOCK_BYTES = 64

/** Bytes of a log are flipped, cut off, swapped and overwritten; what is read afterwards is what was written, or an error. */
export const logMutations: Fault = {
  name: 'log-mutations',
  about: '1,000,000 mutations of log bytes: no record is read that was not written so',
  never: ['wrongRecords', 'crashes', 'lostSilently'],
  run: mutate,
}

/**
 * `lostSilently`: the log was read without an error, and ended before the last group that a later one proves durable.
 * `torn`: read as a log whose end is torn; `refused`: `log_corrupt`; `harmless`: every record was read.
 */
export async function mutate(run: FaultRun): Promise<Record<string, number>> {
  const segments = await writtenSegments()
  const random = new Random(run.seed)
  const mutations = repetitions(1_000_000, run)
  const counts = { mutations, refused: 0, torn: 0, harmless: 0, wrongRecords: 0, crashes: 0, lostSilently: 0 }
  for (let m = 0; m < mutations; m++) {
    const mutated = segments.map(({ bytes }) => bytes)
    mutateOne(mutated, random)
    try {
      const read = readAll(mutated)
      if (read.some((row, n) => row !== textOf(n))) counts.wrongRecords++
      if (read.length === SEGMENTS * ROWS) counts.harmless++
      else if (read.length < (SEGMENTS - 1) * ROWS) counts.lostSilently++
      else counts.torn++
    } catch (error) {
      if (error instanceof OfferwrightError && error.code === 'log_corrupt') counts.refused++
      else counts.crashes++
    }
    if (m % 100_000 === 99_999) run.say(`${m + 1} mutations`)
  }
  return counts
}

/** As the reader does with files. */
function readAll(segments: Buffer[]): string[] {
  const rows: string[] = []
  const last = segments.length - 1
  const begun = segments.map((bytes, s) => ({
    file: String(s),
    first: firstSequenceOf(bytes, () => bytes, String(s), s === last),
  }))
  const links = linked(begun)
  for (const [s, link] of links.entries())
    if (link !== null)
      walkSegment(segments[s], String(s), link, (start, end) => rows.push(segments[s].toString('utf8', start, end)))
  return rows
}

const textOf = (n: number) => `{"v":1,"n":${n},"text":"${'abcdefgh'.repeat(n % 5)}"}`

/** Each segment in several groups, as a server that was opened again and again leaves them. */
async function writtenSegments(): Promise<{ bytes: Buffer }[]> {
  const folder = await mkdtemp(join(tmpdir(), 'mutations-'))
  try {
    for (let segment = 0; segment < SEGMENTS; segment++) {
      const kind = { type: 1, schemaVersion: 1, ack: 'durable', commitMs: 0, onError: () => {} } as const
      const log = await AppendLog.open({ folder, name: 'events', ...kind })
      for (let n = 0; n < ROWS; n++) {
        log.append(Buffer.from(textOf(segment * ROWS + n)))
        if (n % 3 === 2) await log.flush()
      }
      await log.close()
    }
    const numbers = Array.from({ length: SEGMENTS }, (_, s) => s + 1)
    return await Promise.all(
      numbers.map(async (number) => ({ bytes: await readFile(join(folder, `events-00000${number}.segment`)) })),
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

function mutateOne(segments: Buffer[], random: Random): void {
  const s = random.below(segments.length)
  const bytes = Buffer.from(segments[s])
  const kind = random.below(6)
  segments[s] = bytes
  if (kind <= 1)
    for (let flips = 1 + random.below(4); flips > 0; flips--) bytes[random.below(bytes.length)] ^= 1 << random.below(8)
  else if (kind === 2) segments[s] = bytes.subarray(0, random.below(bytes.length))
  else if (kind === 3) swapBlocks(bytes, random)
  else if (kind === 4)
    bytes.fill(random.below(256), random.below(bytes.length), bytes.length - random.below(bytes.length))
  else segments[s] = Buffer.concat([bytes, segments[random.below(segments.length)].subarray(random.below(200))])
}

function swapBlocks(bytes: Buffer, random: Random): void {
  const length = 1 + random.below(BLOCK_BYTES)
  const [a, b] = [random.below(bytes.length - length), random.below(bytes.length - length)]
  const block = Buffer.from(bytes.subarray(a, a + length))
  bytes.copyWithin(a, b, b + length)
  block.copy(bytes, b)
}
