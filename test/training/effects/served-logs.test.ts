/** A server's own logs, written over sockets, and the commands a merchant runs on them. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConsideredAction, DecideAnswer } from '../../../core/contract/answers.ts'
import type { CampaignFile } from '../../../core/contract/campaigns.ts'
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { readItems, readShoppers } from '../../../training/duckdb.ts'
import { readImpressions } from '../../../training/effects/impressions.ts'
import { readReport } from '../../../training/sections.ts'
import { CLI, serveShop, type TestServer, type TrainedShop, trainShop } from '../../support/trained-shop.ts'
import { DAY_MS } from '../small-shop.ts'

const START = 1_780_000_000_000
const VISITS = 4
const SLOTS = 6
/** Of nothing that is shown, and above every tier. */
const BIG_ORDER = { kind: 'purchase', item: 'voucher', priceMinor: 9000, order: 'big' }

let shop: TrainedShop
let shoppers: string[]

beforeAll(async () => {
  shop = await trainShop()
  shoppers = (await readShoppers(shop.folders.data)).key.map(String)
  await promiseEvenly(shop.folders.campaigns)
  const server = await serveShop(shop)
  const next = splitMix32(1)
  for (let visit = 0; visit < VISITS; visit++) await visits(server, START + 8 * visit * DAY_MS, () => next() / 2 ** 32)
  // The same pages again a minute later: what was offered is kept.
  await visits(server, START + 8 * (VISITS - 1) * DAY_MS + 60_000, () => 1)
  await post(server, '/v1/events', {
    events: [{ kind: 'view', item: 'p0000000', session: 'x', time: START + 8 * VISITS * DAY_MS }],
  })
  await server.close()
})

afterAll(() => shop.remove())

/** So high a temperature that every action is about as likely. */
async function promiseEvenly(campaigns: string): Promise<void> {
  const file = JSON.parse(await readFile(campaigns, 'utf8')) as CampaignFile
  await writeFile(campaigns, JSON.stringify({ ...file, policy: { ...file.policy, temperatureMinor: 100_000 } }))
}

async function post(server: TestServer, path: string, body: object) {
  const answer = await server.call('POST', path, body)
  expect(answer.status).toBeLessThan(300)
  return answer.body
}

/**
 * Everybody comes once; of what is offered about a third is bought, of the rest a tenth. Of the promised tiers two thirds are
 * reached by an order, of the others one in twenty.
 */
async function visits(server: TestServer, time: number, uniform: () => number): Promise<void> {
  for (let from = 0; from < shoppers.length; from += 100) {
    const some = shoppers.slice(from, from + 100)
    const requests = some.map((shopper) => ({ shopper, time, slots: SLOTS, repurchase: true }))
    const { answers } = (await post(server, '/v1/decide/batch', { requests })) as { answers: DecideAnswer[] }
    const events = answers.flatMap(({ items }, i) =>
      items
        .filter(({ offer }) => uniform() < (offer === null ? 0.1 : 0.35))
        .map(({ item }) => ({ kind: 'purchase', shopper: some[i], item, time: time + 3_600_000 })),
    )
    for (const [i, { basketOffer }] of answers.entries())
      if (uniform() < (basketOffer === null ? 0.05 : 0.65))
        events.push({ ...BIG_ORDER, shopper: some[i], time: time + 7_200_000 })
    if (events.length > 0) await post(server, '/v1/events', { events })
  }
}

it('are read whole: every slot of every decision is an impression, or is counted by why it is none', async () => {
  const { data, log } = shop.folders
  const { key: items } = await readItems(data, ['key'])
  const { rows, holdout, baskets, leftOut, damaged, decisions } = await readImpressions({
    logs: log,
    shop: 'default',
    until: null,
    windowMs: 7 * DAY_MS,
    mostHeld: 1e6,
    items: items.map(String),
    shoppers,
    elasticity: new Float64Array(items.length).fill(-2),
    category: new Uint32Array(items.length),
    usualMinor: new Float32Array(items.length),
  })
  expect(damaged).toEqual({})
  expect(decisions).toBe((VISITS + 1) * shoppers.length)
  const out = Object.values(leftOut).reduce((sum, count) => sum + count, 0)
  expect(rows.bought.length + holdout.bought.length + out).toBe((VISITS + 1) * shoppers.length * SLOTS)
  expect(leftOut.kept).toBeGreaterThan(0)
  expect([leftOut.nobody, leftOut.unknown_item, leftOut.shown_twice, leftOut.not_over]).toEqual([0, 0, 0, 0])
  expect(rows.bought.length).toBeGreaterThan(1000)
  expect(holdout.bought.length).toBeGreaterThan(0)
  expect(baskets.choices).toBeGreaterThan(1000)
  expect(baskets.leftOut).toEqual({ asked_twice: 0, not_over: 0 })
  expect(Math.min(...baskets.rows.missingMinor)).toBe(4000)
})

it('are learned from by `offerwright train`, of items and of the basket', async () => {
  const { sections } = shop.folders
  await run('train', '--stage', 'response')
  const { metrics } = await readReport(sections, 'response')
  expect(metrics.decisions).toBe((VISITS + 1) * shoppers.length)
  expect(metrics.offeredBought).toBeGreaterThan(0.2)
  expect(metrics['basket.promised']).toBeGreaterThan(500)
  // Two in three against one in twenty, of which the lower price tells a part.
  expect(metrics['basket.spend_threshold.show']).toBeGreaterThan(1)
  expect(metrics['basket.spend_threshold.gainLow']).toBeGreaterThan(0)
})

it('move what a basket’s offer is expected to do in the snapshot that is published next', async () => {
  const before = await expectedOfTiers()
  await run('publish')
  const after = await expectedOfTiers()
  expect(after.map(({ discountMinor }) => discountMinor)).toEqual(before.map(({ discountMinor }) => discountMinor))
  for (const [tier, { purchaseProbability }] of after.entries())
    expect(purchaseProbability).toBeGreaterThan(before[tier].purchaseProbability + 0.1)
})

async function run(...args: string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [CLI, ...args, '--home', shop.folders.home])
}

/** Of somebody nobody knows, with an empty cart. */
async function expectedOfTiers(): Promise<ConsideredAction[]> {
  const server = await serveShop(shop)
  const asked = { session: 'nobody', time: START - DAY_MS, explain: true }
  const { basketConsidered = [] } = (await post(server, '/v1/decide', asked)) as DecideAnswer
  await server.close()
  expect(basketConsidered.length).toBe(2)
  return basketConsidered
}
