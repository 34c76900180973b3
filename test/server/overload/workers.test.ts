import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveShop, type TrainedShop, trainShop, until } from '../../support/trained-shop.ts'
import { WorkerThreads } from '../../support/worker-threads.ts'

/** Honest work of far more than the 50 ms given: to the watchdog, when it looks in the midst of it, a worker that hangs. */
const LONG = Array.from({ length: 100 }, () => ({ slots: 100, diversity: { mmr: 0.5 } }))

let shop: TrainedShop
let threads: WorkerThreads

beforeAll(async () => {
  threads = new WorkerThreads()
  shop = await trainShop()
})
afterAll(async () => {
  threads.stop()
  await shop.remove()
})

test('a worker that is killed again and again is replaced each time, and takes only its own requests', async () => {
  const server = await serveShop(shop, { workers: 2 })
  const decide = () => server.call('POST', '/v1/decide', { shopper: 's-1', slots: 3 })
  const popular = async () => (await server.call('POST', '/v1/recommend', { list: 'popular' })).body
  const before = await popular()
  for (let kill = 0; kill < 8; kill++) {
    const asked = Array.from({ length: 20 }, decide)
    await threads.killOne()
    const answers = await Promise.all(asked)
    // One worker's batch at most: the rest is answered by the other, or by the new one.
    for (const { status, body } of answers)
      if (status !== 200) expect([status, body.error.code]).toEqual([500, 'internal'])
    await until(decide, ({ status }) => status === 200, 5000)
    await until(
      async () => threads.count,
      (count) => count >= 2,
      20_000,
    )
  }
  expect(await popular()).toEqual(before)
  await server.close()
})

test('a worker that does not come back is found and replaced; its requests fail, the next are answered', async () => {
  const server = await serveShop(shop, { workers: 1, hangMs: 50 })
  const long = await until(
    () => server.call('POST', '/v1/decide/batch', { requests: LONG }),
    ({ status }) => status !== 200,
    20_000,
  )
  expect([long.status, long.body.error?.code]).toEqual([500, 'internal'])
  await until(
    () => server.call('POST', '/v1/recommend', {}),
    ({ status }) => status === 200,
    20_000,
  )
  await server.close()
})

test('what was activated serves in the end, however many workers hang while it is opened', async () => {
  const server = await serveShop(shop, { workers: 2, hangMs: 50, watch: null })
  const serving = async () => (await server.call('GET', '/v1/snapshots')).body.serving
  for (let swap = 1; swap <= 4; swap++) {
    const id = shop.snapshots[swap % 2]
    const hanging = Array.from({ length: 6 }, () => server.call('POST', '/v1/decide/batch', { requests: LONG }))
    expect((await server.call('POST', `/v1/snapshots/${id}/activate`, '')).body).toEqual({ current: id })
    const statuses = (await Promise.all(hanging)).map(({ status }) => status)
    expect(statuses.every((status) => status === 200 || status >= 500)).toBe(true)
    await until(serving, (now) => now === id, 20_000)
    await until(
      () => server.call('POST', '/v1/decide', {}),
      ({ status, body }) => status === 200 && body.snapshot === id,
      20_000,
    )
  }
  expect(await serving()).toBe(shop.snapshots[0])
  await server.close()
})
