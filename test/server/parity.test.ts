import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LocalDecisions } from '../../cli/local-decisions.ts'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import { anyItem, fillLiveState, type Subject, tightenCampaigns } from '../support/live-content.ts'
import { copyShop, serveShop, type TestServer, type TrainedShop, trainShop } from '../support/trained-shop.ts'

const TIME = 1_800_000_000_000
const SESSIONS = Array.from({ length: 20 }, (_, n) => `visit-${n}`)

let trained: TrainedShop
let shoppers: string[]
let live: Subject[]

beforeAll(async () => {
  trained = await trainShop()
  await tightenCampaigns(trained)
  const local = await LocalDecisions.open(trained.folders, trained.snapshots[1])
  shoppers = [...local.shoppersWithHistory(1)].map(({ shopper }) => shopper)
  live = [...shoppers.slice(0, 30).map((shopper) => ({ shopper })), ...SESSIONS.map((session) => ({ session }))]
})
afterAll(() => trained.remove())

/** Half of them from subjects whose state is live. */
function requests() {
  const stranger = fc.record(
    {
      shopper: fc.oneof(fc.constantFrom(...shoppers), fc.string({ minLength: 1, maxLength: 20, unit: 'binary' })),
      session: fc.string({ minLength: 1, maxLength: 8 }),
    },
    { requiredKeys: [] },
  )
  const keys = fc.array(anyItem, { minLength: 1, maxLength: 5 })
  const asked = fc.record(
    {
      requestId: fc.uuid(),
      slots: fc.integer({ min: 1, max: 30 }),
      cart: fc.array(fc.record({ item: anyItem, quantity: fc.integer({ min: 1, max: 9 }) }), { maxLength: 3 }),
      history: fc.array(fc.record({ item: anyItem }), { maxLength: 5 }),
      exclude: keys,
      candidates: keys,
      filters: fc.record({ maxPriceMinor: fc.integer({ min: 100, max: 5000 }) }),
      explain: fc.boolean(),
      personalise: fc.boolean(),
      repurchase: fc.boolean(),
    },
    { requiredKeys: [] },
  )
  return fc
    .tuple(fc.oneof(fc.constantFrom(...live), stranger), asked)
    .map(([subject, rest]) => JSON.stringify({ ...subject, ...rest, time: TIME, preview: true }))
}

test.each([0, 1, 4])(
  '1,000 answers over HTTP are the bytes of decisions without a server, over one live state, with %i workers',
  async (workers) => {
    const shop = await copyShop(trained)
    const server = await serveShop(shop, { workers })
    await fillLiveState(server, live, TIME)
    const asked = fc.sample(requests(), { seed: 42, numRuns: 1000 })
    const answers: string[] = []
    // More at once would be more than a server takes in.
    for (let from = 0; from < asked.length; from += AT_ONCE)
      answers.push(...(await Promise.all(asked.slice(from, from + AT_ONCE).map((text) => answerOf(server, text)))))
    const local = await LocalDecisions.open(shop.folders, shop.snapshots[1])
    await server.close()
    asked.forEach((text, i) => {
      expect(answers[i]).toBe(JSON.stringify(local.decide(text, TIME)))
    })
    expectEveryState(answers.map((text) => JSON.parse(text) as DecideAnswer))
    await shop.remove()
  },
)

const AT_ONCE = 50

async function answerOf({ port }: TestServer, body: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/v1/decide`, { method: 'POST', body })).text()
}

/** Nothing would be compared by answers that no live state changes. */
function expectEveryState(answers: DecideAnswer[]): void {
  const considered = answers.flatMap(({ items }) => items.flatMap((item) => item.considered ?? []))
  const dropped = new Set(considered.map(({ droppedBy }) => droppedBy))
  expect([...dropped]).toEqual(expect.arrayContaining(['contact_cap', 'budget_exhausted', null]))
  expect(answers.some(({ items }) => items.some(({ offer }) => offer !== null))).toBe(true)
  expect(answers.some(({ personalised }) => personalised)).toBe(true)
}
