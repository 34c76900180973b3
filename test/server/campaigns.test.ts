import { readFile, writeFile } from 'node:fs/promises'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { copyShop, serveShop, type TestServer, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

const coupon = {
  id: 'spring',
  mechanism: 'coupon',
  state: 'draft',
  startsAt: '2020-01-01T00:00:00Z',
  endsAt: '2099-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }],
  validMinutes: 0,
}
const policy = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 }
const file = (...campaigns: object[]) => ({ version: 1, currency: 'GBP', policy, campaigns })

let trained: TrainedShop
let shop: TrainedShop
let server: TestServer
beforeAll(async () => {
  trained = await trainShop()
  return () => trained.remove()
})
async function open() {
  shop = await copyShop(trained)
  server = await serveShop(shop)
}
afterEach(async () => {
  await server.close()
  await shop.remove()
})

const put = (body: unknown, headers?: Record<string, string>) => server.call('PUT', '/v1/campaigns', body, headers)
const move = (id: string, state: string) => server.call('POST', `/v1/campaigns/${id}/state`, { state })
const offered = async () => {
  const { body } = await server.call('POST', '/v1/decide', { shopper: 'somebody', slots: 10 })
  return body.items.filter((item: { offer?: { campaign: string } | null }) => item.offer?.campaign === 'spring').length
}

test('a campaign goes from draft over live and paused to ended, and is offered only while it is live', async () => {
  await open()
  expect((await put(file(coupon))).body.file.campaigns).toEqual([coupon])
  expect(await offered()).toBe(0)
  expect((await move('spring', 'paused')).body.error).toMatchObject({ code: 'conflict', field: 'state' })
  expect((await move('spring', 'live')).status).toBe(200)
  expect(await offered()).toBeGreaterThan(0)
  expect((await move('spring', 'paused')).body).toMatchObject({ id: 'spring', state: 'paused' })
  expect((await move('spring', 'paused')).status).toBe(200)
  expect(await offered()).toBe(0)
  expect((await move('spring', 'ended')).status).toBe(200)
  expect((await move('spring', 'live')).status).toBe(409)
  expect((await move('winter', 'live')).body.error).toMatchObject({ code: 'not_found', value: 'winter' })
  expect((await move('spring', 'soon')).body.error).toMatchObject({ code: 'invalid_value', field: 'state' })
})

test('a file is taken over whole and survives a restart, or is refused with all its faults and changes nothing', async () => {
  await open()
  const { revision } = (await put(file({ ...coupon, state: 'live' }))).body
  const refused = await put(file({ ...coupon, endsAt: coupon.startsAt }, coupon))
  expect(refused.status).toBe(422)
  expect(refused.body.error.faults.map(({ field }: { field: string }) => field)).toEqual([
    'campaigns[0].endsAt',
    'campaigns[1].id',
  ])
  expect((await put('{')).body.error.code).toBe('invalid_json')
  await server.close()
  server = await serveShop(shop)
  const { body } = await server.call('GET', '/v1/campaigns')
  expect(body).toEqual({ revision, file: file({ ...coupon, state: 'live' }) })
  expect(await offered()).toBeGreaterThan(0)
})

test('a change to an older revision is refused; one of many at once is', async () => {
  await open()
  const { revision } = (await server.call('GET', '/v1/campaigns')).body
  const both = await Promise.all(['a', 'b'].map((id) => put(file({ ...coupon, id }), { 'if-match': revision })))
  expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
})

test('a state is not changed over a file that was written by hand and is refused', async () => {
  await open()
  await put(file(coupon))
  const edited = JSON.stringify(file({ ...coupon, ladder: [] }))
  await writeFile(shop.folders.campaigns, edited)
  const { status, body } = await move('spring', 'live')
  expect(status).toBe(409)
  expect(body.error).toMatchObject({ code: 'conflict', field: 'campaigns' })
  expect(body.error.faults[0].field).toContain('campaigns[0].ladder')
  expect(await readFile(shop.folders.campaigns, 'utf8')).toBe(edited)
  expect((await put(file(coupon))).status).toBe(200)
  expect((await move('spring', 'live')).status).toBe(200)
})

test('a file is checked without serving it: every fault, or every doubt', async () => {
  await open()
  const check = (body: unknown) => server.call('POST', '/v1/campaigns/check', body)
  const doubtful = await check(file({ ...coupon, targets: { brands: ['Nobody'] } }, { ...coupon, id: 'again' }))
  expect(doubtful.body).toMatchObject({ campaigns: 2, faults: [] })
  expect(doubtful.body.warnings.map(({ field }: { field: string }) => field)).toEqual([
    'campaigns[0].targets.brands[0]',
    'campaigns[0].targets',
  ])
  const faulty = await check({ ...file({ ...coupon, endsAt: coupon.startsAt }), currency: 'CNY' })
  expect(faulty.body.faults.map(({ field }: { field: string }) => field)).toEqual(['currency', 'campaigns[0].endsAt'])
  expect((await check('{')).body.error.code).toBe('invalid_json')
  expect((await server.call('GET', '/v1/campaigns')).body.file.campaigns).not.toContainEqual(coupon)
})

test('what is written by hand is served too, after what was put', async () => {
  await open()
  await put(file(coupon))
  expect(JSON.parse(await readFile(shop.folders.campaigns, 'utf8'))).toEqual(file(coupon))
  await writeFile(shop.folders.campaigns, JSON.stringify(file({ ...coupon, state: 'paused', priority: 3 })))
  expect((await move('spring', 'live')).status).toBe(200)
  expect((await server.call('GET', '/v1/campaigns')).body.file.campaigns[0].priority).toBe(3)
  await writeFile(shop.folders.campaigns, JSON.stringify(file({ ...coupon, state: 'paused' })))
  expect(await until(offered, (count) => count === 0, 10_000)).toBe(0)
  await writeFile(shop.folders.campaigns, JSON.stringify(file({ ...coupon, state: 'live' })))
  expect(await until(offered, (count) => count > 0, 10_000)).toBeGreaterThan(0)
})
