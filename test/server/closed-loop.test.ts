import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import { CLI, serveShop, type TestServer, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

let shop: TrainedShop
let server: TestServer

beforeAll(async () => {
  shop = await trainShop()
  server = await serveShop(shop)
})
afterAll(async () => {
  await server.close()
  await shop.remove()
})

const run = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, ...args, '--home', shop.folders.home])
const decide = async (): Promise<DecideAnswer> =>
  (await server.call('POST', '/v1/decide', { shopper: 'newcomer', slots: 5, preview: true })).body

test('what a shopper did goes through log, import, training and a swap into the next answer', async () => {
  const before = await decide()
  expect(before.personalised).toBe(false)
  const [bought, viewed] = before.items.map(({ item }) => item)
  const events = [
    { id: 'loop-1', kind: 'view', item: viewed, shopper: 'newcomer' },
    { id: 'loop-2', kind: 'purchase', item: bought, shopper: 'newcomer', priceMinor: 1000 },
  ]
  expect((await server.call('POST', '/v1/events', { events })).body.accepted).toBe(2)
  // The server goes on writing while its log is read.
  await run('import', '--from-log')
  await run('train')
  await run('publish')
  const after = await until(decide, ({ snapshot }) => snapshot !== before.snapshot, 30_000)
  expect(after.personalised).toBe(true)
  expect(after.items.map(({ item }) => item)).not.toContain(bought)
  // The snapshot learned it: without its logs the server still knows what was bought.
  await server.close()
  await rm(shop.folders.log, { recursive: true })
  server = await serveShop(shop)
  expect(await decide()).toMatchObject({ snapshot: after.snapshot, personalised: true })
  expect((await decide()).items.map(({ item }) => item)).not.toContain(bought)
})
