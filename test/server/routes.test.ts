import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ApiKey, keysOfText, type Role } from '../../server/http/keys.ts'
import { RawCaller } from '../support/raw-caller.ts'
import { serveShop, type TestServer, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

let shop: TrainedShop
let server: TestServer
let item: string

beforeAll(async () => {
  shop = await trainShop()
  server = await serveShop(shop)
  item = (await server.call('POST', '/v1/recommend', { slots: 1 })).body.items[0].item
})
afterAll(async () => {
  await server.close()
  await shop.remove()
})

const post = (path: string, body: unknown) => server.call('POST', path, body)

describe('routes', () => {
  test('health and readiness answer, readiness with the snapshot that serves', async () => {
    expect((await server.call('GET', '/healthz')).body).toEqual({ status: 'ok' })
    expect((await server.call('GET', '/readyz')).body).toEqual({ status: 'ready', snapshot: shop.snapshots[1] })
  })

  test('a decision names its snapshot and gives as many items as slots', async () => {
    const { status, body } = await post('/v1/decide', { shopper: 'somebody-new', slots: 4 })
    expect(status).toBe(200)
    expect(body.snapshot).toBe(shop.snapshots[1])
    expect(body.items).toHaveLength(4)
    expect(body.decisionId).toMatch(/^[0-9a-f]{32}$/)
  })

  test('similar items never hold the item itself', async () => {
    const { body } = await post('/v1/similar', { item, slots: 20 })
    expect(body.items.length).toBeGreaterThan(0)
    expect(body.items.map((similar: { item: string }) => similar.item)).not.toContain(item)
  })

  test('a filter over attributes of the item file gives as many items as there are', async () => {
    const where = {
      and: [
        { attribute: 'colour', in: ['Blue'] },
        { not: { attribute: 'tags', in: ['consumable'] } },
        { attribute: 'weight', max: 1.5 },
      ],
    }
    const { body } = await post('/v1/recommend', { slots: 5, filters: { where } })
    expect(body.items).toHaveLength(5)
    for (const { title } of body.items) expect(title).toMatch(/^Blue /)
  })

  test('every list answers with its own reasons', async () => {
    const { body: bought } = await post('/v1/recommend', { list: 'popular', slots: 1 })
    const asked = { popular: {}, trending: {}, new: {}, bought_together: { item: bought.items[0].item } }
    for (const [list, more] of Object.entries(asked)) {
      const { status, body } = await post('/v1/recommend', { list, slots: 3, ...more })
      expect(status).toBe(200)
      expect(body.items.every(({ reasons }: { reasons: { code: string }[] }) => reasons[0].code === list)).toBe(true)
    }
    const event = { kind: 'purchase', item: bought.items[0].item, session: 'buyer' }
    await post('/v1/events', { events: [event] })
    const again = await post('/v1/recommend', { list: 'bought_again', session: 'buyer' })
    expect([again.status, again.body.items]).toEqual([200, []])
  })

  test('caps of an answer hold for decisions, recommendations and similar items', async () => {
    const diversity = { maxPerCategory: 1, maxPerBrand: 1, mmr: 0.7 }
    for (const [path, more] of [
      ['/v1/decide', {}],
      ['/v1/recommend', {}],
      ['/v1/similar', { item }],
    ] as const) {
      const { body } = await post(path, { slots: 8, diversity, ...more })
      const nouns = body.items.map(({ title }: { title: string }) => title.split(' ').slice(2, -1).join(' '))
      expect(new Set(nouns).size).toBe(8)
    }
  })

  test('metrics name the shop, the snapshot and the requests', async () => {
    const { text } = await server.call('GET', '/metrics')
    expect(text).toContain(`offerwright_snapshot_info{snapshot="${shop.snapshots[1]}",shop="default"} 1`)
    expect(text).toMatch(/offerwright_requests_total\{route="\/v1\/decide",status="200",shop="default"\} \d+/)
    expect(text).toContain('offerwright_request_seconds_bucket')
  })

  test('the list of snapshots marks the current one', async () => {
    const { body } = await server.call('GET', '/v1/snapshots')
    expect(body.serving).toBe(shop.snapshots[1])
    const marks = body.snapshots.map(({ id, current }: { id: string; current: boolean }) => [id, current])
    expect(Object.fromEntries(marks)).toEqual({ [shop.snapshots[0]]: false, [shop.snapshots[1]]: true })
  })

  test('a path that is not there is 404, a wrong method 405 with what is allowed', async () => {
    expect((await server.call('GET', '/v1/nothing')).body.error).toMatchObject({
      code: 'not_found',
      value: '/v1/nothing',
    })
    const wrong = await server.call('GET', '/v1/decide')
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
    expect(wrong.body.error).toMatchObject({ code: 'method_not_allowed', field: 'method', value: 'GET' })
  })

  test('HEAD is answered without a body, which would be taken for the next answer', async () => {
    const head = (method: string, path: string) => `${method} ${path} HTTP/1.1\r\nHost: shop\r\n\r\n`
    const caller = new RawCaller(
      server.port,
      head('HEAD', '/healthz') + head('HEAD', '/nothing') + head('GET', '/healthz'),
    )
    const text = await until(
      async () => caller.text,
      (text) => text.endsWith('}'),
      5000,
    )
    caller.end()
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 405', 'HTTP/1.1 404', 'HTTP/1.1 200'])
    expect(text.split('{').length).toBe(2)
  })
})

describe('refusals', () => {
  const refused: [string, unknown, number, object][] = [
    ['/v1/decide', '{"slots":', 400, { code: 'invalid_json' }],
    ['/v1/decide', '', 400, { code: 'invalid_json' }],
    ['/v1/decide', '[]', 400, { code: 'invalid_type' }],
    ['/v1/decide', { slots: -1 }, 400, { code: 'invalid_value', field: 'slots', value: -1 }],
    ['/v1/decide', { slots: 1.5 }, 400, { code: 'invalid_type', field: 'slots', value: 1.5 }],
    ['/v1/decide', { slot: 3 }, 400, { code: 'unknown_field', field: 'slot', value: 3 }],
    ['/v1/decide', '{"__proto__":{"slots":3}}', 400, { code: 'unknown_field', field: '__proto__' }],
    ['/v1/decide', { cart: [{ item: 'a' }, { quantity: 2 }] }, 400, { code: 'missing_field', field: 'cart[1].item' }],
    ['/v1/decide', { shopper: 5 }, 400, { code: 'invalid_type', field: 'shopper', value: 5 }],
    ['/v1/decide', { currency: 'JPY' }, 400, { code: 'currency_mismatch', field: 'currency', value: 'JPY' }],
    ['/v1/decide', { shop: 'other' }, 404, { code: 'unknown_shop', field: 'shop', value: 'other' }],
    ['/v1/decide', { item: 'nowhere' }, 404, { code: 'unknown_item', field: 'item', value: 'nowhere' }],
    ['/v1/decide', { time: 'yesterday at noon o clock' }, 400, { code: 'invalid_value', field: 'time' }],
    [
      '/v1/recommend',
      { filters: { where: { and: [{ attribute: 'colour', in: [] }] } } },
      400,
      { code: 'invalid_value', field: 'filters.where.and[0].in' },
    ],
    [
      '/v1/decide',
      { filters: { where: { attribute: 'size', min: 1 } } },
      404,
      {
        code: 'unknown_attribute',
        field: 'filters.where.attribute',
        value: 'size',
        message: 'unknown attribute: size (known: category, brand, price, colour, tags, weight)',
      },
    ],
    [
      '/v1/similar',
      `{"item":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
      400,
      { code: 'invalid_type', field: 'item' },
    ],
    [
      '/v1/recommend',
      `{"filters":{"where":${'{"not":'.repeat(20_000)}1${'}'.repeat(20_000)}}}`,
      400,
      { code: 'invalid_value' },
    ],
    ['/v1/decide', { diversity: { mmr: 1.5 } }, 400, { code: 'invalid_value', field: 'diversity.mmr', value: 1.5 }],
    ['/v1/decide/batch', { requests: [] }, 400, { code: 'invalid_value', field: 'requests' }],
    ['/v1/recommend/batch', { requests: Array(101).fill({}) }, 400, { code: 'invalid_value', field: 'requests' }],
    ['/v1/recommend/batch', {}, 400, { code: 'missing_field', field: 'requests' }],
    ['/v1/recommend', { list: 'best' }, 400, { code: 'invalid_value', field: 'list', value: 'best' }],
    ['/v1/recommend', { list: 'bought_together' }, 400, { code: 'missing_field', field: 'item' }],
    ['/v1/recommend', { list: 'bought_again' }, 400, { code: 'missing_field', field: 'shopper' }],
    ['/v1/recommend', { explain: true }, 400, { code: 'unknown_field', field: 'explain' }],
    ['/v1/similar', {}, 400, { code: 'missing_field', field: 'item' }],
    ['/v1/similar', { item: 'nowhere' }, 404, { code: 'unknown_item', field: 'item', value: 'nowhere' }],
    ['/v1/events', { events: [] }, 400, { code: 'invalid_value', field: 'events' }],
    [
      '/v1/events',
      { events: [{ kind: 'bought', item: 'a' }] },
      400,
      { code: 'invalid_value', field: 'events[0].kind' },
    ],
    ['/v1/events', { events: [{ kind: 'view' }] }, 400, { code: 'missing_field', field: 'events[0].item' }],
    ['/v1/snapshots/xyz/activate', '', 404, { code: 'unknown_snapshot', field: 'id', value: 'xyz' }],
    [`/v1/snapshots/${'0'.repeat(64)}/activate`, '', 404, { code: 'unknown_snapshot' }],
  ]
  test.each(refused)('POST %s %j answers %i %j', async (path, body, status, error) => {
    const answer = await post(path, body)
    expect(answer.body.error).toMatchObject(error)
    expect(answer.status).toBe(status)
  })

  test('bytes that are not UTF-8 are no JSON', async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/decide`, {
      method: 'POST',
      body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]),
    })
    expect([response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
      400,
      'invalid_json',
    ])
  })

  test('a body that says it is too large is refused before it is sent', async () => {
    const answer = await exchangeRaw('POST /v1/decide HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n')
    expect(answer).toContain('413 Payload Too Large')
    expect(answer).toContain('body_too_large')
  })

  test('a body without a length is cut off as soon as it is over the limit', async () => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const head = 'POST /v1/decide HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await exchangeRaw(head + chunk.repeat(5))).toContain('413 Payload Too Large')
  })
})

