/** How long a server takes longer to start for each million events in its log: it rebuilds sessions and budgets from them. */
import { mkdir } from 'node:fs/promises'
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { AppendLog } from '../../core/store/log/writer.ts'
import { shopPaths } from '../../server/config.ts'
import { benchHome } from '../http/home.ts'
import { Listener } from '../http/listener.ts'
import type { ServerSetup } from '../http/offerwright-child.ts'
import { rowOf, visitorEvents } from './rows.ts'

export interface Restart {
  events: number
  secondsPerMillionEvents: number
}

export async function restartCost(file: CampaignFile, store: string, events: number, items: number): Promise<Restart> {
  const without = await startSeconds(file, store, 0, items)
  const withEvents = await startSeconds(file, store, events, items)
  return { events, secondsPerMillionEvents: ((withEvents - without) * 1e6) / events }
}

async function startSeconds(file: CampaignFile, store: string, events: number, items: number): Promise<number> {
  const home = await benchHome(file, store)
  const server = new Listener<ServerSetup>(new URL('../http/offerwright-child.js', import.meta.url))
  try {
    await writeLog(shopPaths({ home: home.home, shop: 'default' }).log, events, items)
    const startedAt = performance.now()
    await server.listen({ home: home.home, workers: 1 })
    return (performance.now() - startedAt) / 1000
  } finally {
    await server.stop()
    await home.remove()
  }
}

async function writeLog(folder: string, events: number, items: number): Promise<void> {
  await mkdir(folder, { recursive: true })
  const failed = (error: Error) => {
    throw error
  }
  const kind = { type: 1, schemaVersion: 1, ack: 'durable' } as const
  const log = await AppendLog.open({ folder, name: 'events', ...kind, onError: failed })
  const now = Date.now()
  for (const event of visitorEvents(events, items, 1)) log.append(rowOf(event, now))
  await log.close()
}
