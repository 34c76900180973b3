/** From a server's own decision log to the price that a budget starts with, by the commands a merchant runs. */
import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { DecideAnswer } from '../../../core/contract/answers.ts'
import type { CampaignFile } from '../../../core/contract/campaigns.ts'
import { parseManifest } from '../../../core/snapshot/manifest.ts'
import { snapshotFolder } from '../../../core/snapshot/store.ts'
import { readManifestBytes } from '../../../core/snapshot/verify.ts'
import { readReport } from '../../../training/sections.ts'
import { CLI, serveShop, type TestServer, type TrainedShop, trainShop } from '../../support/trained-shop.ts'

const HOUR_MS = 3_600_000
/** Eight days, so that every hour of a week was watched. */
const HOURS = 8 * 24
const START = Date.now() - HOURS * HOUR_MS
const DAYS = 60

let shop: TrainedShop

const run = (...args: string[]) => promisify(execFile)(process.execPath, [CLI, ...args, '--home', shop.folders.home])

beforeAll(async () => {
  shop = await trainShop()
  await writeFile(shop.folders.campaigns, JSON.stringify(campaigns()))
  const server = await serveShop(shop)
  for (let hour = 0; hour < HOURS; hour++) await ask(server, START + hour * HOUR_MS, hour % 24 < 12 ? 1 : 3)
  await server.close()
})

afterAll(() => shop.remove())

function campaigns(): CampaignFile {
  const term = { startsAt: new Date(START).toISOString(), endsAt: new Date(START + DAYS * 24 * HOUR_MS).toISOString() }
  const coupon = { mechanism: 'coupon' as const, state: 'live' as const, ...term, ladder: [{ percentBps: 1000 }] }
  return {
    version: 1,
    currency: 'GBP',
    policy: { holdoutBps: 0, uncertaintyZ: 0, explorationFloor: 0.01 },
    campaigns: [
      { ...coupon, id: 'scarce', budgetMinor: 100, pacing: 'even' },
      { ...coupon, id: 'plenty', budgetMinor: 1_000_000_000, pacing: 'even' },
      { ...coupon, id: 'unpaced', budgetMinor: 1_000_000 },
      { ...coupon, id: 'over', endsAt: new Date(START + HOUR_MS).toISOString(), budgetMinor: 100, pacing: 'even' },
    ],
  }
}

async function ask(server: TestServer, time: number, times: number): Promise<void> {
  const requests = Array.from({ length: times }, (_, i) => ({ session: `s${i}-${time}`, time, slots: 6 }))
  const { status } = await server.call('POST', '/v1/decide/batch', { requests })
  expect(status).toBe(200)
}

it('plans the budgets that are to last, of campaigns that run, from the traffic of the log', async () => {
  await run('train', '--stage', 'allocate')
  const { metrics, model } = await readReport(shop.folders.sections, 'allocate')
  expect(metrics).toMatchObject({ requests: HOURS * 2, refused: 0, budgets: 2, scarce: 1 })
  const allocation = model?.allocation ?? {}
  expect(Object.keys(allocation).sort()).toEqual(['plenty', 'scarce'])
  expect(allocation.plenty.dualPrice).toBe(0)
  expect(allocation.scarce.dualPrice).toBeGreaterThan(0)
  const shares = allocation.scarce.hourShares ?? []
  expect(shares).toHaveLength(168)
  expect(Math.max(...shares) / Math.min(...shares)).toBeGreaterThan(1.5)
})

it('publishes the plan, and a server starts from its price', async () => {
  const { snapshots } = shop.folders
  await run('publish')
  const id = (await readFile(join(snapshots, 'CURRENT'), 'utf8')).trim()
  const { model } = parseManifest(await readManifestBytes(snapshotFolder(snapshots, id)))
  const server = await serveShop(shop)
  const { body } = await server.call('POST', '/v1/decide', { session: 'somebody', slots: 6, explain: true })
  const considered = (body as DecideAnswer).items.flatMap(({ considered }) => considered ?? [])
  const prices = considered.filter(({ campaign }) => campaign === 'scarce').map((action) => action.budgetDualPrice)
  expect(prices.length).toBeGreaterThan(0)
  expect(prices[0]).toBeCloseTo(model.allocation?.scarce.dualPrice ?? 0, 1)
  await server.close()
})

it('keeps nothing of a plan when no budget is to last any more', async () => {
  const file = campaigns()
  await writeFile(shop.folders.campaigns, JSON.stringify({ ...file, campaigns: [file.campaigns[2]] }))
  await run('train', '--stage', 'allocate')
  await expect(readReport(shop.folders.sections, 'allocate')).rejects.toMatchObject({ code: 'invalid_data' })
})