/** Sends bytes and reads until the server ends the connection. */
function exchangeRaw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (bytes) => {
      answer += bytes.toString()
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', (error: NodeJS.ErrnoException) => (answer ? resolve(answer) : reject(error)))
  })
}

describe('keys and roles', () => {
  const keyOf = (role: Role) => `${role}-key-0123456789`
  const fileKey: ApiKey = {
    name: 'shopfront',
    role: 'serve',
    trusted: true,
    sha256: createHash('sha256').update('trusted-key').digest(),
  }
  let guarded: TestServer

  beforeAll(async () => {
    const text = (['serve', 'publish', 'admin'] as const).map((role) => `${role}:${keyOf(role)}`).join(',')
    guarded = await serveShop(shop, { keys: [...keysOfText(text), fileKey] })
  })
  afterAll(() => guarded.close())

  const working = { none: 401, serve: 200, publish: 200, admin: 200 }
  const changing = { none: 401, serve: 403, publish: 200, admin: 200 }
  const anyKey = { none: 401, serve: 200, publish: 200, admin: 200 }
  const open = { none: 200, serve: 200, publish: 200, admin: 200 }
  const routes: [string, string, () => unknown, Record<string, number>][] = [
    ['GET', '/healthz', () => undefined, open],
    ['GET', '/readyz', () => undefined, open],
    ['GET', '/metrics', () => undefined, anyKey],
    ['GET', '/v1/snapshots', () => undefined, anyKey],
    ['POST', '/v1/decide', () => ({ slots: 1 }), working],
    ['POST', '/v1/recommend', () => ({ slots: 1 }), working],
    ['POST', '/v1/decide/batch', () => ({ requests: [{ slots: 1 }] }), working],
    ['POST', '/v1/recommend/batch', () => ({ requests: [{ slots: 1 }] }), working],
    ['POST', '/v1/similar', () => ({ item }), working],
    ['POST', '/v1/events', () => ({ events: [{ kind: 'view', item, session: 'matrix' }] }), working],
    [
      'POST',
      '/v1/redemptions',
      () => ({ id: 'matrix', code: 'none', discountMinor: 1 }),
      { none: 401, serve: 404, publish: 404, admin: 404 },
    ],
    ['POST', '/v1/redemptions/none/confirm', () => ({}), { none: 401, serve: 404, publish: 404, admin: 404 }],
    [
      'POST',
      '/v1/redemptions/none/reverse',
      () => ({ id: 'matrix' }),
      { none: 401, serve: 403, publish: 404, admin: 404 },
    ],
    ['PUT', '/v1/items', () => ({ items: [{ item, stock: 9 }] }), changing],
    ['GET', '/v1/campaigns', () => undefined, anyKey],
    ['PUT', '/v1/campaigns', () => ({ version: 1, currency: 'GBP', campaigns: [] }), changing],
    [
      'POST',
      '/v1/campaigns/none/state',
      () => ({ state: 'live' }),
      { none: 401, serve: 403, publish: 404, admin: 404 },
    ],
    ['POST', '/v1/campaigns/none/codes', () => ({ count: 1 }), { none: 401, serve: 403, publish: 404, admin: 404 }],
    ['POST', '/v1/snapshots/CURRENT/activate', () => '', changing],
    ['GET', '/v1/nothing', () => undefined, { none: 401, serve: 404, publish: 404, admin: 404 }],
    ['DELETE', '/v1/decide', () => undefined, { none: 401, serve: 405, publish: 405, admin: 405 }],
  ]
  test.each(routes)('%s %s', async (method, path, body, expected) => {
    const route = path.replace('CURRENT', shop.snapshots[1])
    for (const [role, status] of Object.entries(expected)) {
      const headers: Record<string, string> = role === 'none' ? {} : { authorization: `Bearer ${keyOf(role as Role)}` }
      expect([role, (await guarded.call(method, route, body(), headers)).status]).toEqual([role, status])
    }
  })

  test('a wrong key is nobody, and X-Api-Key is as good as Bearer', async () => {
    const wrong = await guarded.call('POST', '/v1/decide', {}, { authorization: 'Bearer wrong' })
    expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await guarded.call('POST', '/v1/decide', {}, { 'x-api-key': keyOf('serve') })).status).toBe(200)
  })

  test("a request's own time counts only with a trusted key", async () => {
    const asked = { time: 1_700_000_000_000, slots: 1 }
    const untrusted = await guarded.call('POST', '/v1/decide', asked, { 'x-api-key': keyOf('admin') })
    expect([untrusted.status, untrusted.body.error.code]).toEqual([400, 'time_not_trusted'])
    const events = { events: [{ kind: 'view', item, time: 5 }] }
    const event = await guarded.call('POST', '/v1/events', events, { 'x-api-key': keyOf('serve') })
    expect(event.body.error).toMatchObject({ code: 'time_not_trusted', field: 'events[0].time', value: 5 })
    const trusted = await guarded.call('POST', '/v1/decide', asked, { 'x-api-key': 'trusted-key' })
    expect(trusted.body.time).toBe(1_700_000_000_000)
  })
})
