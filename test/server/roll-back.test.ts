import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { writeSignature } from '../../core/snapshot/signature.ts'
import { activateSnapshot } from '../../core/snapshot/store.ts'
import { usersOf } from '../../core/snapshot/users.ts'
import { readManifestBytes } from '../../core/snapshot/verify.ts'
import { WATCH } from '../../server/config.ts'
import { run } from '../support/processes.ts'
import { publishSoldOut } from '../support/spoilt-snapshot.ts'
import {
  CLI,
  copyShop,
  serveShop,
  type TestServer,
  type TrainedShop,
  trainShop,
  until,
} from '../support/trained-shop.ts'

let shop: TrainedShop

beforeAll(async () => {
  shop = await trainShop()
})
afterAll(() => shop.remove())

const ask = (server: TestServer) => server.call('POST', '/v1/decide', { shopper: 's-1', preview: true })
const serving = async (server: TestServer) => (await server.call('GET', '/readyz')).body.snapshot as string
const snapshots = async (server: TestServer) => (await server.call('GET', '/v1/snapshots')).body

async function askMany(server: TestServer, count: number): Promise<void> {
  for (let n = 0; n < count; n++) expect((await ask(server)).status).toBe(200)
}

test('a snapshot whose answers are empty is left for the one before, with the reason', async () => {
  const copy = await copyShop(shop)
  const store = copy.folders.snapshots
  const good = copy.snapshots[1]
  const server = await serveShop(copy, { watch: { ...WATCH, leastRequests: 40 } })
  await askMany(server, 50)
  const bad = await publishSoldOut(store, good)
  await activateSnapshot(store, bad, { time: 1, by: 'publish' })
  await until(
    async () => {
      await ask(server)
      return snapshots(server)
    },
    ({ serving, history }) => serving === good && history.at(-1).by === 'roll-back',
    30_000,
  )
  const { snapshots: listed, history } = await snapshots(server)
  const reason = expect.stringMatching(/^share of empty answers 1\.0000 of \d+, before 0\.0000 of \d+$/)
  expect(listed.find(({ id }: { id: string }) => id === bad)).toMatchObject({ current: false, rolledBack: reason })
  expect(history.at(-1)).toMatchObject({ id: good, from: bad, by: 'roll-back', reason })
  expect((await server.call('GET', '/metrics')).text).toContain(
    'offerwright_snapshot_roll_backs_total{shop="default"} 1',
  )
  expect((await ask(server)).body.items.length).toBeGreaterThan(0)

  // Only a hand takes it again, and is then left alone with it.
  await expect(activateSnapshot(store, bad, { time: 2, by: 'publish' })).rejects.toMatchObject({ code: 'conflict' })
  await server.call('POST', `/v1/snapshots/${bad}/activate`, '')
  await until(
    () => serving(server),
    (id) => id === bad,
    30_000,
  )
  await askMany(server, 60)
  expect(await serving(server)).toBe(bad)

  // What serves and what it would return to is noted as used, for whoever prunes.
  await activateSnapshot(store, copy.snapshots[0], { time: 3, by: 'hand' })
  await until(
    () => serving(server),
    (id) => id === copy.snapshots[0],
    30_000,
  )
  const used = [bad, copy.snapshots[0]].sort().join()
  await until(
    async () => [...(await usersOf(store)).keys()].sort().join(),
    (held) => held === used,
    30_000,
  )
  await server.close()
  expect(await usersOf(store)).toEqual(new Map())
  await copy.remove()
})

test('an operator rolls back over HTTP; without anything before it that is refused', async () => {
  const copy = await copyShop(shop)
  const server = await serveShop(copy, { watch: null })
  const { status, body } = await server.call('POST', '/v1/snapshots/roll-back', { reason: 'offers too deep' })
  expect([status, body]).toEqual([
    200,
    { current: copy.snapshots[0], rolledBack: copy.snapshots[1], reason: 'offers too deep' },
  ])
  await until(
    () => serving(server),
    (id) => id === copy.snapshots[0],
    30_000,
  )
  expect((await server.call('POST', '/v1/snapshots/roll-back', '')).body.error).toMatchObject({
    code: 'unknown_snapshot',
  })
  expect((await server.call('POST', '/v1/snapshots/roll-back', { why: 1 })).body.error).toMatchObject({
    code: 'unknown_field',
  })
  await server.close()
  await copy.remove()
})

test('while keys change a server takes snapshots of the old and of the new one, and of no other', async () => {
  const copy = await copyShop(shop)
  const [old, next, stranger] = [0, 1, 2].map(() => generateKeyPairSync('ed25519'))
  const [first, second] = copy.snapshots
  const sign = async (id: string, { privateKey }: typeof old) => {
    const folder = join(copy.folders.snapshots, id)
    await writeSignature(folder, await readManifestBytes(folder), privateKey)
  }
  await sign(second, old)
  await sign(first, next)
  const publicKeys = [old.publicKey, next.publicKey]
  const server = await serveShop(copy, { publicKeys, requireSignature: true })
  expect(await serving(server)).toBe(second)
  await server.call('POST', `/v1/snapshots/${first}/activate`, '')
  await until(
    () => serving(server),
    (id) => id === first,
    30_000,
  )
  await sign(second, stranger)
  await server.call('POST', `/v1/snapshots/${second}/activate`, '')
  await until(
    async () => (await server.call('GET', '/metrics')).text,
    (text) => text.includes('offerwright_snapshots_refused_total{shop="default"} 1'),
    30_000,
  )
  expect(await serving(server)).toBe(first)
  await server.close()
  await copy.remove()
})

test('`snapshot diff` tells what a sold-out snapshot changes for shoppers', async () => {
  const copy = await copyShop(shop)
  const bad = await publishSoldOut(copy.folders.snapshots, copy.snapshots[1])
  const args = ['snapshot', 'diff', 'current', bad, '--home', copy.folders.home]
  const told = JSON.parse((await run(process.execPath, [CLI, ...args, '--shoppers', '50', '--json'])).stdout)
  expect(told.items).toMatchObject({ added: 0, removed: 0, changed: { priceMinor: 0, available: expect.any(Number) } })
  expect(told.items.changed.available).toBeGreaterThan(0)
  expect(told.neighbours).toMatchObject({ meanOverlap: 1, changed: 0 })
  expect(told.offers.shoppers).toBeGreaterThan(10)
  expect(told.offers.before.empty).toBe(0)
  expect(told.offers.after).toEqual({ empty: told.offers.shoppers, withOffer: 0, meanDiscountMinor: 0 })
  expect((await run(process.execPath, [CLI, ...args])).stdout).toMatch(/empty answers +0\.0 % +100\.0 %/)
  await copy.remove()
})
