/**
 * What does a decision over HTTP cost, beside the least that a JSON API costs? The real server and a bare handler run
 * at the same time and take the same load in turn, round by round; the ratio is the median over rounds of their CPU
 * time a request. The load has a process of its own, closed loop.
 * A wrong answer among those compared is an error, not a figure.
 */
import type { Scenario } from '../requests.ts'
import { liveCampaigns } from '../shop/campaigns.ts'
import { publishedShop } from '../shop/publish.ts'
import { median } from '../statistics.ts'
import type { BareSetup } from './bare-child.ts'
import { Child } from './child.ts'
import { benchHome } from './home.ts'
import { knownAnswers } from './known-answers.ts'
import { DECIDE_PATH, Listener } from './listener.ts'
import type { LoadAnswer, LoadQuestion } from './load-child.ts'
import { measure, type Round } from './measure.ts'
import type { ServerSetup } from './offerwright-child.ts'

export interface HttpBench {
  items: number
  shoppers: number
  campaigns: number
  scenario: Scenario
  workers: number
  connections: number
  /** Of each round at each server. */
  seconds: number
  rounds: number
  seed: number
}

export interface HttpReport {
  bench: 'http'
  scenario: Scenario
  items: number
  shoppers: number
  campaigns: number
  workers: number
  connections: number
  ratioToBare: number
  cpuMicrosPerRequest: number
  bareCpuMicrosPerRequest: number
  requestsPerSecond: number
  bareRequestsPerSecond: number
  p50Ms: number
  p99Ms: number
  requests: number
  failed: number
  compared: number
  wrong: number
}

const DISTINCT_REQUESTS = 4000
const COMPARE_EVERY = 16

export async function benchHttp(options: HttpBench, say: (line: string) => void): Promise<HttpReport> {
  const { items, shoppers, seed, campaigns, workers } = options
  const shop = await publishedShop({ items, shoppers, seed }, say)
  const file = liveCampaigns(campaigns, shop)
  const load = await knownAnswers(shop, file, options, DISTINCT_REQUESTS)
  const home = await benchHome(file, shop.store)
  const server = new Listener<ServerSetup>(new URL('./offerwright-child.js', import.meta.url))
  const bare = new Listener<BareSetup>(new URL('./bare-child.js', import.meta.url))
  const generator = new Child<LoadQuestion, LoadAnswer>(new URL('./load-child.js', import.meta.url))
  try {
    await server.listen({ home: home.home, workers })
    await bare.listen({ path: DECIDE_PATH, answers: load.expected.map(([text]) => JSON.parse(text) as object) })
    const rounds: { server: Round; bare: Round }[] = []
    for (let round = 0; round <= options.rounds; round++) {
      say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`)
      rounds.push({
        server: await measure(server, generator, { ...load, ...loadShape(options) }),
        bare: await measure(bare, generator, { bodies: load.bodies, ...loadShape(options) }),
      })
    }
    return reportOf(options, rounds.slice(1))
  } finally {
    await Promise.all([generator.stop(), server.stop(), bare.stop()])
    await home.remove()
  }
}

const loadShape = ({ connections, seconds }: HttpBench) => ({
  connections,
  seconds,
  compareEvery: COMPARE_EVERY,
  path: DECIDE_PATH,
})

function reportOf(options: HttpBench, rounds: { server: Round; bare: Round }[]): HttpReport {
  const { scenario, items, shoppers, campaigns, workers, connections } = options
  const middle = (figure: (round: { server: Round; bare: Round }) => number) => median(rounds.map(figure))
  const sum = (figure: (round: Round) => number) => rounds.reduce((total, { server }) => total + figure(server), 0)
  const wrong = sum((round) => round.wrong)
  if (wrong > 0) throw new Error(`${wrong} of ${sum((round) => round.compared)} compared answers are wrong: no figures`)
  return {
    bench: 'http',
    scenario,
    items,
    shoppers,
    campaigns,
    workers,
    connections,
    ratioToBare: middle(({ server, bare }) => server.cpuMicrosPerRequest / bare.cpuMicrosPerRequest),
    cpuMicrosPerRequest: middle(({ server }) => server.cpuMicrosPerRequest),
    bareCpuMicrosPerRequest: middle(({ bare }) => bare.cpuMicrosPerRequest),
    requestsPerSecond: middle(({ server }) => server.requestsPerSecond),
    bareRequestsPerSecond: middle(({ bare }) => bare.requestsPerSecond),
    p50Ms: middle(({ server }) => server.p50Ms),
    p99Ms: middle(({ server }) => server.p99Ms),
    requests: sum((round) => round.requests),
    failed: sum((round) => round.failed),
    compared: sum((round) => round.compared),
    wrong,
  }
}

export function renderHttp(report: HttpReport): string {
  const line = (name: string, cpu: number, perSecond: number) =>
    `${name.padEnd(14)} ${cpu.toFixed(1).padStart(9)} ${perSecond.toFixed(0).padStart(12)}`
  return [
    `http: ${report.items.toLocaleString('en')} items, ${report.campaigns} campaigns, ${report.scenario} shoppers, ` +
      `${report.workers} worker(s), ${report.connections} connections, closed loop`,
    `${report.requests} requests, ${report.failed} failed; ${report.compared} answers compared, ${report.wrong} wrong`,
    'CPU µs/request requests/s'.padStart(38),
    line('offerwright', report.cpuMicrosPerRequest, report.requestsPerSecond),
    line('bare handler', report.bareCpuMicrosPerRequest, report.bareRequestsPerSecond),
    `latency p50 ${report.p50Ms.toFixed(2)} ms, p99 ${report.p99Ms.toFixed(2)} ms`,
    `CPU a request to the bare handler's: ${report.ratioToBare.toFixed(2)}×`,
  ].join('\n')
}
