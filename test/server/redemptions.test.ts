import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createClient } from '../../client/index.ts'
import type { QuoteAnswer, QuoteRequest } from '../../core/contract/quotes.ts'
import { portOf, run, type Started, start } from '../support/processes.ts'
import {
  CLI,
  call,
  copyShop,
  serveShop,
  type TestServer,
  type TrainedShop,
  trainShop,
} from '../support/trained-shop.ts'

const welcome = {
  id: 'welcome',
  mechanism: 'coupon',
  state: 'live',
  startsAt: '2020-01-01T00:00:00Z',
  endsAt: '2099-01-01T00:00:00Z',
  scope: 'basket',
  ladder: [{ amountMinor: 100 }],
  codes: 'single_use',
}
const policy = { holdoutBps: 0, explorationFloor: 0, temperatureMinor: 0, uncertaintyZ: 0 }
const cart = [{ item: 'none-of-the-catalogue', priceMinor: 5000 }]

let trained: TrainedShop
let shop: TrainedShop
let server: TestServer
beforeAll(async () => {
  trained = await trainShop()
})
afterAll(() => trained.remove())
beforeEach(async () => {
  shop = await copyShop(trained)
})
afterEach(async () => {
  await server.close()
  await shop.remove()
})

async function open(...campaigns: object[]): Promise<void> {
  await writeCampaigns(shop, ...campaigns)
  server = await serveShop(shop, { workers: 2 })
}

function writeCampaigns({ folders }: TrainedShop, ...campaigns: object[]): Promise<void> {
  return writeFile(folders.campaigns, JSON.stringify({ version: 1, currency: 'GBP', policy, campaigns }))
}

/** As a merchant makes them, beside the server that runs. */
async function makeCodes(...options: string[]): Promise<string[]> {
  const home = ['--home', shop.folders.home]
  const args = [CLI, 'campaigns', 'codes', 'create', '--campaign', 'welcome', ...options, ...home]
  const { stdout, stderr, exitCode } = await run(process.execPath, args)
  expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 })
  return stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(',')[0])
}

const quote = async (body: object): Promise<QuoteAnswer> =>
  (await server.call('POST', '/v1/quote', { cart, ...body })).body
const redeem = (body: object) => server.call('POST', '/v1/redemptions', { discountMinor: 100, ...body })

test('a code counts in a quote until it is redeemed, and a redemption that is sent again is answered the same', async () => {
  await open(welcome)
  const [code, spare] = await makeCodes('--count', '2', '--prefix', 'hi')
  expect(code).toMatch(/^HI-[2-9A-HJKMNP-Z]{12}$/)
  expect((await quote({})).refused).toEqual([{ campaign: 'welcome', reason: 'code_missing' }])
  const typed = code.toLowerCase().replace('-', '')
  const before = await quote({ codes: [typed, spare] })
  expect(before).toMatchObject({ discountMinor: 100, totalMinor: 4900, refused: [] })
  expect(before.codes).toEqual([
    { code: typed, campaign: 'welcome', reason: null },
    { code: spare, campaign: 'welcome', reason: 'code_not_needed' },
  ])
  const first = await redeem({ id: 'order-7', code: typed, order: '7' })
  expect(first).toMatchObject({ status: 200, body: { id: 'order-7', code, campaign: 'welcome', discountMinor: 100 } })
  const again = await redeem({ id: 'order-7', code: typed, order: '7' })
  expect({ status: again.status, text: again.text }).toEqual({ status: 200, text: first.text })
  const second = await redeem({ id: 'order-8', code })
  expect(second).toMatchObject({ status: 409, body: { error: { code: 'code_used', field: 'code', value: code } } })
  expect((await redeem({ id: 'order-7', code: spare })).body.error).toMatchObject({ code: 'conflict', field: 'id' })
  const after = await quote({ codes: [code] })
  expect(after.codes).toEqual([{ code, campaign: 'welcome', reason: 'code_used' }])
  expect(after).toMatchObject({ totalMinor: 5000, refused: [{ campaign: 'welcome', reason: 'code_used' }] })
  expect((await quote({ codes: [code, spare] })).totalMinor).toBe(4900)
})

