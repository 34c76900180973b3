/**
 * How large a machine does a shop need? Three published shops, one with twice the items of the first and one with twice the
 * shoppers, tell by their differences what an item and a shopper take, in the snapshot's files and in the server's resident memory;
 * one with another worker tells what a worker takes. A load on the first tells requests a second and core.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type ColumnLayout, table } from '../cli/table.ts'
import { parseManifest } from '../core/snapshot/manifest.ts'
import { Generator } from './http/generator.ts'
import { benchHttp } from './http/http.ts'
import { measure } from './http/measure.ts'
import type { HttpScenario } from './http/scenarios.ts'
import { serve } from './http/served.ts'
import { type MemoryParts, memoryParts, renderMemory } from './memory.ts'
import { publishedShop, type ShopSize } from './shop/publish.ts'

export interface SizingBench extends ShopSize {
  seconds: number
  rounds: number
}

export interface SizingReport {
  bench: 'sizing'
  items: number
  shoppers: number
  /** Files of the snapshot, by section, largest first. */
  sections: { name: string; bytesPerItem: number; bytesPerShopper: number }[]
  diskBytesPerItem: number
  diskBytesPerShopper: number
  /** Of the server, one worker, after a second of load. */
  residentBytes: number
  memory: MemoryParts
  residentBytesPerItem: number
  residentBytesPerShopper: number
  residentBytesPerWorker: number
  /** One core's worth of CPU time over CPU time a request, closed loop. */
  throughput: { scenario: HttpScenario; cpuMicrosPerRequest: number; requestsPerCoreSecond: number }[]
}

const SCENARIOS: HttpScenario[] = ['known', 'anonymous', 'filters', 'cart', 'headline']
const CONNECTIONS = 32

export async function benchSizing(options: SizingBench, say: (line: string) => void): Promise<SizingReport> {
  const { items, shoppers, seed, dimensions } = options
  const base: ShopSize = { items, shoppers, seed, dimensions }
  const moreItems: ShopSize = { ...base, items: 2 * items }
  const moreShoppers: ShopSize = { ...base, shoppers: 2 * shoppers }
  const [small, wide, crowded] = [
    await sectionBytes(base, say),
    await sectionBytes(moreItems, say),
    await sectionBytes(moreShoppers, say),
  ]
  const names = [...wide.keys()].sort((a, b) => (wide.get(b) ?? 0) - (wide.get(a) ?? 0))
  const slope = (name: string, of: Map<string, number>, by: number) =>
    ((of.get(name) ?? 0) - (small.get(name) ?? 0)) / by
  const sections = names.map((name) => ({
    name,
    bytesPerItem: slope(name, wide, items),
    bytesPerShopper: slope(name, crowded, shoppers),
  }))
  const { rssBytes: residentBytes, memory } = await resident(base, 1, say)
  const throughput: SizingReport['throughput'] = []
  for (const scenario of SCENARIOS) throughput.push(await throughputOf(scenario, options, say))
  return {
    bench: 'sizing',
    items,
    shoppers,
    sections,
    diskBytesPerItem: sections.reduce((sum, { bytesPerItem }) => sum + bytesPerItem, 0),
    diskBytesPerShopper: sections.reduce((sum, { bytesPerShopper }) => sum + bytesPerShopper, 0),
    residentBytes,
    memory,
    residentBytesPerItem: ((await resident(moreItems, 1, say)).rssBytes - residentBytes) / items,
    residentBytesPerShopper: ((await resident(moreShoppers, 1, say)).rssBytes - residentBytes) / shoppers,
    residentBytesPerWorker: (await resident(base, 2, say)).rssBytes - residentBytes,
    throughput,
  }
}

async function sectionBytes(size: ShopSize, say: (line: string) => void): Promise<Map<string, number>> {
  const { folder } = await publishedShop(size, say)
  const { segments } = parseManifest(await readFile(join(folder, 'manifest.json')))
  return new Map(segments.flatMap(({ sections }) => sections.map(({ name, bytes }) => [name, bytes] as const)))
}

async function resident(size: ShopSize, workers: number, say: (line: string) => void) {
  const served = await serve({ ...size, scenario: 'known', workers }, say)
  const generator = new Generator()
  try {
    const shape = { connections: CONNECTIONS, seconds: 1, compareEvery: 1 }
    const { rssBytes } = await measure(served.server, generator, served.requests, shape)
    return { rssBytes, memory: memoryParts(served.segment, workers, rssBytes) }
  } finally {
    await Promise.all([generator.stop(), served.stop()])
  }
}

async function throughputOf(scenario: HttpScenario, options: SizingBench, say: (line: string) => void) {
  say(`throughput: ${scenario}`)
  const { cpuMicrosPerRequest } = await benchHttp({ ...options, scenario, workers: 1, connections: CONNECTIONS }, say)
  return { scenario, cpuMicrosPerRequest, requestsPerCoreSecond: 1e6 / cpuMicrosPerRequest }
}

const right = (title: string): ColumnLayout => ({ title, align: 'right' })

export function renderSizing(report: SizingReport): string {
  const perSection = report.sections.map(({ name, bytesPerItem, bytesPerShopper }) => [
    name,
    bytesPerItem.toFixed(1),
    bytesPerShopper.toFixed(1),
  ])
  const total = ['together', report.diskBytesPerItem.toFixed(1), report.diskBytesPerShopper.toFixed(1)]
  const perScenario = report.throughput.map(({ scenario, cpuMicrosPerRequest, requestsPerCoreSecond }) => [
    scenario,
    cpuMicrosPerRequest.toFixed(1),
    requestsPerCoreSecond.toFixed(0),
  ])
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
  return [
    `sizing: ${report.items.toLocaleString('en')} items, ${report.shoppers.toLocaleString('en')} shoppers with 20 events each`,
    ...table([{ title: 'section' }, right('bytes an item'), right('bytes a shopper')], [...perSection, total]),
    `resident: ${mb(report.residentBytes)}; ${report.residentBytesPerItem.toFixed(0)} bytes an item ` +
      `(${mb(1e6 * report.residentBytesPerItem)} a million), ${report.residentBytesPerShopper.toFixed(0)} a shopper, ` +
      `${mb(report.residentBytesPerWorker)} another worker`,
    renderMemory(report.memory),
    ...table([{ title: 'scenario' }, right('CPU µs/request'), right('requests/s and core')], perScenario),
  ].join('\n')
}
