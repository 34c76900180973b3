import { readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { DISK } from '../../core/store/files/files.ts'
import type { ServerConfig } from '../../server/config.ts'
import { pause } from '../support/children.ts'
import { FaultyFiles, failingCalls } from '../support/faulty-files.ts'
import { logRows } from '../support/log-text.ts'
import { copyShop, serveShop, type TestServer, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

const NEVER = { faultOf: () => null }

let trained: TrainedShop
let shop: TrainedShop
let server: TestServer
let files: FaultyFiles

beforeAll(async () => {
  trained = await trainShop()
})
afterAll(() => trained.remove())
beforeEach(async () => {
  shop = await copyShop(trained)
  await serve()
})
afterEach(async () => {
  await server.close()
  await shop.remove()
})

async function serve(config: Partial<ServerConfig> = {}): Promise<void> {
  files = new FaultyFiles(NEVER)
  server = await serveShop(shop, config, files)
}

async function serveAgain(config: Partial<ServerConfig> = {}): Promise<void> {
  await server.close()
  await serve(config)
}

const view = (id: string, session = 'mine') => ({ id, kind: 'view', item: 'p0000001', session })
const send = (...events: object[]) => server.call('POST', '/v1/events', { events })
const decide = () => server.call('POST', '/v1/decide', { session: 'mine' })
const rows = (name: string) => logRows(shop.folders.log, name)
const loggedIds = async () => (await rows('events')).map((text) => JSON.parse(text).id)
const metric = async (name: string) =>
  Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)`, 'm').exec((await server.call('GET', '/metrics')).text)?.[1])

test('an event is in the log when it is answered, and one whose id came before counts once', async () => {
  expect((await send(view('a'), view('b'), view('a'))).body).toEqual({ accepted: 3, unknownItems: 0, duplicates: 1 })
  expect(await loggedIds()).toEqual(['a', 'b'])
  expect((await send(view('b'), view('c'))).body.duplicates).toBe(1)
  expect(await loggedIds()).toEqual(['a', 'b', 'c'])
  expect(await metric('offerwright_events_duplicate_total')).toBe(2)
})

test('ids that came before are known again after a restart, as far back as the window', async () => {
  await serveAgain({ eventIds: 2 })
  for (const id of ['a', 'b', 'c', 'd', 'e']) await send(view(id))
  await serveAgain({ eventIds: 2 })
  const told: number[] = []
  for (const id of ['d', 'e', 'a']) told.push((await send(view(id))).body.duplicates)
  expect(told).toEqual([1, 1, 0])
})

test('a full disk: events and items are refused with the reason, decisions go on, and all resumes by itself', async () => {
  files.plan = failingCalls('ENOSPC', 0, 1_000_000)
  const refused = await send(view('a'))
  expect(refused.status).toBe(503)
  expect(refused.body.error).toMatchObject({ code: 'disk_full' })
  expect(refused.headers.get('retry-after')).toBe('1')
  const items = [{ item: 'p0000001', available: false }]
  expect((await server.call('PUT', '/v1/items', { items })).body.error.code).toBe('disk_full')
  const first = await decide()
  expect(first.status).toBe(200)
  expect(first.body.personalised).toBe(false)
  files.plan = NEVER
  await until(
    () => send(view('a')),
    ({ status }) => status === 200,
    5000,
  )
  expect(await loggedIds()).toEqual(['a'])
  expect((await decide()).body.personalised).toBe(true)
  expect(await metric('offerwright_log_events_failures_total')).toBeGreaterThan(0)
  await server.close()
  // What was decided while the disk was full waited for it.
  expect(await rows('decisions')).toHaveLength(2)
  await serve()
})

test('a disk that is nearly full counts as full before it is', async () => {
  await serveAgain({ logMinFreeBytes: Number.MAX_SAFE_INTEGER })
  expect((await send(view('a'))).body.error).toMatchObject({ code: 'disk_full' })
  expect((await decide()).status).toBe(200)
  expect(await metric('offerwright_log_dropped_rows_total')).toBe(1)
})

test('decisions that wait for the disk by configuration are refused while it fails, others never are', async () => {
  await serveAgain({ decisionAck: 'durable' })
  expect((await decide()).status).toBe(200)
  expect(await rows('decisions')).toHaveLength(1)
  files.plan = failingCalls('EIO', files.calls, 1_000_000)
  expect((await decide()).body.error).toMatchObject({ code: 'log_unavailable' })
  expect((await server.call('POST', '/v1/recommend', {})).status).toBe(200)
  files.plan = NEVER
  await until(decide, ({ status }) => status === 200, 5000)
})

test('on a slow disk a decision waits for its row where those of more than 100 ms are not durable yet', async () => {
  files.syncMs = 400
  const first = await decide()
  await pause(200)
  const { status, body } = await decide()
  expect([first.status, status]).toEqual([200, 200])
  const logged = (await rows('decisions')).map((text) => JSON.parse(text).answer.decisionId)
  expect(logged).toEqual([first.body.decisionId, body.decisionId])
})

test('a slow disk that then fails lets the decisions go that waited for it, and has their rows later', async () => {
  files.syncMs = 400
  await decide()
  await pause(200)
  files.plan = failingCalls('EIO', 0, 1_000_000)
  expect((await decide()).status).toBe(200)
  files.plan = NEVER
  await until(
    () => rows('decisions'),
    (logged) => logged.length === 2,
    5000,
  )
})

test('the oldest segments go when they are too old, the newest stays', async () => {
  for (const id of ['a', 'b', 'c']) {
    await send(view(id))
    await serveAgain()
  }
  await utimes(join(shop.folders.log, 'events-000001.segment'), 1000, 1000)
  await serveAgain()
  await until(
    async () => (await readdir(shop.folders.log)).filter((name) => name.startsWith('events')),
    (names) => !names.includes('events-000001.segment'),
    5000,
  )
  expect(await loggedIds()).toEqual(['b', 'c'])
  expect(await DISK.list(shop.folders.log)).toContain('events-000003.segment')
})

test('a damaged log keeps the server from starting and names the place', async () => {
  for (const id of ['a', 'b', 'c']) await send(view(id))
  await server.close()
  const file = join(shop.folders.log, 'events-000001.segment')
  const handle = await DISK.change(file)
  await handle.write(Buffer.from('x'), 80)
  await handle.close()
  await expect(serveShop(shop)).rejects.toMatchObject({ code: 'log_corrupt', field: file })
  await DISK.remove(file)
  await serve()
})
