/** A campaign that owes a return and one with few offers, from a server's own log to what a server then promises. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ConsideredAction, DecideAnswer } from '../../../core/contract/answers.ts'
import type { CampaignFile } from '../../../core/contract/campaigns.ts'
import type { DecisionRow } from '../../../core/contract/decision-row.ts'
import type { Allocation } from '../../../core/snapshot/manifest.ts'
import { parseManifest } from '../../../core/snapshot/manifest.ts'
import { snapshotFolder } from '../../../core/snapshot/store.ts'
import { readManifestBytes } from '../../../core/snapshot/verify.ts'
import { readLog } from '../../../core/store/log/reader.ts'
import { readReport } from '../../../training/sections.ts'
import { CLI, serveShop, type TestServer, type TrainedShop, trainShop, until } from '../../support/trained-shop.ts'

const HOUR_MS = 3_600_000
const HOURS = 12
const START = Date.now() - HOURS * HOUR_MS
const DAYS = 60

let shop: TrainedShop
/** What the campaign would return without a price; the floor asks for half as much again. */
let freeReturn: number
let allocation: Allocation

const run = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, ...args, '--home', shop.folders.home])

beforeAll(async () => {
  shop = await trainShop()
  await writeFile(shop.folders.campaigns, JSON.stringify(campaigns(undefined)))
  const server = await serveShop(shop)
  const asked: Given[] = []
  for (let hour = 0; hour < HOURS; hour++) asked.push(...givenBy(await ask(server, START + hour * HOUR_MS, 8)))
  await server.close()
  freeReturn = returnOf(asked.filter(({ campaign }) => campaign === 'owing'))
  await writeFile(shop.folders.campaigns, JSON.stringify(campaigns(Math.round(1.5 * freeReturn * 10_000))))
  await run('train', '--stage', 'allocate')
  await run('publish')
  const { snapshots } = shop.folders
  const id = (await readFile(join(snapshots, 'CURRENT'), 'utf8')).trim()
  allocation = parseManifest(await readManifestBytes(snapshotFolder(snapshots, id))).model.allocation ?? {}
})

afterAll(() => shop.remove())

/** `returnFloorBps`: of the coupon. A deal stands beside it whose offers are few. */
function campaigns(returnFloorBps: number | undefined): CampaignFile {
  const term = {
    state: 'live' as const,
    startsAt: new Date(START).toISOString(),
    endsAt: new Date(START + DAYS * 24 * HOUR_MS).toISOString(),
    validMinutes: 0,
  }
  return {
    version: 1,
    currency: 'GBP',
    policy: { holdoutBps: 0, uncertaintyZ: 0, explorationFloor: 0 },
    campaigns: [
      {
        ...term,
        id: 'owing',
        mechanism: 'coupon',
        ladder: [{ percentBps: 500 }, { percentBps: 1000 }, { percentBps: 2000 }],
        returnFloorBps,
      },
      {
        ...term,
        id: 'few',
        mechanism: 'time_limited',
        ladder: [{ percentBps: 1500 }],
        pacing: 'even',
        stockSetAside: 3,
      },
    ],
  }
}

async function ask(server: TestServer, time: number, times: number): Promise<DecideAnswer[]> {
  const requests = Array.from({ length: times }, (_, i) => ({
    session: `s${i}-${time}`,
    time,
    slots: 10,
    explain: true,
  }))
  const { status, body } = await server.call('POST', '/v1/decide/batch', { requests })
  expect(status).toBe(200)
  return (body as { answers: DecideAnswer[] }).answers
}

interface Given {
  campaign: string
  costMinor: number
  marginMinor: number
}

const costOf = ({ purchaseProbability, discountMinor }: ConsideredAction) => purchaseProbability * discountMinor

