import { afterAll, beforeAll, expect, test } from 'vitest'
import { Warming } from '../../server/generations/warming.ts'
import { BatchReader, BatchWriter, newSlab, WORK_ROUTES, type WorkRoute } from '../../server/work/messages.ts'
import { logRows } from '../support/log-text.ts'
import { serveShop, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

let shop: TrainedShop
beforeAll(async () => {
  shop = await trainShop()
})
afterAll(() => shop.remove())

function note(warming: Warming, route: WorkRoute, body: string): void {
  const writer = new BatchWriter()
  writer.add(WORK_ROUTES.indexOf(route), true, Buffer.from(body))
  warming.note(writer.sent(0))
}

/** Each different request once, in the order of the first time. */
function rehearsed(warming: Warming): string[] {
  const found: string[] = []
  for (const batch of warming.batches()) {
    const { requests } = newSlab()
    expect(batch.copyTo(requests)).toBeNull()
    const reader = new BatchReader(requests)
    for (let i = 0; i < reader.count; i++) found.push(`${reader.route(i)} ${reader.isTrusted(i)} ${reader.body(i)}`)
  }
  return [...new Set(found)]
}

const ANYBODY = 'decide false {"shopper":"warming","preview":true}'

test('what was asked last is asked again, decisions as previews', () => {
  const warming = new Warming()
  note(warming, 'decide', '{"shopper":"s","preview":false}')
  note(warming, 'recommend', '{"slots":2}')
  expect(rehearsed(warming)).toEqual([
    ANYBODY,
    'decide true {"shopper":"s","preview":true}',
    'recommend true {"slots":2}',
  ])
})

test('before anybody has asked, and after somebody was erased, it is nobody’s request', () => {
  const warming = new Warming()
  expect(rehearsed(warming)).toEqual([ANYBODY])
  note(warming, 'decide', '{"shopper":"s"}')
  warming.forget()
  expect(rehearsed(warming)).toEqual([ANYBODY])
})

test('old requests make room for new ones, and large ones are not kept', () => {
  const warming = new Warming()
  for (let slots = 1; slots <= 100; slots++) note(warming, 'recommend', `{"slots":${slots}}`)
  note(warming, 'similar', `{"item":"${'x'.repeat(20_000)}"}`)
  const kept = rehearsed(warming)
  expect(kept).toHaveLength(65)
  expect(kept).toContain('recommend true {"slots":100}')
  expect(kept).not.toContain('recommend true {"slots":36}')
})

test('a swap that asks again what was asked leaves no trace of it', async () => {
  const server = await serveShop(shop, { workers: 2 })
  const budgets = async () => (await server.call('GET', '/v1/campaigns')).body.campaigns
  for (let n = 0; n < 50; n++)
    expect((await server.call('POST', '/v1/decide', { shopper: `s${n}`, slots: 10 })).status).toBe(200)
  const before = await budgets()
  await server.call('POST', `/v1/snapshots/${shop.snapshots[0]}/activate`, '')
  await until(
    async () => (await server.call('GET', '/v1/snapshots')).body.serving as string,
    (serving) => serving === shop.snapshots[0],
    10_000,
  )
  expect(await budgets()).toEqual(before)
  await server.close()
  expect(await logRows(shop.folders.log, 'decisions')).toHaveLength(50)
})
