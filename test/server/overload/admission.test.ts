import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient } from '../../../client/index.ts'
import { logRows } from '../../support/log-text.ts'
import { postHead, RawCaller } from '../../support/raw-caller.ts'
import { type Answered, copyShop, serveShop, type TrainedShop, trainShop, until } from '../../support/trained-shop.ts'

let shop: TrainedShop

beforeAll(async () => {
  shop = await trainShop()
})
afterAll(() => shop.remove())

/** Some tens of milliseconds of work. */
const HEAVY = { requests: Array.from({ length: 100 }, () => ({ slots: 100, diversity: { mmr: 0.5 } })) }
const times = <T>(count: number, ask: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, i) => ask(i)))
const codes = (answers: Answered[]) =>
  new Set(answers.map(({ status, body }) => (status === 200 ? 200 : body.error.code)))

test('the till comes first and batches last, whoever was there before', async () => {
  const server = await serveShop(shop, { workers: 1 })
  const order: string[] = []
  const ask = async (name: string, path: string, body: object) => {
    const { status } = await server.call('POST', path, body)
    expect(status).toBe(200)
    order.push(name)
  }
  const bulk = times(8, () => ask('bulk', '/v1/decide/batch', HEAVY))
  // Sent when the first of them is answered, so seven wait already.
  await Promise.race([bulk, new Promise<void>((resolve) => setImmediate(resolve))])
  await Promise.all([
    bulk,
    ask('page', '/v1/decide', { slots: 3 }),
    ask('till', '/v1/quote', { cart: [{ item: 'p0000001' }] }),
  ])
  const place = (name: string) => order.indexOf(name)
  expect(order).toHaveLength(10)
  expect(Math.max(place('page'), place('till'))).toBeLessThan(7)
  await server.close()
})

test('past the limit requests are refused at once, with when to come again', async () => {
  const server = await serveShop(shop, { workers: 1, waitingRequests: 8 })
  const answers = await times(100, () => server.call('POST', '/v1/decide', { slots: 50 }))
  expect(codes(answers)).toEqual(new Set([200, 'overloaded']))
  for (const { status, headers } of answers)
    if (status !== 200) expect([status, headers.get('retry-after')]).toEqual([503, '1'])
  const { text } = await server.call('GET', '/metrics')
  const refused = answers.filter(({ status }) => status !== 200).length
  expect(text).toContain(`offerwright_overloaded_total{shop="default"} ${refused}`)
  expect(text).toMatch(/offerwright_lane_page_held\{shop="default"\} 0/)
  await server.close()
})

test('a request that finds its lane full is refused before its body comes, and its connection serves on', async () => {
  const server = await serveShop(shop, { workers: 1, waitingRequests: 1 })
  const body = JSON.stringify({ requests: [{ slots: 3 }] })
  const caller = new RawCaller(server.port)
  const statuses = () => [...caller.text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
  const answered = (count: number) =>
    until(
      async () => {
        await new Promise(setImmediate)
        return statuses()
      },
      ({ length }) => length === count,
      20_000,
    )
  const busy = server.call('POST', '/v1/decide/batch', HEAVY)
  await until(
    async () => (await server.call('GET', '/metrics')).text,
    (text) => /offerwright_lane_bulk_held\{shop="default"\} 1/.test(text),
    20_000,
  )
  caller.socket.write(postHead('/v1/decide/batch', body.length))
  expect(await answered(1)).toEqual(['503'])
  expect((await busy).status).toBe(200)
  // What is left of the refused request is passed over.
  caller.socket.write(body + postHead('/v1/decide/batch', body.length) + body)
  expect(await answered(2)).toEqual(['503', '200'])
  caller.end()
  await server.close()
})

test('what cannot come in time is not begun', async () => {
  const server = await serveShop(shop, { workers: 1 })
  const asked = times(4, () => server.call('POST', '/v1/decide/batch', HEAVY, { 'x-deadline-ms': '60000' }))
  const late = await times(5, () => server.call('POST', '/v1/decide/batch', HEAVY, { 'x-deadline-ms': '1' }))
  expect(codes(await asked)).toEqual(new Set([200]))
  for (const { status, body, headers } of late) {
    expect([status, body.error.code, body.error.value]).toEqual([503, 'deadline_exceeded', 1])
    expect(headers.get('retry-after')).toBe('1')
  }
  for (const header of ['0', '-1', '1.5', 'soon', '9999999']) {
    const { status, body } = await server.call('POST', '/v1/decide', {}, { 'x-deadline-ms': header })
    expect([status, body.error.code, body.error.field]).toEqual([400, 'invalid_value', 'x-deadline-ms'])
  }
  await server.close()
})

test('where it is asked for, pages get popular items without offers before they are refused, and nothing of it is logged', async () => {
  const copy = await copyShop(shop)
  const server = await serveShop(copy, { workers: 1, degrade: true, waitingRequests: 40 })
  const first = (await server.call('POST', '/v1/recommend', { list: 'popular', slots: 1 })).body.items[0].item
  const asked = { shopper: 's-1', slots: 5, exclude: [first], explain: true }
  const decided = await times(36, () => server.call('POST', '/v1/decide', asked))
  const recommended = await times(36, () => server.call('POST', '/v1/recommend', { shopper: 's-1', exclude: [first] }))
  for (const answers of [decided, recommended]) {
    expect(codes(answers)).toEqual(new Set([200]))
    const degraded = answers.filter(({ body }) => body.degraded)
    expect(degraded.length).toBeGreaterThan(0)
    expect(degraded.length).toBeLessThan(36)
    for (const { body } of degraded) {
      expect(body.personalised).toBe(false)
      expect(body.items.map(({ item }: { item: string }) => item)).not.toContain(first)
    }
  }
  for (const { body } of decided.filter(({ body }) => body.degraded))
    expect([body.basketOffer, ...body.items.map(({ offer }: { offer: object | null }) => offer)]).toEqual(
      new Array(6).fill(null),
    )
  await server.close()
  const logged = decided.filter(({ body }) => body.degraded === undefined).length
  expect(await logRows(copy.folders.log, 'decisions')).toHaveLength(logged)
  await copy.remove()
})

test('the SDK tells the server how long it waits', async () => {
  const told: unknown[] = []
  const listening = createServer((request, response) => {
    told.push(request.headers['x-deadline-ms'])
    response.end('{"items":[]}')
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => listening.once('listening', resolve))
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
  for (const timeoutMs of [5000, 1500, 900_000]) await createClient({ url, timeoutMs }).recommend({})
  expect(told).toEqual(['5000', '1500', '600000'])
  await new Promise((resolve) => {
    listening.close(resolve)
    listening.closeAllConnections()
  })
})