/** What each offer that was given is expected to cost and to bring, as the answer explains it. */
function givenBy(answers: DecideAnswer[]): Given[] {
  return answers.flatMap(({ items }) =>
    items.flatMap(({ offer, considered = [] }) => {
      const action = considered.find(
        ({ campaign, discountMinor }) => campaign === offer?.campaign && discountMinor === offer.discountMinor,
      )
      return action === undefined
        ? []
        : [{ campaign: action.campaign, costMinor: costOf(action), marginMinor: action.incrementalMarginMinor }]
    }),
  )
}

function returnOf(given: Given[]): number {
  const sum = (of: (one: Given) => number) => given.reduce((total, one) => total + of(one), 0)
  return sum(({ marginMinor }) => marginMinor) / sum(({ costMinor }) => costMinor)
}

it('plans a price of the floor and of the offers, beside budgets that nobody has', async () => {
  const { metrics } = await readReport(shop.folders.sections, 'allocate')
  expect(metrics).toMatchObject({ budgets: 0, stocks: 1, returnFloors: 1, scarce: 2 })
  expect(allocation.owing).toMatchObject({ dualPrice: 0 })
  expect(allocation.owing.returnDualPrice).toBeGreaterThan(0)
  expect(allocation.few.stockDualPrice).toBeGreaterThan(0)
})

it('promises only what carries its return, keeps the floor over all, and says what stands in the way', async () => {
  const server = await serveShop(shop)
  const answers = await ask(server, Date.now(), 60)
  await server.close()
  const owing = answers
    .flatMap(({ items }) => items.flatMap(({ considered = [] }) => considered))
    .filter(({ campaign, droppedBy }) => campaign === 'owing' && droppedBy === null)
  const floor = 1.5 * freeReturn
  const price = owing[0].returnDualPrice
  expect(price).toBeCloseTo(allocation.owing.returnDualPrice ?? 0, 1)
  const given = givenBy(answers).filter(({ campaign }) => campaign === 'owing')
  expect(given.length).toBeGreaterThan(10)
  for (const { costMinor, marginMinor } of given)
    expect(marginMinor / costMinor).toBeGreaterThan((floor * price) / (1 + price) - 0.01)
  expect(returnOf(given)).toBeGreaterThan(0.9 * floor)
  const refused = owing.filter((action) => action.incrementalMarginMinor > 0 && action.valueMinor <= 0)
  expect(refused.length).toBeGreaterThan(0)
  for (const action of refused) {
    expect(action).toMatchObject({ bindingResource: 'return', budgetDualPrice: 0 })
    expect(action.returnDualPrice).toBeCloseTo(price, 2)
    expect(action.incrementalMarginMinor).toBeLessThan(floor * costOf(action))
  }
})

it('has the prices in the rows of its log', async () => {
  const prices: DecisionRow['campaigns'][] = []
  await readLog(shop.folders.log, 'decisions', ({ text }) => prices.push((JSON.parse(text) as DecisionRow).campaigns))
  expect(prices[0]).not.toHaveProperty('returnDualPrice')
  expect(prices.at(-1)?.returnDualPrice?.[0][0]).toBe(0)
  expect(prices.at(-1)?.stockDualPrice?.[0][0]).toBe(1)
})

it('raises the price of a floor that no plan knows, as offers fall short of it, in every worker', async () => {
  const [owing] = campaigns(Math.round(3 * freeReturn * 10_000)).campaigns
  const own = { ...owing, id: 'unplanned', startsAt: Date.now() - 1000, endsAt: Date.now() + 10 * 60_000 }
  await writeFile(shop.folders.campaigns, JSON.stringify({ ...campaigns(undefined), campaigns: [own] }))
  const server = await serveShop(shop, { workers: 2 })
  const pricesNow = async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask(server, Date.now(), 5)))
    const considered = answers.flat().flatMap(({ items }) => items.flatMap(({ considered = [] }) => considered))
    return considered.map(({ returnDualPrice }) => returnDualPrice)
  }
  const raised = await until(pricesNow, (prices) => prices.length > 0 && prices.every((price) => price > 0), 20_000)
  expect(raised.length).toBeGreaterThan(0)
  await server.close()
})