test('a code that is unknown, over, for another shopper, or of a campaign that refuses is told apart', async () => {
  const big = { ...welcome, id: 'big', minimumSpendMinor: 9000 }
  await open(welcome, big, { ...welcome, id: 'shared', code: 'ALL', codes: undefined, group: 'shared' })
  const [code] = await makeCodes('--count', '1', '--expires', '2098-01-01T00:00:00Z')
  await writeFile(`${shop.folders.home}/keys`, 'ann\r\nbob\n')
  const [anns, bobs] = await makeCodes('--shoppers', `${shop.folders.home}/keys`)
  const [bigs] = await makeCodes('--campaign', 'big', '--count', '1')
  const reasons = async (body: Partial<QuoteRequest>) => (await quote(body)).codes.map(({ reason }) => reason)
  expect(await reasons({ codes: ['NOSUCHCODE', bigs, 'ALL'] })).toEqual(['code_unknown', 'minimum_spend', null])
  expect(await reasons({ codes: [anns], shopper: 'ann' })).toEqual([null])
  expect(await reasons({ codes: [anns], shopper: 'bob' })).toEqual(['code_reserved'])
  expect(await reasons({ codes: [anns, bobs], shopper: 'bob' })).toEqual(['code_reserved', null])
  expect(await reasons({ codes: [code], time: '2098-06-01T00:00:00Z' })).toEqual(['code_expired'])
  const refusal = async (body: object) => {
    const { status, body: answer } = await redeem(body)
    return [status, answer.error.code]
  }
  expect(await refusal({ id: '1', code: 'NOSUCHCODE' })).toEqual([404, 'code_unknown'])
  expect(await refusal({ id: '1', code: anns, shopper: 'bob' })).toEqual([409, 'code_reserved'])
  expect(await refusal({ id: '1', code, time: '2098-06-01T00:00:00Z' })).toEqual([409, 'code_expired'])
  expect(await refusal({ id: '1', code, shop: 'other' })).toEqual([404, 'unknown_shop'])
  expect(await refusal({ code })).toEqual([400, 'missing_field'])
  await server.call('POST', '/v1/campaigns/welcome/state', { state: 'paused' })
  expect(await reasons({ codes: [code] })).toEqual(['not_live'])
  expect(await refusal({ id: '1', code })).toEqual([409, 'campaign_not_live'])
})

test('the budget and the limits are those of the redemptions, whatever purchases tell, and outlive a restart', async () => {
  await open({ ...welcome, budgetMinor: 250, limits: { perShopper: 1 } })
  const [a, b, c] = await makeCodes('--count', '3')
  const purchase = { kind: 'purchase', shopper: 'ann', item: 'x', campaign: 'welcome', discountMinor: 100 }
  expect((await redeem({ id: '1', code: a, shopper: 'ann' })).status).toBe(200)
  // Lines of one order, of somebody who had no code too: redemptions alone are uses.
  await server.call('POST', '/v1/events', { events: [purchase, purchase, { ...purchase, shopper: 'bob' }] })
  expect((await redeem({ id: '2', code: b, shopper: 'ann' })).body.error.code).toBe('limit_reached')
  expect((await quote({ codes: [b], shopper: 'ann' })).codes[0].reason).toBe('limit_reached')
  await server.close()
  server = await serveShop(shop)
  expect((await quote({ codes: [b], shopper: 'bob' })).discountMinor).toBe(100)
  expect((await redeem({ id: '2', code: b, shopper: 'bob' })).status).toBe(200)
  expect((await quote({ codes: [c], shopper: 'cat' })).codes[0].reason).toBe('budget_exhausted')
  expect((await redeem({ id: '3', code: c, shopper: 'cat' })).body.error.code).toBe('budget_exhausted')
  expect((await redeem({ id: '3', code: c, shopper: 'cat', discountMinor: 50 })).status).toBe(200)
  const { stdout } = await run(process.execPath, [CLI, 'campaigns', 'list', '--json', '--home', shop.folders.home])
  expect(JSON.parse(stdout)).toMatchObject([{ id: 'welcome', remainingMinor: 0 }])
})

