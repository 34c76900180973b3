import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import { benchHome } from '../../bench/http/home.ts'
import { knownAnswers } from '../../bench/http/known-answers.ts'
import { DECIDE_PATH, Listener } from '../../bench/http/listener.ts'
import type { ServerSetup } from '../../bench/http/offerwright-child.ts'
import { liveCampaigns } from '../../bench/shop/campaigns.ts'
import { publishedShop } from '../../bench/shop/publish.ts'
import { readLog } from '../../core/store/log/reader.ts'
import { shopPaths } from '../../server/config.ts'

const run = promisify(execFile)
const MAIN = fileURLToPath(new URL('../../bench/main.js', import.meta.url))
const CHILD = new URL('../../bench/listeners/child.js', import.meta.url)
const REQUESTS = 64

const ends: (() => Promise<void>)[] = []

async function rowsOf(folder: string): Promise<number> {
  let rows = 0
  await readLog(folder, 'decisions', () => rows++)
  return rows
}

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

it('both listening threads answer as the scorer does, log what they decided, and end with their process', async () => {
  const shop = await publishedShop({ items: 2000, shoppers: 500, seed: 1 }, () => {})
  const campaigns = liveCampaigns(4, shop)
  const { bodies, expected } = await knownAnswers(shop, campaigns, { scenario: 'known', seed: 1 }, REQUESTS)
  const home = await benchHome(campaigns, shop.store)
  ends.push(home.remove)
  const server = new Listener<ServerSetup>(CHILD)
  ends.push(() => server.stop())
  await server.listen({ home: home.home, workers: 2 })
  const url = `http://127.0.0.1:${server.port}${DECIDE_PATH}`
  // A connection each, so that they are dealt out to both.
  const ask = (body: string) => fetch(url, { method: 'POST', body, headers: { connection: 'close' } })
  for (const [i, body] of bodies.entries()) expect([await (await ask(body)).text()]).toEqual(expected[i])
  const { answered } = await server.usage()
  expect(answered).toEqual([REQUESTS / 2, REQUESTS / 2])
  await server.stop()
  await expect(ask(bodies[0])).rejects.toThrow()
  const { log } = shopPaths({ home: home.home, shop: 'default' })
  for (const place of [0, 1]) expect(await rowsOf(join(log, `listener-${place}`))).toBe(REQUESTS / 2)
})

it('bench topologies compares listening threads with the product, and says who answered how much', async () => {
  const size = ['--items', '2000', '--shoppers', '500', '--rounds', '1', '--seconds', '1', '--connections', '4']
  const args = [MAIN, 'topologies', ...size, '--threads', '0', '--listeners', '2', '--json']
  const report = JSON.parse((await run(process.execPath, args)).stdout)
  expect(report.topologies).toMatchObject([
    { kind: 'server', threads: 0, answeredShares: [] },
    { kind: 'listeners', threads: 2 },
  ])
  const shares: number[] = report.topologies[1].answeredShares
  expect(shares.length).toBe(2)
  expect(shares[0] + shares[1]).toBeCloseTo(1)
  for (const { closedPerSecond, open } of report.topologies) {
    expect(closedPerSecond).toBeGreaterThan(0)
    expect(open.map(({ failed }: { failed: number }) => failed)).toEqual([0, 0, 0])
  }
})

it.each([
  [['--listeners', '1,x'], /^error: .*--listeners.*A whole number/],
  [['--listeners', '300'], /^error: .*--listeners.*At most 256/],
  [['--scenario', 'events'], /^error invalid_value: invalid listeners: 1,2 /],
])('bench topologies refuses %j in one line', async (args, told) => {
  const { stderr } = await run(process.execPath, [MAIN, 'topologies', ...args]).catch((fault) => fault)
  expect(stderr).toMatch(told)
  expect(stderr.trim().split('\n').length).toBe(1)
})
