import { appendFile, copyFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { GivenLogOptions } from '../../../core/store/log/options.ts'
import { AppendLog } from '../../../core/store/log/writer.ts'
import { logRows } from '../../support/log-text.ts'

let folder: string
const errors: Error[] = []

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-'))
  errors.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function openLog(options: Partial<GivenLogOptions> = {}): Promise<AppendLog> {
  const onError = (error: Error) => void errors.push(error)
  return AppendLog.open({ folder, name: 'events', type: 1, schemaVersion: 1, ack: 'durable', onError, ...options })
}

const text = (n: number) => `{"n":${n}}`
const row = (n: number) => Buffer.from(text(n))
const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => text(from + i))

/** Rows from `from` up to `to` in a log that is closed again. */
async function logOf(from: number, to: number): Promise<void> {
  const log = await openLog()
  for (let n = from; n < to; n++) {
    log.append(row(n))
    if (n % 3 === 0) await log.flush()
  }
  await log.close()
}

test('rows come back in the order of their appending, also across segments', async () => {
  const log = await openLog({ segmentBytes: 300, commitMs: 0 })
  for (let n = 0; n < 200; n++) {
    log.append(row(n))
    if (n % 7 === 0) await log.flush()
  }
  await log.close()
  expect(await logRows(folder, 'events')).toEqual(texts(0, 200))
  expect((await readdir(folder)).length).toBeGreaterThan(5)
})

test("a flushed row is in the file while the log stays open, and its bytes are the log's own", async () => {
  const log = await openLog()
  const mine = row(1)
  log.append(mine)
  mine.fill(0)
  await log.flush()
  expect(await logRows(folder, 'events')).toEqual([text(1)])
  await log.close()
})

test('rows that come while a sync is under way share the next one', async () => {
  const log = await openLog()
  for (let n = 0; n < 40_000; n++) log.append(row(n))
  await log.flush()
  expect(log.counts.syncs).toBeLessThanOrEqual(3)
  await log.close()
  expect(await logRows(folder, 'events')).toEqual(texts(0, 40_000))
})

test('a flush resolves while rows go on being appended, and a reader meets every row of it', async () => {
  const log = await openLog({ commitMs: 0 })
  let n = 0
  const busy = setInterval(() => log.append(row(n++)), 0)
  for (let round = 0; round < 20; round++) {
    log.append(row(n++))
    const appended = n
    await log.flush()
    const rows = await logRows(folder, 'events')
    expect(rows.length).toBeGreaterThanOrEqual(appended)
    expect(rows).toEqual(texts(0, rows.length))
  }
  clearInterval(busy)
  await log.close()
})

test('logs of one folder do not mix', async () => {
  const events = await openLog()
  const items = await openLog({ name: 'items' })
  events.append(row(1))
  items.append(row(2))
  await Promise.all([events.close(), items.close()])
  expect(await logRows(folder, 'items')).toEqual([text(2)])
})

test('a torn end is cut off and told; the log goes on behind it', async () => {
  await logOf(0, 10)
  const file = join(folder, 'events-000001.segment')
  await appendFile(file, (await readFile(file)).subarray(32, 49))
  const log = await openLog()
  expect(log.cut).toEqual({ file, bytes: 17 })
  log.append(row(10))
  await log.close()
  expect(await logRows(folder, 'events')).toEqual(texts(0, 11))
})

test('wherever a log is cut off, what is read is a beginning of it', async () => {
  await logOf(0, 6)
  const file = join(folder, 'events-000001.segment')
  const { size } = await stat(file)
  const lengths: number[] = []
  for (let bytes = size; bytes >= 0; bytes--) {
    await truncate(file, bytes)
    const rows = await logRows(folder, 'events')
    expect(rows).toEqual(texts(0, rows.length))
    lengths.push(rows.length)
  }
  expect(new Set(lengths)).toEqual(new Set([6, 5, 4, 3, 2, 1, 0]))
})

test('a damaged record that durable ones follow is an error with its place, for a reader and at the start', async () => {
  await logOf(0, 10)
  const file = join(folder, 'events-000001.segment')
  const bytes = await readFile(file)
  const at = bytes.indexOf(text(2))
  bytes[at] ^= 1
  await writeFile(file, bytes)
  const error = { code: 'log_corrupt', field: file, value: at - 22 }
  await expect(logRows(folder, 'events')).rejects.toMatchObject(error)
  await expect(openLog()).rejects.toMatchObject(error)
})

test('a segment that is missing between two is an error; one that retention took from the front is not', async () => {
  for (const from of [0, 10, 20]) await logOf(from, from + 10)
  await copyFile(join(folder, 'events-000002.segment'), join(folder, 'aside'))
  await rm(join(folder, 'events-000002.segment'))
  await expect(logRows(folder, 'events')).rejects.toMatchObject({ code: 'log_corrupt' })
  await copyFile(join(folder, 'aside'), join(folder, 'events-000002.segment'))
  await rm(join(folder, 'events-000001.segment'))
  expect(await logRows(folder, 'events')).toEqual(texts(10, 30))
})

test('a file that never got its header holds nothing and goes when the log is opened again', async () => {
  await logOf(0, 3)
  await writeFile(join(folder, 'events-000002.segment'), 'OWRTL')
  await logOf(3, 6)
  expect(await logRows(folder, 'events')).toEqual(texts(0, 6))
  expect((await readdir(folder)).sort()).toEqual(['events-000001.segment', 'events-000003.segment'])
})

test('a damaged header in front of records is an error, also in the oldest segment', async () => {
  await logOf(0, 9)
  const file = join(folder, 'events-000001.segment')
  const bytes = await readFile(file)
  bytes[3] ^= 1
  await writeFile(file, bytes)
  await expect(logRows(folder, 'events')).rejects.toMatchObject({ code: 'log_corrupt', field: file })
  await expect(openLog()).rejects.toMatchObject({ code: 'log_corrupt', field: file })
})

test('a log of text goes on in segments, and its rows come first', async () => {
  await writeFile(join(folder, 'events-000001.ndjson'), `${text(0)}\n${text(1)}\n{"n":`)
  await logOf(2, 4)
  expect(await readdir(folder)).toContain('events-000002.segment')
  expect(await logRows(folder, 'events')).toEqual([text(0), text(1), '{"n":', text(2), text(3)])
})

test('a segment of another version is refused and not read as ours', async () => {
  await logOf(0, 3)
  const file = join(folder, 'events-000001.segment')
  const { segmentHeader } = await import('../../../core/store/log/frame.ts')
  const { crc32c } = await import('../../../core/store/log/crc32c.ts')
  const header = segmentHeader(1)
  header.writeUInt32LE(2, 8)
  header.writeUInt32LE(crc32c(header, 0, 28), 28)
  await writeFile(file, Buffer.concat([header, (await readFile(file)).subarray(32)]))
  await expect(logRows(folder, 'events')).rejects.toMatchObject({ code: 'log_corrupt', field: 'version', value: 2 })
})

test('a segment that is old is closed by and by, one that is young is not', async () => {
  const log = await openLog({ segmentMs: 0 })
  log.append(row(0))
  await log.flush()
  await log.closeOldSegment()
  expect(log.openFile).toBeNull()
  log.append(row(1))
  await log.close()
  expect(await readdir(folder)).toHaveLength(2)
})
