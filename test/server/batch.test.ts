import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, OfferwrightError } from '../../client/index.ts'
import { logRows } from '../support/log-text.ts'
import { serveShop, type TestServer, type TrainedShop, trainShop } from '../support/trained-shop.ts'

const TIME = 1_800_000_000_000

let shop: TrainedShop
let server: TestServer
let items: string[]

beforeAll(async () => {
  shop = await trainShop()
  server = await serveShop(shop, { workers: 2 })
  const { body } = await server.call('POST', '/v1/recommend', { slots: 20 })
  items = body.items.map(({ item }: { item: string }) => item)
})
afterAll(async () => {
  await server.close()
  await shop.remove()
})

/** A hundred different requests; some of them do not hold. */
function requests(): object[] {
  return Array.from({ length: 100 }, (_, n) => ({
    requestId: `r-${n}`,
    time: TIME,
    slots: n % 13 === 0 ? 0 : 1 + (n % 7),
    ...(n % 3 === 0 ? { cart: [{ item: items[n % 20], quantity: 2 }] } : { session: `visit-${n}` }),
    ...(n % 17 === 0 ? { item: 'nowhere' } : {}),
    ...(n % 4 === 0 ? { filters: { where: { not: { attribute: 'colour', in: ['Red'] } } } } : {}),
    ...(n % 29 === 0 ? { filters: { where: { attribute: 'size', in: ['L'] } } } : {}),
  }))
}

const single = async (path: string, request: object) => (await server.call('POST', path, request)).body

test.each(['/v1/decide', '/v1/recommend'])(
  '%s/batch answers as a hundred single calls do, refusals included',
  async (path) => {
    const asked = requests().map((request) => (path === '/v1/decide' ? { ...request, preview: true } : request))
    const { status, body } = await server.call('POST', `${path}/batch`, { requests: asked })
    expect(status).toBe(200)
    const alone = []
    for (const request of asked) alone.push(await single(path, request))
    expect(body.answers).toEqual(alone)
    const refusals = body.answers.filter((answer: object) => 'error' in answer)
    expect(refusals.length).toBeGreaterThan(10)
    expect(refusals.length).toBeLessThan(50)
  },
)

test('every decision of a batch is logged as it was asked and answered, refused ones are not', async () => {
  const asked = requests()
  const { body } = await server.call('POST', '/v1/decide/batch', { requests: asked })
  const { body: last } = await server.call('POST', '/v1/decide', { requestId: 'last', slots: 1 })
  await server.close()
  const rows = (await logRows(shop.folders.log, 'decisions')).map((line) => JSON.parse(line))
  const logged = rows.map(({ answer }) => answer).filter(({ decisionId }) => decisionId !== last.decisionId)
  const decided = body.answers.filter((answer: object) => !('error' in answer))
  expect(logged).toEqual(decided)
  expect(rows[0].request).toEqual(asked.find((_, n) => !('error' in body.answers[n])))
  server = await serveShop(shop, { workers: 2 })
})

test('the client hands answers and refusals back in their order', async () => {
  const client = createClient({ url: `http://127.0.0.1:${server.port}` })
  const [decided, refusal] = await client.decideBatch([{ slots: 2 }, { slots: 2, item: 'nowhere' }])
  expect(decided).toMatchObject({ items: [{}, {}] })
  expect(refusal).toBeInstanceOf(OfferwrightError)
  expect(refusal).toMatchObject({ code: 'unknown_item', field: 'item', value: 'nowhere' })
  const [popular] = await client.recommendBatch([{ list: 'popular', slots: 1 }])
  expect(popular).toMatchObject({ items: [{ reasons: [{ code: 'popular' }] }] })
  await expect(client.recommendBatch([])).rejects.toMatchObject({ code: 'invalid_value', field: 'requests' })
})

test('a batch may be larger than one body, and is cut off at eight times as much', async () => {
  const exclude = Array.from({ length: 1000 }, (_, n) => `not-there-${n}`)
  const asked = Array.from({ length: 30 }, () => ({ slots: 1, exclude }))
  const { status, body } = await server.call('POST', '/v1/recommend/batch', { requests: asked })
  expect([status, body.answers.length]).toEqual([200, 30])
  const more = { requests: Array.from({ length: 100 }, () => ({ slots: 1, exclude: [...exclude, 'x'.repeat(200)] })) }
  const large = JSON.stringify({ ...more, padding: 'x'.repeat(2 * 1024 * 1024) })
  const refused = await server.call('POST', '/v1/recommend/batch', large)
  expect([refused.status, refused.body.error.code]).toEqual([413, 'body_too_large'])
})
