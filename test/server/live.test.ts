import { createHash } from 'node:crypto'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { logForeignRow } from '../support/log-text.ts'
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
const topItems = async (body: object) => (await decide({ ...body, preview: true })).items.map(({ item }) => item)

async function send(...events: object[]): Promise<void> {
  const { body } = await server.call('POST', '/v1/events', { events })
  expect(body).toEqual({ accepted: events.length, unknownItems: 0, duplicates: 0 })
}

/** Resolves when the server has taken the new file over, which it must within a second. */
async function editCampaigns(edit: (file: CampaignFile) => void): Promise<void> {
  const file = JSON.parse(await readFile(shop.folders.campaigns, 'utf8')) as CampaignFile
  edit(file)
  const text = JSON.stringify(file)
  await writeFile(shop.folders.campaigns, text)
  const revision = createHash('sha256').update(text).digest('hex').slice(0, 16)
  await until(metrics, (now) => now.includes(`offerwright_campaigns_info{revision="${revision}"`), 1000)
}

const metrics = async () => (await server.call('GET', '/metrics')).text

test("an event changes that shopper's next answer and nobody else's", async () => {
  const [item] = await topItems({ session: 'mine' })
  const before = await decide({ session: 'mine' })
  await send({ kind: 'purchase', item, session: 'mine' })
  const after = await decide({ session: 'mine' })
  expect([before.personalised, after.personalised]).toEqual([false, true])
  expect(after.items.map((decided) => decided.item)).not.toContain(item)
  expect((await decide({ session: 'other' })).items[0].item).toBe(item)
})

test('live state, item changes and budgets survive a restart', async () => {
  await editCampaigns((file) => {
    for (const campaign of file.campaigns) campaign.budgetMinor = 100_000
  })
  const shopper = await until(
    () => decide({ session: `visit-${Math.trunc(performance.now())}`, slots: 5 }),
    ({ items }) => items.some(({ offer }) => offer !== null),
    10_000,
  )
  const [item, other] = shopper.items.map((decided) => decided.item)
  await send({ kind: 'view', item: other, session: 'mine' })
  await server.call('PUT', '/v1/items', { items: [{ item, available: false }] })
  const before = await decide({ session: 'mine', time: Date.now(), explain: true, preview: true })
  await server.close()
  server = await serveShop(shop)
  const after = await decide({ session: 'mine', time: before.time, explain: true, preview: true })
  expect(after).toEqual(before)
  expect(await metrics()).toMatch(/offerwright_items_changed\{shop="default"\} 1/)
})

test('a torn or foreign row in a log is passed over at the start', async () => {
  const [item] = await topItems({})
  await send({ kind: 'view', item, session: 'mine' })
  await server.close()
  await logForeignRow(shop.folders.log, 'events', 'not json')
  await appendFile(join(shop.folders.log, 'events-000002.segment'), 'torn')
  server = await serveShop(shop)
  expect((await decide({ session: 'mine' })).personalised).toBe(true)
})

test('a paused campaign gives nothing within a second, without a new snapshot', async () => {
  const offers = async (session: string) => {
    const { items, basketOffer } = await decide({ session, slots: 20 })
    return items.filter(({ offer }) => offer !== null).length + (basketOffer ? 1 : 0)
  }
  let n = 0
  await until(
    () => offers(`before-${n++}`),
    (count) => count > 0,
    10_000,
  )
  await editCampaigns((file) => {
    for (const campaign of file.campaigns) campaign.state = 'paused'
  })
  for (let i = 0; i < 20; i++) expect(await offers(`after-${i}`)).toBe(0)
})

test('a boost and a pin act within a second, in decisions and recommendations, and are told', async () => {
  const { body } = await server.call('POST', '/v1/recommend', { list: 'popular', slots: 60 })
  const [pinned, boosted] = [body.items[50].item, body.items[40].item]
  await editCampaigns((file) => {
    file.campaigns[0].pins = [{ item: pinned, slot: 2 }]
    file.campaigns[0].targets = { items: [boosted] }
    file.campaigns[0].boost = 10
  })
  const campaign = 'coupon-ladder'
  for (const path of ['/v1/decide', '/v1/recommend']) {
    const { items } = (await server.call('POST', path, { slots: 60 })).body
    expect(items[1].item).toBe(pinned)
    expect(items[1].reasons).toEqual([{ code: 'popular' }, { code: 'pinned', campaign }])
    const place = items.findIndex(({ item }: { item: string }) => item === boosted)
    expect(place).toBeLessThan(40)
    expect(items[place].reasons).toEqual([{ code: 'popular' }, { code: 'boosted', campaign }])
  }
  await server.call('PUT', '/v1/items', { items: [{ item: pinned, stock: 0 }] })
  expect(await topItems({ slots: 5 })).not.toContain(pinned)
})

test('an invalid campaign file changes nothing and is counted', async () => {
  const ask = { session: 'mine', time: Date.now(), preview: true }
  const before = await decide(ask)
  await writeFile(shop.folders.campaigns, '{"version":1,"campaigns":"none"}')
  await until(metrics, (text) => /offerwright_campaigns_refused_total\{shop="default"\} 1/.test(text), 2000)
  expect(await decide(ask)).toEqual(before)
})

test('changes of items act on the next request, and unknown items are counted', async () => {
  const [first, second] = await topItems({})
  const { body } = await server.call('PUT', '/v1/items', {
    items: [
      { item: first, stock: 0 },
      { item: second, priceMinor: 12_345 },
      { item: 'nowhere', stock: 1 },
    ],
  })
  expect(body).toEqual({ accepted: 3, unknownItems: 1 })
  const { items } = await decide({ preview: true })
  expect(items[0]).toMatchObject({ item: second, priceMinor: 12_345 })
  await server.call('PUT', '/v1/items', { items: [{ item: first, stock: null }] })
  expect((await topItems({}))[0]).toBe(first)
})

test('a budget is never promised twice, however many decide at once', async () => {
  const budgetMinor = 5000
  await editCampaigns((file) => {
    for (const campaign of file.campaigns) campaign.budgetMinor = budgetMinor
  })
  const requests = Array.from({ length: 300 }, (_, n) => ({ session: `shopper-${n}`, slots: 10 }))
  const batch = async (from: number): Promise<DecideAnswer[]> => {
    const asked = { requests: requests.slice(from, from + 100) }
    return (await server.call('POST', '/v1/decide/batch', asked)).body.answers
  }
  const singles = requests.slice(0, 100).map(decide)
  const answers = [...(await Promise.all([batch(100), batch(200)])).flat(), ...(await Promise.all(singles))]
  const promised = new Map<string, number>()
  const add = (id: string, amount: number) => promised.set(id, (promised.get(id) ?? 0) + amount)
  for (const { items, basketOffer } of answers) {
    for (const { offer } of items) if (offer) add(offer.campaign, offer.discountMinor)
    if (basketOffer) add(basketOffer.campaign, basketOffer.rewardMinor)
  }
  expect(promised.size).toBeGreaterThan(0)
  for (const amount of promised.values()) expect(amount).toBeLessThanOrEqual(budgetMinor)
})
