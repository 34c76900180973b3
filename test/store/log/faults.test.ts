import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Random } from '../../../bench/random.ts'
import type { Ack } from '../../../core/store/log/options.ts'
import { AppendLog } from '../../../core/store/log/writer.ts'
import { FaultyFiles, failingCalls, randomFaults } from '../../support/faulty-files.ts'
import { logRows } from '../../support/log-text.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'log-faults-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

function openLog(files: FaultyFiles, ack: Ack, name = 'events', retryMs = 2): Promise<AppendLog> {
  const kind = { type: 1, schemaVersion: 1 }
  return AppendLog.open({
    folder,
    name,
    ...kind,
    ack,
    files,
    commitMs: 0,
    retryMs,
    segmentBytes: 2000,
    onError: () => {},
  })
}

const text = (n: number) => `{"n":${n}}`

/** Appends until it is refused no more; answers whether the row was acknowledged. */
async function tryRow(log: AppendLog, n: number): Promise<boolean> {
  while (log.refusal !== null) await new Promise((resolve) => setTimeout(resolve, 1))
  log.append(Buffer.from(text(n)))
  return log.flush().then(
    () => true,
    () => false,
  )
}

const NEVER = { faultOf: () => null }

test.each(['ENOSPC', 'EIO'])(
  '%s at each call of a run: what was acknowledged is there once, and rows are taken again',
  async (code) => {
    const clean = new FaultyFiles(NEVER)
    const rehearsal = await openLog(clean, 'durable', 'rehearsal')
    for (let n = 0; n < 8; n++) await tryRow(rehearsal, n)
    await rehearsal.close()
    for (let call = 0; call < clean.calls; call++) {
      const name = `run${call}`
      const files = new FaultyFiles(failingCalls(code, call, 1))
      const log = await openLog(files, 'durable', name)
      const acknowledged: string[] = []
      for (let n = 0; n < 8; n++) if (await tryRow(log, n)) acknowledged.push(text(n))
      await log.close()
      expect(files.failed).toBe(1)
      expect(acknowledged).toHaveLength(7)
      expect(await logRows(folder, name)).toEqual(acknowledged)
    }
  },
)

test('the reason is told while the disk takes nothing, and not any more when it does', async () => {
  const files = new FaultyFiles(failingCalls('ENOSPC', 0, 1_000_000))
  // A reason is told until the disk is tried again: long enough for a machine that is busy elsewhere.
  const log = await openLog(files, 'durable', 'events', 1000)
  log.append(Buffer.from(text(0)))
  await expect(log.flush()).rejects.toMatchObject({ code: 'disk_full', status: 503 })
  expect(log.refusal).toMatchObject({ code: 'disk_full' })
  files.plan = failingCalls('EIO', 0, 1_000_000)
  expect(await tryRow(log, 1)).toBe(false)
  expect(log.refusal).toMatchObject({ code: 'log_unavailable' })
  files.plan = NEVER
  expect(await tryRow(log, 2)).toBe(true)
  expect(log.failure).toBeNull()
  await log.close()
  expect(await logRows(folder, 'events')).toEqual([text(2)])
})

test('a sync that fails seals its segment: the next row goes to another one', async () => {
  const files = new FaultyFiles(NEVER)
  const log = await openLog(files, 'durable')
  expect(await tryRow(log, 0)).toBe(true)
  files.plan = { faultOf: (call) => (call === 'datasync' || call === 'truncate' ? 'EIO' : null) }
  expect(await tryRow(log, 1)).toBe(false)
  files.plan = NEVER
  expect(await tryRow(log, 2)).toBe(true)
  await log.close()
  expect((await readdir(folder)).sort()).toEqual(['events-000001.segment', 'events-000002.segment'])
  expect(await logRows(folder, 'events')).toEqual([text(0), text(2)])
})

test('rows that were answered before they were durable are kept through failures, in order', async () => {
  const files = new FaultyFiles(randomFaults(['EIO', 'ENOSPC', 'short'], 0.2, 3))
  const log = await openLog(files, 'memory')
  for (let n = 0; n < 300; n++) {
    log.append(Buffer.from(text(n)))
    if (n % 10 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  files.plan = NEVER
  await log.flush()
  await log.close()
  expect(await logRows(folder, 'events')).toEqual(Array.from({ length: 300 }, (_, n) => text(n)))
})

test('a log whose disk fails until the end says what it lost', async () => {
  const log = await openLog(new FaultyFiles(failingCalls('ENOSPC', 0, 1_000_000)), 'memory')
  log.append(Buffer.from(text(0)))
  await expect(log.close()).rejects.toMatchObject({ code: 'disk_full' })
})

test('whatever fails and whenever the log is opened again, acknowledged rows are there once and in order', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const name = `run${run++}`
      const random = new Random(seed)
      const files = new FaultyFiles(randomFaults(['EIO', 'ENOSPC', 'short'], 0.1, seed))
      const acknowledged: string[] = []
      let n = 0
      for (let life = 0; life < 3; life++) {
        files.plan = NEVER
        const log = await openLog(files, 'durable', name)
        files.plan = randomFaults(['EIO', 'ENOSPC', 'short'], 0.1, random.below(1000))
        for (let i = 0; i < 6; i++, n++) if (await tryRow(log, n)) acknowledged.push(text(n))
        await log.close()
      }
      const rows = await logRows(folder, name)
      const unique = [...new Set(rows)]
      expect(rows).toEqual(unique)
      expect(rows.filter((row) => acknowledged.includes(row))).toEqual(acknowledged)
    }),
    { seed: 1, numRuns: 15 },
  )
})
