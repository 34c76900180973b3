import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import { copyShop, serveShop, type TestServer, type TrainedShop, trainShop, until } from '../support/trained-shop.ts'

let trained: TrainedShop
let shop: TrainedShop
let server: TestServer

beforeAll(async () => {
  trained = await trainShop()
})
afterAll(() => trained.remove())
beforeEach(async () => {
  shop = await copyShop(trained)
  server = await serveShop(shop, { workers: 2 })
})
afterEach(async () => {
  await server.close()
  await shop.remove()
})

const decide = async (body: object): Promise<DecideAnswer> => (await server.call('POST', '/v1/decide', body)).body
const offersOf = ({ items, basketOffer }: DecideAnswer) => ({
  items: Object.fromEntries(items.flatMap(({ item, offer }) => (offer === null ? [] : [[item, offer]]))),
  basket: basketOffer,
})

/** A session that was given an offer for an item. */
async function offered(): Promise<{ session: string; answer: DecideAnswer }> {
  let n = 0
  return until(
    async () => {
      const session = `visit-${n++}`
      return { session, answer: await decide({ session, slots: 20 }) }
    },
    ({ answer }) => answer.items.some(({ offer }) => offer !== null),
    20_000,
  )
}

test('a page that is loaded again shows the same offers, at the same time too', async () => {
  const { session, answer } = await offered()
  const again = await Promise.all(Array.from({ length: 20 }, () => decide({ session, slots: 20 })))
  for (const { items, basketOffer } of again) {
    for (const { item, offer } of answer.items.filter(({ offer }) => offer !== null)) {
      const now = items.find((decided) => decided.item === item)
      expect(now).toMatchObject({ offer, offerReason: 'kept', propensity: 1 })
    }
    if (answer.basketOffer !== null) expect(basketOffer).toEqual(answer.basketOffer)
  }
  const late = offersOf(again[19]).items
  for (const each of again)
    expect(offersOf(await decide({ session, slots: 20 })).items).toMatchObject(offersOf(each).items)
  expect(Object.keys(late).length).toBeGreaterThanOrEqual(Object.keys(offersOf(answer).items).length)
})

test('requests of a shopper who is new, all at once, are given one offer an item', async () => {
  for (let shopper = 0; shopper < 20; shopper++) {
    const answers = await Promise.all(Array.from({ length: 8 }, () => decide({ session: `new-${shopper}`, slots: 10 })))
    const final = offersOf(await decide({ session: `new-${shopper}`, slots: 10 })).items
    for (const answer of answers) expect(final).toMatchObject(offersOf(answer).items)
  }
})

test('offers outlive a restart and a new snapshot, and end when they are used', async () => {
  const { session, answer } = await offered()
  const { item, offer } = answer.items.find(({ offer }) => offer !== null) as DecideAnswer['items'][number]
  const candidates = [item]
  const now = async () => (await decide({ session, candidates })).items[0]
  await server.close()
  server = await serveShop(shop)
  expect(await now()).toMatchObject({ offer, offerReason: 'kept' })
  await server.call('POST', `/v1/snapshots/${shop.snapshots[0]}/activate`)
  await until(
    () => decide({ session, candidates, preview: true }),
    ({ snapshot }) => snapshot === shop.snapshots[0],
    10_000,
  )
  expect(await now()).toMatchObject({ offer, offerReason: 'kept' })
  const used = { kind: 'purchase', session, item, campaign: offer?.campaign, discountMinor: offer?.discountMinor }
  await server.call('POST', '/v1/events', { events: [{ ...used, decisionId: answer.decisionId }] })
  const { items } = await decide({ session, candidates, repurchase: true })
  expect(items[0].offerReason).not.toBe('kept')
})
