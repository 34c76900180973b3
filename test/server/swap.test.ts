import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectedAnswers, SwapLoad } from '../support/swap-load.ts'
import { copyShop, serveShop, type TestServer, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

let shop: TrainedShop
let server: TestServer

beforeAll(async () => {
  shop = await trainShop()
  server = await serveShop(shop, { workers: 2 })
})
afterAll(async () => {
  await server.close()
  await shop.remove()
})

const serving = async (of = server) => (await of.call('GET', '/v1/snapshots')).body.serving as string
const activate = (id: string, of = server) => of.call('POST', `/v1/snapshots/${id}/activate`, '')

test('swaps under load lose no request, and every answer is wholly of the snapshot it names', () =>
  swapUnderLoad(shop, server))

test('so do swaps where the listening thread decides', async () => {
  const copy = await copyShop(shop)
  const alone = await serveShop(copy, { workers: 0 })
  await swapUnderLoad(copy, alone)
  await alone.close()
  await copy.remove()
})

async function swapUnderLoad(of: TrainedShop, at: TestServer): Promise<void> {
  const load = new SwapLoad(at.port, await expectedAnswers(of))
  for (let swap = 0; swap < 6; swap++) {
    const id = of.snapshots[swap % 2]
    expect((await activate(id, at)).body).toEqual({ current: id })
    await until(
      () => serving(at),
      (now) => now === id,
      10_000,
    )
  }
  const { answers, failedRequests, failures, snapshots } = await load.stop()
  expect(failures).toEqual([])
  expect(failedRequests).toBe(0)
  expect(answers).toBeGreaterThan(100)
  expect([...snapshots].sort()).toEqual([...of.snapshots].sort())
}

test('swaps while campaigns change lose no request: a batch that is asked again is still the old snapshot’s', async () => {
  const [{ id: campaign }] = JSON.parse(await readFile(shop.folders.campaigns, 'utf8')).campaigns
  const statuses = new Set<number>()
  let isOver = false
  const again = async (ask: () => Promise<{ status: number }>) => {
    while (!isOver) statuses.add((await ask()).status)
  }
  const state = (turn: number) => ({ state: turn % 2 === 0 ? 'paused' : 'live' })
  let turn = 0
  const load = [
    ...Array.from({ length: 8 }, () => again(() => server.call('POST', '/v1/recommend', { slots: 3 }))),
    again(() => server.call('POST', `/v1/campaigns/${campaign}/state`, state(turn++))),
  ]
  for (let swap = 0; swap < 8; swap++) {
    const id = shop.snapshots[swap % 2]
    await activate(id)
    await until(
      () => serving(),
      (now) => now === id,
      10_000,
    )
  }
  isOver = true
  await Promise.all(load)
  await server.call('POST', `/v1/campaigns/${campaign}/state`, { state: 'live' })
  expect([...statuses]).toEqual([200])
})

test('a snapshot with a flipped byte is refused by name while the old one serves on', async () => {
  await activate(shop.snapshots[0])
  await until(
    () => serving(),
    (now) => now === shop.snapshots[0],
    10_000,
  )
  const section = join(shop.folders.snapshots, shop.snapshots[1], 'similarity.safetensors')
  const sound = await readFile(section)
  const broken = Buffer.from(sound)
  broken[broken.length >> 1] ^= 1
  await writeFile(section, broken)
  await activate(shop.snapshots[1])
  await until(
    async () => (await server.call('GET', '/metrics')).text,
    (text) => /offerwright_snapshots_refused_total\{shop="default"\} 1/.test(text),
    5000,
  )
  expect(await serving()).toBe(shop.snapshots[0])
  expect((await server.call('POST', '/v1/decide', {})).body.snapshot).toBe(shop.snapshots[0])
  await writeFile(section, sound)
})

test('a manifest with a flipped byte cannot be activated', async () => {
  const manifest = join(shop.folders.snapshots, shop.snapshots[1], 'manifest.json')
  const sound = await readFile(manifest)
  const broken = Buffer.from(sound)
  broken[broken.length >> 1] ^= 1
  await writeFile(manifest, broken)
  const { status, body } = await activate(shop.snapshots[1])
  expect([status, body.error]).toEqual([422, expect.objectContaining({ code: 'snapshot_corrupt', field: 'manifest' })])
  await writeFile(manifest, sound)
})
