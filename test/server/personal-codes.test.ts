import { writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { LocalDecisions } from '../../cli/local-decisions.ts'
import type { DecideAnswer, DecidedItem } from '../../core/contract/answers.ts'
import { run } from '../support/processes.ts'
import { CLI, copyShop, serveShop, type TestServer, type TrainedShop, trainShop } from '../support/trained-shop.ts'

const own = {
  id: 'own',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2020-01-01T00:00:00Z',
  endsAt: '2099-01-01T00:00:00Z',
  ladder: [{ percentBps: 1000 }],
  codes: 'personal',
  budgetMinor: 1_000_000,
  limits: { total: 500 },
}
const policy = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 }

let trained: TrainedShop
let shop: TrainedShop
let server: TestServer
beforeAll(async () => {
  trained = await trainShop()
})
afterAll(() => trained.remove())
afterEach(async () => {
  await server.close()
  await shop.remove()
})

async function open(campaign: object): Promise<void> {
  shop = await copyShop(trained)
  await writeFile(
    shop.folders.campaigns,
    JSON.stringify({ version: 1, currency: 'GBP', policy, campaigns: [campaign] }),
  )
  server = await serveShop(shop, { workers: 2 })
}

const decide = async (body: object): Promise<DecideAnswer> =>
  (await server.call('POST', '/v1/decide', { slots: 20, ...body })).body
const given = ({ items }: DecideAnswer) => items.filter(({ offer }) => offer !== null)
const codesOf = (answer: DecideAnswer) => new Set(given(answer).map(({ offer }) => offer?.code))
const quote = async (body: object) => (await server.call('POST', '/v1/quote', body)).body
const redeem = (body: object) => server.call('POST', '/v1/redemptions', { confirm: true, ...body })

async function restart(): Promise<void> {
  await server.close()
  server = await serveShop(shop)
}

async function left(): Promise<{ remainingMinor: number; remainingUses: number }> {
  const { stdout } = await run(process.execPath, [CLI, 'campaigns', 'list', '--json', '--home', shop.folders.home])
  return JSON.parse(stdout)[0]
}

test('an offer carries a code of the shopper, the same on every page, in every thread and after a restart', async () => {
  await open(own)
  const ann = await decide({ shopper: 'ann' })
  expect(given(ann).length).toBeGreaterThan(0)
  expect(codesOf(ann).size).toBe(1)
  const [code] = codesOf(ann)
  expect(code).toMatch(/^[2-9A-HJKMNP-Z]{12}$/)
  const again = await Promise.all(Array.from({ length: 20 }, () => decide({ shopper: 'ann' })))
  for (const answer of again) expect(codesOf(answer)).toEqual(new Set([code]))
  expect([...codesOf(await decide({ shopper: 'bob' }))]).not.toContain(code)
  await restart()
  const back = await decide({ shopper: 'ann' })
  expect(codesOf(back)).toEqual(new Set([code]))
  expect(back.items.some(({ offerReason }) => offerReason === 'kept')).toBe(true)
  expect(given(await decide({})).length + given(await decide({ shopper: 'cat', personalise: false })).length).toBe(0)
})

test('the code is needed in a quote, is good for its shopper, once, and ends what they hold', async () => {
  await open(own)
  const answer = await decide({ shopper: 'ann' })
  const [{ item, priceMinor, offer }] = given(answer) as [DecidedItem]
  const code = offer?.code as string
  const cart = [{ item, quantity: 1 }]
  const reason = async (body: object) => (await quote({ cart, ...body })).codes[0]?.reason
  expect((await quote({ cart, shopper: 'ann' })).refused).toEqual([{ campaign: 'own', reason: 'code_missing' }])
  expect(await reason({ shopper: 'bob', codes: [code] })).toBe('code_unknown')
  const { totalMinor, promotions } = await quote({ cart, shopper: 'ann', codes: [code] })
  const [{ campaign, discountMinor }] = promotions
  expect([campaign, totalMinor]).toEqual(['own', priceMinor - discountMinor])
  const asked = { id: 'order-1', code, shopper: 'ann', discountMinor }
  expect((await redeem({ ...asked, shopper: 'bob' })).body.error.code).toBe('code_unknown')
  const all = await Promise.all(Array.from({ length: 20 }, (_, n) => redeem({ ...asked, id: `order-${n}` })))
  expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(409)])
  expect(await reason({ shopper: 'ann', codes: [code] })).toBe('code_used')
  const after = async () => given(await decide({ shopper: 'ann' })).length
  expect(await after()).toBe(0)
  await restart()
  expect(await after()).toBe(0)
  await server.close()
  expect(await left()).toMatchObject({ remainingMinor: 1_000_000 - discountMinor, remainingUses: 499 })
  server = await serveShop(shop)
})

