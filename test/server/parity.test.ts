import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocalDecisions } from '../../cli/local-decisions.ts'
import { serveShop, type TrainedShop, trainShop } from '../support/trained-shop.ts'

let shop: TrainedShop
let local: LocalDecisions
let shoppers: string[]

beforeAll(async () => {
  shop = await trainShop()
  local = await LocalDecisions.open(shop.folders, shop.snapshots[1])
  shoppers = [...local.shoppersWithHistory(1)].map(({ shopper }) => shopper)
})
afterAll(() => shop.remove())

const item = fc.integer({ min: 0, max: 310 }).map((n) => `p${String(n).padStart(7, '0')}`)
const keys = fc.array(item, { minLength: 1, maxLength: 5 })

function requests() {
  return fc.record(
    {
      shopper: fc.oneof(fc.constantFrom(...shoppers), fc.string({ minLength: 1, maxLength: 20, unit: 'binary' })),
      session: fc.string({ minLength: 1, maxLength: 8 }),
      requestId: fc.uuid(),
      slots: fc.integer({ min: 1, max: 30 }),
      cart: fc.array(fc.record({ item, quantity: fc.integer({ min: 1, max: 9 }) }), { maxLength: 3 }),
      history: fc.array(fc.record({ item }), { maxLength: 5 }),
      exclude: keys,
      candidates: keys,
      filters: fc.record({ maxPriceMinor: fc.integer({ min: 100, max: 5000 }) }),
      explain: fc.boolean(),
      personalise: fc.boolean(),
      repurchase: fc.boolean(),
    },
    { requiredKeys: [] },
  )
}

test.each([1, 4])(
  'answers over HTTP are the bytes of a decision without a server, with %i workers',
  async (workers) => {
    const server = await serveShop(shop, { workers })
    const asked = fc.sample(requests(), { seed: 42, numRuns: 500 })
    const time = 1_800_000_000_000
    const answers = await Promise.all(
      asked.map(async (request) => {
        const text = JSON.stringify({ ...request, time, preview: true })
        const response = await fetch(`http://127.0.0.1:${server.port}/v1/decide`, { method: 'POST', body: text })
        return { text, answer: await response.text() }
      }),
    )
    await server.close()
    for (const { text, answer } of answers) expect(answer).toBe(JSON.stringify(local.decide(text, time)))
  },
)
