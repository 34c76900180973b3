/** One measured server: a published shop, its campaigns, the requests of a scenario with their right answers. */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Segment } from '../../core/snapshot/manifest.ts'
import { activateSnapshot } from '../../core/snapshot/store.ts'
import { readManifest } from '../../core/snapshot/verify.ts'
import { liveCampaigns } from '../shop/campaigns.ts'
import { type PublishedShop, publishedShop } from '../shop/publish.ts'
import { HERE } from './checkout.ts'
import { benchHome } from './home.ts'
import { Listener } from './listener.ts'
import type { ServerSetup } from './offerwright-child.ts'
import { HTTP_SCENARIOS, type HttpScenario, type ScenarioLoad, scenarioLoad } from './scenarios.ts'
import { eitherAnswer } from './swap.ts'

export interface ServedOptions {
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
  const { items, shoppers, neighbours, dimensions, scenario, workers, seed } = options
  const shape = HTTP_SCENARIOS[scenario]
  const campaigns = options.campaigns ?? shape.campaigns
  const shops: PublishedShop[] = []
  for (let shop = 0; shop < (shape.hasSwap ? 2 : 1); shop++)
    shops.push(await publishedShop({ items, shoppers, neighbours, dimensions, seed: seed + shop }, say))
  say(`deciding the known answers at ${items} items`)
  const active = liveCampaigns(campaigns, shops[0])
  const loads: ScenarioLoad[] = []
  for (const shop of shops) loads.push(await scenarioLoad(scenario, shop, active, seed, checkout.openDecider))
  const home = await benchHome(active, shops.length > 1 ? null : shops[0].store)
  const activate = (shop: PublishedShop) => activateSnapshot(home.store, shop.id, { time: Date.now(), by: 'hand' })
  if (shops.length > 1) {
    for (const { folder, id } of shops) await cp(folder, join(home.store, id), { recursive: true })
    await activate(shops[0])
  }
  const { manifest } = await readManifest(shops[0].folder, shops[0].id)
  const server = new Listener<ServerSetup>(checkout.server)
  await server.listen({ home: home.home, workers, isWatched: shops.length === 1 })
  let swaps = 0
  return {
    items,
    campaigns,
    segment: manifest.segments[0],
    server,
    decisions: loads[0].decisions,
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

/** After a swap either snapshot may answer. */
function requestsOf([first, second]: ScenarioLoad[]): ScenarioLoad['requests'] {
  return second === undefined ? first.requests : { ...first.requests, ...eitherAnswer(first.requests, second.requests) }
}

async function servingSnapshot(port: number): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`)
  return ((await response.json()) as { snapshot?: string }).snapshot
}