test('codes are made over HTTP as well, and used up by the SDK', async () => {
  await open({ ...welcome, limits: { perShopper: 3 } })
  const make = (body: object, campaign = 'welcome') => server.call('POST', `/v1/campaigns/${campaign}/codes`, body)
  const expiresAt = '2098-01-01T00:00:00Z'
  const { status, body } = await make({ shoppers: ['ann', 'bob'], prefix: 'vip', length: 15, expiresAt })
  expect(status).toBe(200)
  expect(body).toMatchObject({ campaign: 'welcome', expiresAt: Date.parse(expiresAt) })
  expect(body.codes.map(({ shopper }: { shopper: string }) => shopper)).toEqual(['ann', 'bob'])
  const [{ code }] = body.codes
  expect(code).toMatch(/^VIP-[2-9A-Z]{15}$/)
  const client = createClient({ url: `http://127.0.0.1:${server.port}` })
  const asked = { id: '1', code, discountMinor: 100, shopper: 'ann' }
  expect(await client.redeem(asked)).toMatchObject({ id: '1', code, campaign: 'welcome' })
  await expect(client.redeem({ ...asked, id: '2' })).rejects.toMatchObject({ code: 'code_used', value: code })
  expect((await make({ count: 1000 })).body.codes).toHaveLength(1000)
  const refusals: [object, string, string?][] = [
    [{}, 'missing_field'],
    [{ count: 1, shoppers: ['ann'] }, 'missing_field'],
    [{ count: 1001 }, 'invalid_value'],
    [{ count: 1, prefix: 'a b!' }, 'invalid_value'],
    [{ count: 1000, length: 8 }, 'invalid_value'],
    [{ count: 1, expiresAt: 5 }, 'invalid_value'],
    [{ count: 1 }, 'not_found', 'none'],
  ]
  for (const [request, refusal, campaign] of refusals)
    expect([request, (await make(request, campaign)).body.error.code]).toEqual([request, refusal])
})

test('over HTTP a redemption is reserved, confirmed and reversed, each answered the same when it is sent again', async () => {
  await open({ ...welcome, budgetMinor: 150 })
  const [a, b] = await makeCodes('--count', '2')
  const reserved = await redeem({ id: 'shop/1', code: a, expiresInMinutes: 30 })
  expect(reserved).toMatchObject({ status: 200, body: { state: 'reserved', expiresInMinutes: 30 } })
  expect((await redeem({ id: 'shop/1', code: a })).body.error.code).toBe('conflict')
  expect((await redeem({ id: '2', code: b })).body.error.code).toBe('budget_exhausted')
  const path = (action: string) => `/v1/redemptions/shop%2F1/${action}`
  const confirmed = await server.call('POST', path('confirm'), '')
  expect(confirmed).toMatchObject({ status: 200, body: { id: 'shop/1', state: 'confirmed' } })
  expect((await server.call('POST', path('confirm'), {})).text).toBe(confirmed.text)
  expect((await server.call('POST', path('confirm'), { x: 1 })).body.error.code).toBe('unknown_field')
  const part = await server.call('POST', path('reverse'), { id: 'refund-1', amountMinor: 60 })
  expect(part).toMatchObject({ status: 200, body: { redemption: 'shop/1', amountMinor: 60, leftMinor: 40 } })
  expect((await server.call('POST', path('reverse'), { id: 'refund-1', amountMinor: 60 })).text).toBe(part.text)
  const other = await server.call('POST', path('reverse'), { id: 'refund-1', amountMinor: 10 })
  expect([other.status, other.body.error.code]).toEqual([409, 'conflict'])
  expect((await redeem({ id: '2', code: b })).status).toBe(200)
  const client = createClient({ url: `http://127.0.0.1:${server.port}` })
  expect(await client.confirmRedemption('2')).toMatchObject({ id: '2', state: 'confirmed' })
  expect(await client.reverseRedemption('2', { id: 'refund' })).toMatchObject({ amountMinor: 100, leftMinor: 0 })
  await expect(client.confirmRedemption('none')).rejects.toMatchObject({ code: 'not_found', field: 'id' })
  const verify = await run(process.execPath, [CLI, 'ledger', 'verify', '--home', shop.folders.home])
  expect(verify).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/2 redemptions: all agree/) })
  const balances = await run(process.execPath, [CLI, 'ledger', 'balances', '--json', '--home', shop.folders.home])
  expect(JSON.parse(balances.stdout)).toContainEqual({
    campaign: 'welcome',
    slot: 'minor',
    place: 'available',
    holder: '',
    balance: 110,
  })
})

