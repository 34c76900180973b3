/** Bodies that no caller means to send: broken JSON, wrong types, hostile keys, mutated bytes. Seeded. */
import fc from 'fast-check'
import type { TestServer } from './trained-shop.ts'

const PATHS = [
  '/v1/decide',
  '/v1/decide/batch',
  '/v1/recommend',
  '/v1/recommend/batch',
  '/v1/similar',
  '/v1/events',
  '/v1/items',
  '/v1/quote',
  '/v1/redemptions',
  '/v1/campaigns/none/codes',
] as const

const FIELDS = [
  'shopper',
  'session',
  'slots',
  'cart',
  'history',
  'candidates',
  'exclude',
  'filters',
  'item',
  'time',
  'events',
  'items',
  'kind',
  'quantity',
  'priceMinor',
  'explain',
  'requestId',
  'campaign',
  'decisionId',
  'discountMinor',
  'stock',
  'available',
  'minPriceMinor',
  'category',
  'where',
  'requests',
  'diversity',
  'mmr',
  'list',
  'and',
  'not',
  'attribute',
  'in',
  'min',
  '__proto__',
  'constructor',
  'toString',
  'id',
  'code',
  'codes',
  'count',
  'shoppers',
  'prefix',
  'order',
]

const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -1,
    1e308,
    2 ** 53,
    0.5,
    '',
    'view',
    'shown',
    'purchase',
    'p0000001',
    'coupon-ladder',
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string({ unit: 'binary', maxLength: 300 }),
)
const key = fc.oneof(fc.constantFrom(...FIELDS), fc.string({ maxLength: 5 }))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 6 }),
}))

const VALID = [
  '{"shopper":"s-1","slots":5,"cart":[{"item":"p0000001","quantity":2}],"explain":true}',
  '{"item":"p0000001","slots":3,"diversity":{"maxPerCategory":1,"mmr":0.5}}',
  '{"filters":{"where":{"or":[{"attribute":"colour","in":["Red"]},{"not":{"attribute":"weight","min":1}}]}}}',
  '{"list":"bought_together","item":"p0000001","cart":[{"item":"p0000002"}]}',
  '{"requests":[{"shopper":"s-1","slots":2},{"slots":-1},{"list":"popular"}]}',
  '{"events":[{"kind":"purchase","item":"p0000001","shopper":"s-1","campaign":"coupon-ladder","discountMinor":5}]}',
  '{"items":[{"item":"p0000001","stock":5,"priceMinor":100,"available":true}]}',
  '{"cart":[{"item":"p0000001","quantity":2}],"codes":["HI-RKCR2CKPTFDD","DEMO"],"shopper":"s-1"}',
  '{"id":"o-1","code":"HI-RKCR2CKPTFDD","discountMinor":5,"shopper":"s-1","order":"1"}',
  '{"count":5,"prefix":"HI","length":12,"expiresAt":"2098-01-01T00:00:00Z"}',
].map((text) => Buffer.from(text))

const mutated = fc
  .record({
    text: fc.constantFrom(...VALID),
    edits: fc.array(fc.record({ at: fc.nat(200), byte: fc.integer({ min: 0, max: 255 }), cut: fc.boolean() }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
  .map(({ text, edits }) => {
    let bytes = Buffer.from(text)
    for (const { at, byte, cut } of edits) {
      if (cut) bytes = bytes.subarray(0, at)
      else if (at < bytes.length) bytes[at] = byte
    }
    return bytes
  })

const body = fc.oneof(
  value.map((any) => Buffer.from(JSON.stringify(any))),
  fc.dictionary(fc.constantFrom(...FIELDS), value, { maxKeys: 5 }).map((any) => Buffer.from(JSON.stringify(any))),
  mutated,
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
)

const STEP = 500
const AT_ONCE = 50

/** Sends `count` bodies; answers what went wrong: statuses of 500 and more, and answers without a code. */
export async function fuzz(server: TestServer, count: number, seed: number): Promise<string[]> {
  const wrong: string[] = []
  for (let sent = 0; sent < count; sent += STEP) {
    const bodies = fc.sample(fc.tuple(fc.constantFrom(...PATHS), body), { numRuns: STEP, seed: seed + sent })
    for (let from = 0; from < STEP; from += AT_ONCE)
      wrong.push(
        ...(await Promise.all(bodies.slice(from, from + AT_ONCE).map((asked) => ask(server.port, asked)))).flat(),
      )
  }
  return wrong
}

async function ask(port: number, [path, body]: [string, Buffer]): Promise<string[]> {
  const method = path === '/v1/items' ? 'PUT' : 'POST'
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: new Uint8Array(body) })
  const text = await response.text()
  const isRight = response.status === 200 || (response.status < 500 && typeof JSON.parse(text).error.code === 'string')
  return isRight ? [] : [`${path} ${body.toString('latin1')} → ${response.status} ${text}`]
}
