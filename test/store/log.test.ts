import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AppendLog, readLog } from '../../core/store/log.ts'

let folder: string
const errors: Error[] = []
const onError = (error: Error) => void errors.push(error)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-'))
  errors.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function lines(name = 'events'): Promise<string[]> {
  const texts: string[] = []
  for await (const { text } of readLog(folder, name)) texts.push(text)
  return texts
}

const row = (n: number) => Buffer.from(`{"n":${n}}\n`)

test('rows come back in the order of their appending, also across segments', async () => {
  const log = await AppendLog.open({ folder, name: 'events', segmentBytes: 100, onError })
  for (let n = 0; n < 200; n++) {
    log.append(row(n))
    if (n % 7 === 0) await log.flush()
  }
  await log.close()
  expect(await lines()).toEqual(Array.from({ length: 200 }, (_, n) => `{"n":${n}}`))
  expect((await readdir(folder)).length).toBeGreaterThan(5)
})

test("rows may wait to be gathered; a flush writes them at once, and the bytes are the log's own", async () => {
  const log = await AppendLog.open({ folder, name: 'events', gatherMs: 1_000_000, onError })
  const mine = row(1)
  log.append(mine)
  mine.fill(0)
  expect(await readdir(folder)).toEqual([])
  await log.flush()
  expect(await lines()).toEqual(['{"n":1}'])
  for (let n = 2; n <= 40_000; n++) log.append(row(n))
  await log.close()
  expect((await lines()).length).toBe(40_000)
})

test('a flushed row is in the file while the log stays open', async () => {
  const log = await AppendLog.open({ folder, name: 'events', onError })
  log.append(row(1))
  await log.flush()
  expect(await lines()).toEqual(['{"n":1}'])
  await log.close()
})

test('a log that is opened again never writes behind a torn row', async () => {
  const first = await AppendLog.open({ folder, name: 'events', onError })
  first.append(row(1))
  await first.close()
  await appendFile(join(folder, 'events-000001.ndjson'), '{"n":')
  const second = await AppendLog.open({ folder, name: 'events', onError })
  second.append(row(2))
  await second.close()
  expect(await lines()).toEqual(['{"n":1}', '{"n":', '{"n":2}'])
})

test('logs of one folder do not mix', async () => {
  const events = await AppendLog.open({ folder, name: 'events', onError })
  const items = await AppendLog.open({ folder, name: 'items', onError })
  events.append(row(1))
  items.append(row(2))
  await Promise.all([events.close(), items.close()])
  expect(await lines('items')).toEqual(['{"n":2}'])
})

test('rows wait while the folder cannot be written, and the log says when it is full', async () => {
  const log = await AppendLog.open({ folder, name: 'events', waitingBytes: 20, onError })
  await rm(folder, { recursive: true })
  for (let n = 0; n < 10; n++) log.append(row(n))
  expect(log.isFull).toBe(true)
  await log.close()
  expect(errors[0]).toMatchObject({ code: 'ENOENT' })
})

test('a flush resolves while rows go on being appended', async () => {
  const log = await AppendLog.open({ folder, name: 'events', onError })
  let n = 0
  const busy = setInterval(() => log.append(row(n++)), 0)
  for (let round = 0; round < 20; round++) {
    log.append(row(n++))
    const appended = n
    await log.flush()
    expect((await lines()).length).toBeGreaterThanOrEqual(appended)
  }
  clearInterval(busy)
  await log.close()
})
