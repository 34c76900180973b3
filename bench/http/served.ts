/** One measured server: a published shop, its campaigns, the requests of a scenario with their right answers. */
import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { Segment } from '../../core/snapshot/manifest.ts'
import { activateSnapshot } from '../../core/snapshot/store.ts'
import { readManifest } from '../../core/snapshot/verify.ts'
import type { AskedShop } from '../request-pool.ts'
import { liveCampaigns } from '../shop/campaigns.ts'
import { publishedShop } from '../shop/publish.ts'
import { storedShop } from '../stored-shop.ts'
import { HERE } from './checkout.ts'
import { benchHome } from './home.ts'
import { Listener } from './listener.ts'
import type { ServerSetup } from './offerwright-child.ts'
import { HTTP_SCENARIOS, type HttpScenario, type ScenarioLoad, scenarioLoad } from './scenarios.ts'
import { eitherAnswer } from './swap.ts'

export interface ServedOptions {
  /** Folder of published snapshots, whose current one is asked; absent: a synthetic shop of the size below. */
  store?: string
  items: number
  shoppers: number
  /** Absent: as many as the bench's shop has. */
  neighbours?: number
  dimensions?: number
  /** Absent: as many as the scenario has. */
  campaigns?: number
  scenario: HttpScenario
  workers: number
  seed: number
}

export interface Served extends ScenarioLoad {
  items: number
  shoppers: number
  campaigns: number
  /** Of the snapshot that serves first. */
  segment: Segment
  server: Listener<ServerSetup>
  /** Makes another snapshot current, those of a scenario with a swap in turn; the milliseconds until it answers. */
  swap(): Promise<number>
  stop(): Promise<void>
}

const POLL_MS = 50

export async function serve(options: ServedOptions, say: (line: string) => void, checkout = HERE): Promise<Served> {
  const { store, scenario, workers, seed } = options
  const shape = HTTP_SCENARIOS[scenario]
  const campaigns = options.campaigns ?? shape.campaigns
  const shops = store === undefined ? await syntheticShops(options, say) : [await onlyShop(store, scenario)]
  const [{ items, shoppers }] = shops
  say(`deciding the known answers at ${items} items`)
  const active = liveCampaigns(campaigns, shops[0])
  const loads: ScenarioLoad[] = []
  for (const shop of shops) loads.push(await scenarioLoad(scenario, shop, active, seed, checkout.openDecider))
  const home = await benchHome(active, shops.length > 1 ? null : shops[0].store)
  const activate = (shop: AskedShop) => activateSnapshot(home.store, shop.id, { time: Date.now(), by: 'hand' })
  if (shops.length > 1) {
    for (const { folder, id } of shops) await cp(folder, join(home.store, id), { recursive: true })
    await activate(shops[0])
  }
  const { manifest } = await readManifest(shops[0].folder, shops[0].id)
  const server = new Listener<ServerSetup>(checkout.server)
  await server.listen({ home: home.home, workers, isWatched: shops.length === 1 && store === undefined })
  let swaps = 0
  return {
    items,
    shoppers,
    campaigns,
    segment: manifest.segments[0],
    server,
    decisions: loads[0].decisions,
    oracle: loads[0].oracle,
    requests: requestsOf(loads),
    async swap() {
      const from = performance.now()
      const next = shops[++swaps % shops.length]
      await activate(next)
      while ((await servingSnapshot(server.port)) !== next.id) await setTimeout(POLL_MS)
      return performance.now() - from
    },
    async stop() {
      await server.stop()
      await home.remove()
    },
  }
}

async function syntheticShops(options: ServedOptions, say: (line: string) => void): Promise<AskedShop[]> {
  const { items, shoppers, neighbours, dimensions, scenario, seed } = options
  const shops: AskedShop[] = []
  for (let shop = 0; shop < (HTTP_SCENARIOS[scenario].hasSwap ? 2 : 1); shop++)
    shops.push(await publishedShop({ items, shoppers, neighbours, dimensions, seed: seed + shop }, say))
  return shops
}

async function onlyShop(store: string, scenario: HttpScenario): Promise<AskedShop> {
  if (HTTP_SCENARIOS[scenario].hasSwap)
    throw new OfferwrightError('invalid_value', 'a swap needs two shops, a store is one', {
      field: 'scenario',
      value: scenario,
    })
  return storedShop(resolve(store))
}

/** After a swap either snapshot may answer. */
function requestsOf([first, second]: ScenarioLoad[]): ScenarioLoad['requests'] {
  return second === undefined ? first.requests : { ...first.requests, ...eitherAnswer(first.requests, second.requests) }
}

async function servingSnapshot(port: number): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`)
  return ((await response.json()) as { snapshot?: string }).snapshot
}
