/**
 * Does a snapshot swap cost a request? The real server decides under load while two snapshots take turns. Each answer
 * must be, byte for byte, what one of the two gives alone; one that is neither mixes them.
 */
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import type { DecideAnswer } from '../../core/contract/answers.ts'
import type { SnapshotId } from '../../core/contract/ids.ts'
import { activateSnapshot } from '../../core/snapshot/store.ts'
import { liveCampaigns } from '../shop/campaigns.ts'
import { publishedShop } from '../shop/publish.ts'
import { Generator } from './generator.ts'
import { benchHome } from './home.ts'
import { type KnownAnswers, knownAnswers } from './known-answers.ts'
import { DECIDE_PATH, Listener } from './listener.ts'
import type { LoadAnswer } from './load-child.ts'
import type { ServerSetup } from './offerwright-child.ts'

export interface SwapBench {
  items: number
  shoppers: number
  campaigns: number
  workers: number
  connections: number
  swaps: number
  seed: number
}

export interface SwapReport {
  bench: 'swap'
  items: number
  swaps: number
  requests: number
  failed: number
  compared: number
  mixed: number
  requestsPerSecond: number
  /** Worst of the stretches of load. */
  p99Ms: number
  /** From the move of the pointer to the first answer of the new snapshot, median and worst. */
  medianSwapMs: number
  slowestSwapMs: number
}

/** Load goes on in stretches of this length until the last swap. */
const STRETCH_SECONDS = 5
const DISTINCT_REQUESTS = 1000
const SWAP_LIMIT_MS = 120_000

export async function benchSwap(options: SwapBench, say: (line: string) => void): Promise<SwapReport> {
  const { items, shoppers, seed, campaigns, workers } = options
  const shops = [
    await publishedShop({ items, shoppers, seed }, say),
    await publishedShop({ items, shoppers, seed: seed + 1 }, say),
  ]
  const answers = await Promise.all(
    shops.map((shop) =>
      knownAnswers(shop, liveCampaigns(campaigns, shop), { scenario: 'known', seed }, DISTINCT_REQUESTS),
    ),
  )
  const home = await benchHome(liveCampaigns(campaigns, shops[0]), null)
  const server = new Listener<ServerSetup>(new URL('./offerwright-child.js', import.meta.url))
  const generator = new Generator()
  try {
    for (const { folder, id } of shops) await cp(folder, join(home.store, id), { recursive: true })
    await activateSnapshot(home.store, shops[0].id, { time: Date.now(), by: 'hand' })
    await server.listen({ home: home.home, workers })
    const swapping = new Swapping(
      home.store,
      shops.map(({ id }) => id),
      server.port,
      say,
    )
    const load = eitherAnswer(answers[0], answers[1])
    const [stretches] = await Promise.all([
      loadUntil(swapping, generator, load, { port: server.port, connections: options.connections }),
      swapping.run(options.swaps, load.bodies[0]),
    ])
    return reportOf(options, stretches, swapping.tookMs)
  } finally {
    await Promise.all([generator.stop(), server.stop()])
    await home.remove()
  }
}

/** Either snapshot may answer. */
export function eitherAnswer(first: KnownAnswers, second: KnownAnswers): KnownAnswers {
  return { bodies: first.bodies, expected: first.expected.map((texts, i) => [...texts, ...second.expected[i]]) }
}

/** Moves `CURRENT` to and fro, each time when the server answers from where it was moved to before. */
class Swapping {
  isDone = false
  readonly tookMs: number[] = []
  readonly #store: string
  readonly #ids: SnapshotId[]
  readonly #port: number
  readonly #say: (line: string) => void

  constructor(store: string, ids: SnapshotId[], port: number, say: (line: string) => void) {
    this.#store = store
    this.#ids = ids
    this.#port = port
    this.#say = say
  }

  async run(swaps: number, body: string): Promise<void> {
    try {
      for (let swap = 1; swap <= swaps; swap++) {
        const id = this.#ids[swap % this.#ids.length]
        const from = performance.now()
        await activateSnapshot(this.#store, id, { time: Date.now(), by: 'hand' })
        await this.#serving(id, body, from + SWAP_LIMIT_MS)
        this.tookMs.push(performance.now() - from)
        if (swap % 10 === 0) this.#say(`swap ${swap} of ${swaps}`)
      }
    } finally {
      this.isDone = true
    }
  }

  async #serving(id: SnapshotId, body: string, deadline: number): Promise<void> {
    while ((await this.#servedBy(body)) !== id)
      if (performance.now() > deadline) throw new Error(`snapshot ${id} does not serve after ${SWAP_LIMIT_MS} ms`)
  }

  async #servedBy(body: string): Promise<SnapshotId> {
    const response = await fetch(`http://127.0.0.1:${this.#port}${DECIDE_PATH}`, { method: 'POST', body })
    return ((await response.json()) as DecideAnswer).snapshot
  }
}

async function loadUntil(
  swapping: Swapping,
  generator: Generator,
  load: KnownAnswers,
  { port, connections }: { port: number; connections: number },
): Promise<LoadAnswer[]> {
  const requests = { ...load, path: DECIDE_PATH }
  const stretches: LoadAnswer[] = []
  while (!swapping.isDone)
    stretches.push(await generator.run(requests, { port, connections, seconds: STRETCH_SECONDS, compareEvery: 1 }))
  return stretches
}

function reportOf({ items, swaps }: SwapBench, stretches: LoadAnswer[], tookMs: number[]): SwapReport {
  const sum = (figure: (stretch: LoadAnswer) => number) => stretches.reduce((total, each) => total + figure(each), 0)
  const ordered = tookMs.toSorted((a, b) => a - b)
  return {
    bench: 'swap',
    items,
    swaps,
    requests: sum((each) => each.requests),
    failed: sum((each) => each.failed),
    compared: sum((each) => each.compared),
    mixed: sum((each) => each.wrong),
    requestsPerSecond: sum((each) => each.requests) / (stretches.length * STRETCH_SECONDS),
    p99Ms: Math.max(...stretches.map((each) => each.p99Ms)),
    medianSwapMs: ordered[ordered.length >> 1],
    slowestSwapMs: ordered.at(-1) ?? 0,
  }
}

export function renderSwap(report: SwapReport): string {
  return [
    `swap: ${report.items.toLocaleString('en')} items, ${report.swaps} swaps under load`,
    `${report.requests} requests, ${report.failed} failed; ${report.compared} answers compared, ${report.mixed} mixed`,
    `${report.requestsPerSecond.toFixed(0)} requests/s, worst p99 ${report.p99Ms.toFixed(1)} ms; a swap took ` +
      `${report.medianSwapMs.toFixed(0)} ms, the slowest ${report.slowestSwapMs.toFixed(0)} ms`,
  ].join('\n')
}