test('where the ledger cannot be written callers are told to come again, and what they ask is done then', async () => {
  await open(welcome)
  await mkdir(shop.folders.ledger)
  const { status, body } = await redeem({ id: '1', code: 'NOSUCHCODE' })
  expect([status, body.error.code]).toEqual([503, 'overloaded'])
  await rm(shop.folders.ledger, { recursive: true })
  const [code] = await makeCodes('--count', '1')
  expect((await redeem({ id: '1', code })).status).toBe(200)
})

test('a file that is no ledger is refused when a server starts', async () => {
  await writeCampaigns(shop, welcome)
  await writeFile(
    shop.folders.ledger,
    'a text of somebody else, long enough to be read as the header of a database file ...',
  )
  const { exitCode, stderr } = await run(process.execPath, [CLI, 'serve', '--port', '0', '--home', shop.folders.home])
  expect(exitCode).toBe(1)
  expect(stderr).toContain(`error environment: ${shop.folders.ledger} is no ledger: file is not a database`)
  await rm(shop.folders.ledger)
  server = await serveShop(shop)
})

test('20 requests at once with one code: one is done, 19 are refused', async () => {
  await open(welcome)
  for (const code of await makeCodes('--count', '10')) {
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => redeem({ id: `${code}-${n}`, code })))
    expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array(19).fill(409)])
    for (const { status, body } of all) if (status === 409) expect(body.error.code).toBe('code_used')
  }
  const [code] = await makeCodes('--count', '1')
  const same = await Promise.all(Array.from({ length: 20 }, () => redeem({ id: 'one', code })))
  expect(new Set(same.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
})

test('two servers, processes of their own, on one ledger: each code counts once, and the budget is one', async () => {
  const limited = { ...welcome, budgetMinor: 2000 }
  await open(limited)
  const codes = await makeCodes('--count', '30')
  const other = await copyShop(trained)
  await writeCampaigns(other, limited)
  await symlink(shop.folders.ledger, other.folders.ledger)
  const second: Started = start(process.execPath, [
    CLI,
    'serve',
    '--port',
    '0',
    '--workers',
    '1',
    '--home',
    other.folders.home,
  ])
  const ports = [server.port, await portOf(second)]
  const one = (code: string, n: number) =>
    call(ports[n % 2], 'POST', '/v1/redemptions', { id: `${code}-${n}`, code, discountMinor: 100 })
  const all = await Promise.all(
    codes.map(async (code) => ({
      code,
      answers: await Promise.all(Array.from({ length: 6 }, (_, n) => one(code, n))),
    })),
  )
  const done = all.map(({ answers }) => answers.filter(({ status }) => status === 200).length)
  second.child.kill('SIGTERM')
  await second.ended
  await other.remove()
  expect(Math.max(...done)).toBe(1)
  expect(done.reduce((sum, count) => sum + count, 0)).toBe(20)
  const refusals = new Set(all.flatMap(({ answers }) => answers.map(({ body }) => body.error?.code)))
  expect(refusals).toEqual(new Set([undefined, 'code_used', 'budget_exhausted']))
})

test('decisions offer no campaign whose codes are good once', async () => {
  const { scope: _, ...onItems } = welcome
  const shared = { ...onItems, id: 'shared', codes: undefined, code: 'ALL', ladder: [{ percentBps: 500 }] }
  await open(onItems, shared, { ...welcome, id: 'basket', minimumSpendMinor: 100 })
  const { body } = await server.call('POST', '/v1/decide', { shopper: 'somebody', slots: 20, explain: true })
  const considered = body.items.flatMap((item: { considered?: { campaign: string }[] }) => item.considered ?? [])
  expect(new Set(considered.map(({ campaign }: { campaign: string }) => campaign))).toEqual(new Set(['shared']))
  expect(body.basketReason).toBe('no_campaign')
})
