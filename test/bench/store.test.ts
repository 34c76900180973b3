import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Random } from '../../bench/random.ts'
import { refuseUnaskable, visitorRequests } from '../../bench/requests.ts'
import { storedShop } from '../../bench/stored-shop.ts'
import { type TrainedShop, trainShop } from '../support/trained-shop.ts'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
const LOAD = ['--rounds', '1', '--seconds', '1', '--connections', '4']

describe('bench http --store', () => {
  let trained: TrainedShop
  beforeAll(async () => {
    trained = await trainShop()
  }, 120_000)
  afterAll(() => trained.remove())

  const bench = (...options: string[]) =>
    run(process.execPath, [MAIN, 'http', '--store', trained.folders.snapshots, ...LOAD, '--json', ...options])

  it.each(['headline', 'events'])('asks a trained shop, its answers known: %s', async (scenario) => {
    const report = JSON.parse((await bench('--scenario', scenario)).stdout)
    expect(report).toMatchObject({ store: trained.folders.snapshots, items: 300, scenario, failed: 0, wrong: 0 })
    expect(report.shoppers).toBeLessThanOrEqual(400)
    expect(report.compared).toBeGreaterThan(0)
    expect(report.oracle).toMatchObject({ answers: 50, offers: 50 })
    expect(report.oracle.rankings).toBeGreaterThan(0)
    expect(report.oracle.historyItems).toBeGreaterThan(1)
    expect(report.memory.tablesBytes).toBeLessThan(report.rssBytes)
  })

  it('draws keys of the shop itself, the popular ones and long histories more often', async () => {
    const shop = await storedShop(trained.folders.snapshots)
    expect(visitorRequests(shop, 'anonymous', 20, 5)).toEqual(visitorRequests(shop, 'anonymous', 20, 5))
    const pool = shop.pool(new Random(1))
    const items = new Set(Array.from({ length: shop.items }, (_, item) => shop.itemKey(item)))
    for (const key of [...pool.visit(20), ...pool.popular(3)]) expect(items).toContain(key)
    expect(new Set(pool.visit(20)).size).toBe(20)
    const asked = Array.from({ length: 2000 }, () => pool.shopper())
    const times = (key: string) => asked.filter((other) => other === key).length
    const counts = [...new Set(asked)].map(times)
    expect(Math.max(...counts)).toBeGreaterThan((5 * asked.length) / shop.shoppers)
    for (const { filters } of visitorRequests(shop, 'filters', 50, 5)) {
      expect(shop.categories).toEqual(expect.arrayContaining(filters?.category as string[]))
      expect(filters?.minPriceMinor).toBeLessThan(filters?.maxPriceMinor as number)
    }
  })

  it('tells in one line what the snapshot lacks', async () => {
    const shop = await storedShop(trained.folders.snapshots)
    expect(() => refuseUnaskable({ ...shop, categories: [] }, 'filters')).toThrow(/no categories to ask about/)
    expect(() => refuseUnaskable({ ...shop, shoppers: 0 }, 'known')).toThrow(/no shoppers to ask about/)
    expect(() => refuseUnaskable({ ...shop, shoppers: 0 }, 'anonymous')).not.toThrow()
    await expect(bench('--scenario', 'swap')).rejects.toMatchObject({
      code: 2,
      stderr: 'error invalid_value: a swap needs two shops, a store is one (scenario, "swap")\n',
    })
    await expect(bench('--items', '100')).rejects.toMatchObject({ stderr: expect.stringContaining('--items') })
    await expect(run(process.execPath, [MAIN, 'http', '--store', trained.folders.data])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^error invalid_value: no current snapshot .*\n$/),
    })
  })
})
