/**
 * What does a decision cost, and how does that grow with the catalogue? `decide()` in this process, at several sizes
 * in turn, so that whatever else the machine does meets all of them. The cost of a size is its cheapest round, the
 * growth is the median over rounds of the largest to the smallest size in that round. At the largest size also what a full
 * blend of sources costs, in units of a bare HTTP handler's request.
 */
import type { DecideRequest } from '../core/contract/requests.ts'
import { BlendCost, type BlendFigures, RECOMMEND_PATH, renderBlend } from './blended.ts'
import { Decider } from './decider.ts'
import { withBareHandler } from './http/bare.ts'
import { type Scenario, visitorRequests } from './requests.ts'
import { liveCampaigns } from './shop/campaigns.ts'
import { publishedShop } from './shop/publish.ts'
import { median, quantile } from './statistics.ts'

export interface DecideBench {
  items: number[]
  shoppers: number
  /** Absent: as many as the bench's shop has. */
  neighbours?: number
  campaigns: number
  scenario: Scenario
  rounds: number
  /** In each round at each size. */
  decisions: number
  /** Of load at the bare handler, in each round. */
  seconds: number
  seed: number
}

export interface DecideFigures {
  items: number
  cpuMicrosPerDecision: number
  p50Micros: number
  p99Micros: number
}

export interface DecideReport extends BlendFigures {
  bench: 'decide'
  scenario: Scenario
  campaigns: number
  checked: number
  wrong: 0
  sizes: DecideFigures[]
  /** Largest size over smallest, CPU. */
  growth: number
}

/** Answers checked at each size before anything is timed. */
const CHECKED = 50
const DISTINCT_REQUESTS = 20_000
/** Requests and answers that the bare handler takes in turn, and its connections. */
const BARE = { requests: 1000, connections: 32 }

export async function benchDecide(options: DecideBench, say: (line: string) => void): Promise<DecideReport> {
  const contenders: Contender[] = []
  for (const items of options.items) contenders.push(await contender(options, items, say))
  const largest = contenders[contenders.length - 1]
  const blend = new BlendCost(largest.decider.generation, largest.requests, largest.time)
  blend.check(CHECKED)
  await withBareHandler(bareLoad(blend, options.seconds), async (bareCpuMicros) => {
    for (let round = 0; round <= options.rounds; round++) {
      for (const each of contenders) runRound(each, options.decisions, round === 0)
      await blend.round(round, options.decisions, bareCpuMicros)
    }
  })
  const growths = contenders[0].cpuMicros.map((cpu, round) => largest.cpuMicros[round] / cpu)
  return {
    bench: 'decide',
    scenario: options.scenario,
    campaigns: options.campaigns,
    checked: CHECKED * (contenders.length + 2),
    wrong: 0,
    sizes: contenders.map(figuresOf),
    growth: median(growths),
    ...blend.figures(),
  }
}

function bareLoad(blend: BlendCost, seconds: number) {
  const requests = blend.requests.slice(0, BARE.requests)
  return {
    path: RECOMMEND_PATH,
    bodies: requests.map((request) => JSON.stringify(request)),
    answers: requests.map((request) => blend.answer(request)),
    connections: BARE.connections,
    seconds,
  }
}

interface Contender {
  items: number
  decider: Decider
  requests: DecideRequest[]
  /** The time that requests are made at. */
  time: number
  next: number
  /** Of each round. */
  cpuMicros: number[]
  p50Micros: number[]
  p99Micros: number[]
}

async function contender(options: DecideBench, items: number, say: (line: string) => void): Promise<Contender> {
  const { shoppers, neighbours, seed, campaigns, scenario } = options
  const shop = await publishedShop({ items, shoppers, neighbours, seed }, say)
  say(`opening ${items} items`)
  const decider = await Decider.open(shop, liveCampaigns(campaigns, shop))
  const requests = visitorRequests(shop, scenario, DISTINCT_REQUESTS, seed)
  decider.check(requests.slice(0, CHECKED))
  return { items, decider, requests, time: shop.time, next: 0, cpuMicros: [], p50Micros: [], p99Micros: [] }
}

/** The first round only warms up. */
function runRound(contender: Contender, decisions: number, warming: boolean): void {
  const micros = new Float64Array(decisions)
  const before = process.cpuUsage()
  for (let i = 0; i < decisions; i++) {
    const request = contender.requests[contender.next++ % contender.requests.length]
    const from = performance.now()
    contender.decider.decide(request)
    micros[i] = 1000 * (performance.now() - from)
  }
  const { user, system } = process.cpuUsage(before)
  if (warming) return
  contender.cpuMicros.push((user + system) / decisions)
  contender.p50Micros.push(quantile(micros, 0.5))
  contender.p99Micros.push(quantile(micros, 0.99))
}

function figuresOf({ items, cpuMicros, p50Micros, p99Micros }: Contender): DecideFigures {
  return {
    items,
    cpuMicrosPerDecision: Math.min(...cpuMicros),
    p50Micros: median(p50Micros),
    p99Micros: median(p99Micros),
  }
}

export function renderDecide(report: DecideReport): string {
  const { scenario, campaigns, checked, sizes, growth } = report
  const rows = sizes.map(
    (s) =>
      `${s.items.toLocaleString('en').padStart(11)} ${s.cpuMicrosPerDecision.toFixed(1).padStart(13)} ` +
      `${s.p50Micros.toFixed(1).padStart(8)} ${s.p99Micros.toFixed(1).padStart(8)}`,
  )
  return [
    `decide: ${scenario} shoppers, 20-event history, 10 slots, ${campaigns} campaigns; ${checked} answers checked`,
    '      items  CPU µs/answer   p50 µs   p99 µs',
    ...rows,
    `growth from the smallest to the largest: ${growth.toFixed(2)}×`,
    renderBlend(report),
  ].join('\n')
}
