/**
 * What do offers cost on top of recommending? One server with live campaigns takes the same shoppers as POST /v1/decide and
 * as POST /v1/recommend, and a bare handler the answers of decide, in turn, round by round:
 *
 *   median over rounds of (decide − recommend) / bare, CPU time a request
 *
 * The workload is fixed: 10 slots out of the whole catalogue; of `campaigns` three quarters are on items, so that each item is
 * targeted by an equal share of them, with three depths each; the others are spend thresholds of two tiers.
 */
import type { CampaignFile } from '../../core/contract/campaigns.ts'
import { SLOTS } from '../requests.ts'
import { evenCampaigns, TARGET_GROUPS } from '../shop/campaigns.ts'
import { publishedShop } from '../shop/publish.ts'
import { median } from '../statistics.ts'
import type { BareSetup } from './bare-child.ts'
import { Generator } from './generator.ts'
import { benchHome } from './home.ts'
import { knownAnswers } from './known-answers.ts'
import { DECIDE_PATH, Listener } from './listener.ts'
import { measure, type Round } from './measure.ts'
import type { ServerSetup } from './offerwright-child.ts'

export interface OffersBench {
  items: number
  shoppers: number
  campaigns: number
  connections: number
  seconds: number
  rounds: number
  seed: number
}

export interface OffersReport {
  bench: 'offers'
  items: number
  slots: number
  campaigns: number
  campaignsAnItem: number
  actionsAnItem: number
  decideCpuMicros: number
  recommendCpuMicros: number
  bareCpuMicros: number
  /** (decide − recommend) / bare. */
  offersOverBare: number
  requests: number
  failed: number
  compared: number
  wrong: number
}

const RECOMMEND_PATH = '/v1/recommend'
const DISTINCT_REQUESTS = 4000
const COMPARE_EVERY = 16
const STEPS = 3

export async function benchOffers(options: OffersBench, say: (line: string) => void): Promise<OffersReport> {
  const { items, shoppers, seed, campaigns, connections, seconds } = options
  const shop = await publishedShop({ items, shoppers, seed }, say)
  const file = evenCampaigns(campaigns, shop)
  const load = await knownAnswers(shop, file, { scenario: 'known', seed }, DISTINCT_REQUESTS)
  const home = await benchHome(file, shop.store)
  const server = new Listener<ServerSetup>(new URL('./offerwright-child.js', import.meta.url))
  const bare = new Listener<BareSetup>(new URL('./bare-child.js', import.meta.url))
  const generator = new Generator()
  const shape = { connections, seconds, compareEvery: COMPARE_EVERY }
  try {
    await server.listen({ home: home.home, workers: 1 })
    await bare.listen({ answers: load.expected.map(([text]) => JSON.parse(text) as object) })
    const rounds: Rounds[] = []
    for (let round = 0; round <= options.rounds; round++) {
      say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`)
      rounds.push({
        decide: await measure(server, generator, { ...load, path: DECIDE_PATH }, shape),
        recommend: await measure(server, generator, { bodies: load.bodies, path: RECOMMEND_PATH }, shape),
        bare: await measure(bare, generator, { bodies: load.bodies, path: DECIDE_PATH }, shape),
      })
    }
    return reportOf(options, file, rounds.slice(1))
  } finally {
    await Promise.all([generator.stop(), server.stop(), bare.stop()])
    await home.remove()
  }
}

type Rounds = Record<'decide' | 'recommend' | 'bare', Round>

function reportOf({ items, campaigns }: OffersBench, file: CampaignFile, rounds: Rounds[]): OffersReport {
  const all = rounds.flatMap(({ decide, recommend, bare }) => [decide, recommend, bare])
  const sum = (of: (round: Round) => number) => all.reduce((total, round) => total + of(round), 0)
  const middle = (of: (round: Rounds) => number) => median(rounds.map(of))
  const wrong = sum((round) => round.wrong)
  if (wrong > 0) throw new Error(`${wrong} of ${sum((round) => round.compared)} compared answers are wrong: no figures`)
  const campaignsAnItem =
    file.campaigns.filter(({ mechanism }) => mechanism !== 'spend_threshold').length / TARGET_GROUPS
  return {
    bench: 'offers',
    items,
    slots: SLOTS,
    campaigns,
    campaignsAnItem,
    actionsAnItem: STEPS * campaignsAnItem,
    decideCpuMicros: middle(({ decide }) => decide.cpuMicrosPerRequest),
    recommendCpuMicros: middle(({ recommend }) => recommend.cpuMicrosPerRequest),
    bareCpuMicros: middle(({ bare }) => bare.cpuMicrosPerRequest),
    offersOverBare: middle(
      ({ decide, recommend, bare }) =>
        (decide.cpuMicrosPerRequest - recommend.cpuMicrosPerRequest) / bare.cpuMicrosPerRequest,
    ),
    requests: sum((round) => round.requests),
    failed: sum((round) => round.failed),
    compared: sum((round) => round.compared),
    wrong,
  }
}

export function renderOffers(report: OffersReport): string {
  const line = (name: string, micros: number) => `${name.padEnd(24)} ${micros.toFixed(1).padStart(8)} µs CPU a request`
  return [
    `offers: ${report.slots} of ${report.items.toLocaleString('en')} items, ${report.campaigns} live campaigns, ` +
      `${report.campaignsAnItem} an item with ${report.actionsAnItem} actions; ` +
      `${report.compared} answers compared, ${report.failed} of ${report.requests} requests failed`,
    line('POST /v1/decide', report.decideCpuMicros),
    line('POST /v1/recommend', report.recommendCpuMicros),
    line('bare handler', report.bareCpuMicros),
    `(decide − recommend) / bare: ${report.offersOverBare.toFixed(2)}`,
  ].join('\n')
}