test('codes that went out otherwise leave to offers what is held back for them', async () => {
  await open({ ...own, budgetMinor: 3000 })
  const made = (await server.call('POST', '/v1/campaigns/own/codes', { count: 2 })).body.codes
  const [{ offer }] = given(await decide({ shopper: 'ann' })) as [DecidedItem]
  const held = given(await decide({ shopper: 'ann' })).reduce(
    (sum, { offer: each }) => sum + (each?.discountMinor ?? 0),
    0,
  )
  const mailed = (id: number, discountMinor: number) => redeem({ id: `${id}`, code: made[id].code, discountMinor })
  expect((await mailed(0, 3000 - held + 1)).body.error.code).toBe('budget_exhausted')
  expect((await mailed(0, 3000 - held)).status).toBe(200)
  expect((await mailed(1, 1)).body.error.code).toBe('budget_exhausted')
  const own1 = { id: 'own', code: offer?.code, shopper: 'ann', discountMinor: offer?.discountMinor }
  expect((await redeem(own1)).status).toBe(200)
  expect((await mailed(1, held - (offer?.discountMinor ?? 0))).status).toBe(200)
  expect((await redeem({ id: 'x', code: 'NOSUCHCODE', discountMinor: 0 })).body.error.code).toBe('code_unknown')
})

test('a redemption that is answered again counts once among those of its shopper', async () => {
  await open({ ...own, limits: { perShopper: 2 } })
  const { codes } = (await server.call('POST', '/v1/campaigns/own/codes', { count: 3 })).body
  const one = (n: number) => redeem({ id: `${n}`, code: codes[n].code, shopper: 'ann', discountMinor: 5 })
  for (let again = 0; again < 3; again++) expect((await one(0)).status).toBe(200)
  const { items } = await decide({ shopper: 'bob' })
  const reason = async (n: number) =>
    (await quote({ cart: [{ item: items[0].item }], shopper: 'ann', codes: [codes[n].code] })).codes[0].reason
  expect(await reason(1)).toBeNull()
  expect((await one(1)).status).toBe(200)
  expect(await reason(2)).toBe('limit_reached')
})

test('the last offer that there is counts for its shopper, although nothing is left for others', async () => {
  await open({ ...own, limits: { total: 1 } })
  const [{ item, offer }] = given(await decide({ shopper: 'ann' })) as [DecidedItem]
  const code = offer?.code as string
  expect(given(await decide({ shopper: 'bob' }))).toEqual([])
  const { codes, discountMinor } = await quote({ cart: [{ item }], shopper: 'ann', codes: [code] })
  expect([codes[0].reason, discountMinor]).toEqual([null, offer?.discountMinor])
  expect((await redeem({ id: '1', code, shopper: 'ann', discountMinor })).status).toBe(200)
})

test('decisions without a server give the same codes', async () => {
  await open(own)
  const request = JSON.stringify({ shopper: 'ann', slots: 20, preview: true, time: 1_800_000_000_000 })
  const { text } = await server.call('POST', '/v1/decide', request)
  const local = await LocalDecisions.open(shop.folders, shop.snapshots[1])
  const answer = local.decide(request, 0)
  expect(JSON.stringify(answer)).toBe(text)
  expect(codesOf(answer).size).toBe(1)
})
