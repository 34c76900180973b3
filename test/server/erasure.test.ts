import { createHash } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocalDecisions } from '../../cli/local-decisions.ts'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { Database, quoteName, quoteText } from '../../training/duckdb.ts'
import { run } from '../support/processes.ts'
import { CLI, serveShop, type TestServer, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

const hashOf = (text: string) => createHash('sha256').update(text).digest()

let shop: TrainedShop
let key: string
let other: string

beforeAll(async () => {
  shop = await trainShop()
  const decisions = await LocalDecisions.open(shop.folders, shop.snapshots[1])
  const known = decisions.shoppersWithHistory(3)
  key = known.next().value?.shopper ?? ''
  other = known.next().value?.shopper ?? ''
})
afterAll(() => shop.remove())

const cli = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await run(process.execPath, [CLI, ...args, '--home', shop.folders.home])
  expect(exitCode, stderr).toBe(0)
  return stdout
}

async function act(server: TestServer, shopper: string): Promise<void> {
  const items = (await server.call('POST', '/v1/decide', { shopper, slots: 3 })).body.items
  const events = [
    { kind: 'view', shopper, item: items[0].item },
    { kind: 'purchase', shopper, item: items[1].item, quantity: 1, priceMinor: 100, order: `order-of-${shopper}` },
  ]
  expect((await server.call('POST', '/v1/events', { events })).status).toBe(200)
}

const isKnown = async (server: TestServer, shopper: string) =>
  (await server.call('POST', '/v1/decide', { shopper, preview: true })).body.personalised as boolean

const isRewritten = (server: TestServer) =>
  until(
    async () => (await server.call('GET', '/metrics')).text,
    (text) => /offerwright_erasures_pending\{[^}]*\} 0/.test(text),
    30_000,
  )

async function filesWith(folder: string, text: string): Promise<string[]> {
  const found: string[] = []
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && ((await readFile(file)).includes(text) || (await parquetHolds(file, text)))) found.push(file)
  }
  return found
}

/** Columns may be compressed, so their texts are read as well as the file's bytes. */
async function parquetHolds(file: string, text: string): Promise<boolean> {
  if (!file.endsWith('.parquet')) return false
  const db = await Database.open({ threads: 1 })
  try {
    const from = `read_parquet(${quoteText(file)})`
    const columns = await db.rows<{ column_name: string }>(`SELECT column_name FROM (DESCRIBE SELECT * FROM ${from})`)
    const anyHolds = columns.map(
      ({ column_name }) => `contains(CAST(${quoteName(column_name)} AS VARCHAR), ${quoteText(text)})`,
    )
    const [{ rows }] = await db.rows<{ rows: number }>(
      `SELECT CAST(count(*) AS DOUBLE) AS rows FROM ${from} WHERE ${anyHolds.join(' OR ')}`,
    )
    return rows > 0
  } finally {
    db.close()
  }
}

test('an erased shopper is in no file any more once the logs are rewritten and the next snapshot is published', async () => {
  const { root, log, source } = shop.folders
  let server = await serveShop(shop, { workers: 2 })
  for (const shopper of [key, other]) await act(server, shopper)
  expect([await isKnown(server, key), await isKnown(server, other)]).toEqual([true, true])
  await server.close()
  // Segments that are not written any more become Parquet.
  server = await serveShop(shop, { workers: 2 })
  for (const shopper of [key, other]) await act(server, shopper)
  await cli('import', '--from-log')
  expect((await filesWith(join(log, 'parquet'), key)).length).toBe(2)

  const erased = await server.call('DELETE', `/v1/shoppers/${encodeURIComponent(key)}`)
  expect([erased.status, erased.body]).toEqual([200, { erasedAt: expect.any(Number), logs: 'being rewritten' }])
  expect([await isKnown(server, key), await isKnown(server, other)]).toEqual([false, true])
  await isRewritten(server)
  expect((await filesWith(log, key)).every((file) => file.endsWith('.parquet'))).toBe(true)
  expect((await filesWith(log, other)).length).toBe(6)

  // The snapshot that still names the shopper is forgotten by a server that starts again on it, too.
  await server.close()
  server = await serveShop(shop)
  expect([await isKnown(server, key), await isKnown(server, other)]).toEqual([false, true])
  await server.close()

  // What the merchant exported is the merchant's own to erase; import leaves the shopper out of it all the same.
  await cli('import', '--from-log')
  await cli('train')
  await cli('publish', '--force', '--parents', '0')
  await rm(source, { recursive: true })
  expect(await filesWith(root, key)).toEqual([])
  expect((await filesWith(root, other)).length).toBeGreaterThan(3)
})

test('who comes back begins anew', async () => {
  const server = await serveShop(shop)
  await act(server, key)
  expect(await isKnown(server, key)).toBe(true)
  await server.call('DELETE', `/v1/shoppers/${encodeURIComponent(key)}`)
  await isRewritten(server)
  await act(server, key)
  expect(await isKnown(server, key)).toBe(true)
  await server.close()
  const again = await serveShop(shop)
  expect(await isKnown(again, key)).toBe(true)
  await again.close()
})

test('without a server the command erases; while one runs it refuses and says who does', async () => {
  const server = await serveShop(shop)
  const refused = await run(process.execPath, [CLI, 'erase', '--shopper', key, '--home', shop.folders.home])
  expect([refused.exitCode, refused.stderr]).toEqual([
    2,
    expect.stringMatching(/^error conflict: a server runs .*DELETE/),
  ])
  await server.close()
  const told = JSON.parse(await cli('erase', '--shopper', key, '--json'))
  expect(told.logs.erased).toBeGreaterThan(0)
  expect(await filesWith(shop.folders.log, key)).toEqual([])
})

test('what a stop of the server cut short is taken up at the next start, and read by nobody until then', async () => {
  const before = await serveShop(shop)
  await act(before, key)
  await before.close()
  expect((await filesWith(shop.folders.log, key)).length).toBeGreaterThan(0)
  Erasures.read(shop.folders.log).add(key, Date.now())
  const server = await serveShop(shop)
  expect(await isKnown(server, key)).toBe(false)
  await isRewritten(server)
  expect(await filesWith(shop.folders.log, key)).toEqual([])
  await server.close()
})

test('only an admin may erase, and only a key that can be one', async () => {
  const server = await serveShop(shop, {
    keys: [
      { name: 'a', role: 'admin', trusted: false, sha256: hashOf('a') },
      { name: 'p', role: 'publish', trusted: false, sha256: hashOf('p') },
    ],
  })
  const erase = (path: string, by: string) =>
    server.call('DELETE', `/v1/shoppers/${path}`, undefined, { 'x-api-key': by })
  expect((await erase('stranger', 'p')).body.error).toMatchObject({ code: 'forbidden' })
  expect((await erase('stranger', 'a')).status).toBe(200)
  expect((await erase('%ff', 'a')).body.error).toMatchObject({ code: 'invalid_value', field: 'key', value: '%ff' })
  expect((await erase('x'.repeat(257), 'a')).body.error).toMatchObject({ code: 'invalid_value', field: 'key' })
  const wrong = await server.call('GET', '/v1/shoppers/stranger', undefined, { 'x-api-key': 'a' })
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'DELETE'])
  await server.close()
})
