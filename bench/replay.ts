/**
 * Is every decision of a served run repeatable, and was each drawn as often as it says? The real server takes requests over
 * HTTP from several connections at once, with tight budgets, carts below spend thresholds and offers that are kept; then each row
 * of its decision log is decided again from the row and its snapshot and compared byte for byte.
 *
 * Propensities: (choice, action) pairs are put into bins by their probability p; with O the number of pairs chosen in a bin,
 *   χ² = Σ_bins (O − Σp)² / Σp(1 − p),   as many degrees of freedom as bins
 */
import { join } from 'node:path'
import type { DecisionRow } from '../core/contract/decision-row.ts'
import { answerText } from '../core/scoring/answer.ts'
import { compileCampaigns } from '../core/scoring/campaigns/compile.ts'
import { fillLiveCatalogue } from '../core/scoring/catalogue.ts'
import { type Decision, decide } from '../core/scoring/decide.ts'
import { openGeneration, reserveBytes } from '../core/scoring/generation.ts'
import { argumentsOfRow } from '../core/scoring/row.ts'
import { openSnapshot } from '../core/snapshot/open.ts'
import { readLog } from '../core/store/log/reader.ts'
import { shopPaths } from '../server/config.ts'
import { Child } from './http/child.ts'
import { benchHome } from './http/home.ts'
import { revisionOf } from './http/known-answers.ts'
import { DECIDE_PATH, Listener } from './http/listener.ts'
import type { LoadAnswer, LoadQuestion } from './http/load-child.ts'
import type { ServerSetup } from './http/offerwright-child.ts'
import { visitorRequests } from './requests.ts'
import { tightCampaigns } from './shop/campaigns.ts'
import { publishedShop } from './shop/publish.ts'
import { itemKey } from './shop/tables.ts'

export interface ReplayBench {
  requests: number
  items: number
  shoppers: number
  campaigns: number
  connections: number
  seed: number
}

export interface ReplayReport {
  bench: 'replay'
  requests: number
  failed: number
  decisions: number
  /** Decisions that came out otherwise. */
  different: number
  choices: number
  /** Choices whose probabilities do not add up to 1 within 1e-9. */
  notSummingToOne: number
  chiSquare: number
  degreesOfFreedom: number
  p: number
  /** Decisions by what the first slot said. */
  reasons: Record<string, number>
}

const STRETCH_SECONDS = 2
const BINS = [0.001, 0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1]

export async function benchReplay(options: ReplayBench, say: (line: string) => void): Promise<ReplayReport> {
  const { items, shoppers, seed, campaigns } = options
  const shop = await publishedShop({ items, shoppers, seed }, say)
  const file = tightCampaigns(campaigns, { ...shop, time: Date.now() })
  const home = await benchHome(file, shop.store)
  try {
    const { requests, failed } = await serve(options, home.home, shop, say)
    const image = await openSnapshot(shop.folder, {
      expectedId: shop.id,
      reserveBytes: (segment) => reserveBytes(segment, 1),
    })
    const g = openGeneration(image, 0)
    fillLiveCatalogue(g.live, g.tables)
    const compiled = compileCampaigns(g, file, revisionOf(JSON.stringify(file)))
    const tally = new ReplayTally()
    const folder = join(shopPaths({ home: home.home, shop: 'default' }).log)
    say('deciding every row again')
    await readLog(folder, 'decisions', ({ text }) => {
      const row = JSON.parse(text) as DecisionRow
      const again = decide(g, argumentsOfRow(row, compiled))
      tally.add(answerText(g, again) === answerIn(text), again)
    })
    return { bench: 'replay', requests, failed, ...tally.figures() }
  } finally {
    await home.remove()
  }
}

/** The answer is the row's last-but-nothing field: its bytes, not what a parser makes of them. */
function answerIn(row: string): string {
  return row.trimEnd().slice(row.indexOf(',"answer":{') + ',"answer":'.length, -1)
}

async function serve(
  { requests: wanted, connections, seed }: ReplayBench,
  home: string,
  shop: Awaited<ReturnType<typeof publishedShop>>,
  say: (line: string) => void,
): Promise<{ requests: number; failed: number }> {
  const server = new Listener<ServerSetup>(new URL('./http/offerwright-child.js', import.meta.url))
  const generator = new Child<LoadQuestion, LoadAnswer>(new URL('./http/load-child.js', import.meta.url))
  const bodies = visitorRequests(shop, 'known', 20_000, seed).map((request, i) =>
    JSON.stringify(i % 3 === 0 ? { ...request, cart: [{ item: itemKey(i % shop.items) }] } : request),
  )
  try {
    await server.listen({ home, workers: 2 })
    let [requests, failed] = [0, 0]
    while (requests < wanted) {
      const loaded = await generator.ask({
        port: server.port,
        path: DECIDE_PATH,
        connections,
        seconds: STRETCH_SECONDS,
        bodies,
        compareEvery: 1,
      })
      requests += loaded.requests
      failed += loaded.failed
      say(`${requests} of ${wanted} requests`)
    }
    return { requests, failed }
  } finally {
    await Promise.all([generator.stop(), server.stop()])
  }
}

/** A choice among open actions: nothing comes first in `probabilities`. */
interface Drawn {
  step: object | null
  open: object[]
  probabilities: number[]
}

class ReplayTally {
  #decisions = 0
  #different = 0
  #choices = 0
  #notOne = 0
  readonly #chosen = new Float64Array(BINS.length)
  readonly #expected = new Float64Array(BINS.length)
  readonly #variance = new Float64Array(BINS.length)
  readonly #reasons: Record<string, number> = {}

  add(isSame: boolean, { slots, basketChoice }: Decision): void {
    this.#decisions++
    if (!isSame) this.#different++
    const reason = slots[0]?.choice.reason ?? 'no_item'
    this.#reasons[reason] = (this.#reasons[reason] ?? 0) + 1
    for (const { choice } of slots) this.#count(choice)
    this.#count(basketChoice)
  }

  #count({ step, open, probabilities }: Drawn): void {
    if (open.length === 0) return
    this.#choices++
    const chosen = step === null ? 0 : 1 + open.indexOf(step)
    let sum = 0
    for (let a = 0; a < probabilities.length; a++) {
      const p = probabilities[a]
      sum += p
      const bin = BINS.findIndex((upTo) => p <= upTo)
      this.#expected[bin] += p
      this.#variance[bin] += p * (1 - p)
      if (a === chosen) this.#chosen[bin]++
    }
    if (Math.abs(sum - 1) > 1e-9) this.#notOne++
  }

  figures() {
    let chiSquare = 0
    let degreesOfFreedom = 0
    for (let bin = 0; bin < BINS.length; bin++) {
      if (this.#variance[bin] < 5) continue
      chiSquare += (this.#chosen[bin] - this.#expected[bin]) ** 2 / this.#variance[bin]
      degreesOfFreedom++
    }
    return {
      decisions: this.#decisions,
      different: this.#different,
      choices: this.#choices,
      notSummingToOne: this.#notOne,
      chiSquare,
      degreesOfFreedom,
      p: upperTail(chiSquare, degreesOfFreedom),
      reasons: this.#reasons,
    }
  }
}

/** P(χ² > x), by Wilson and Hilferty's cube-root normal (PNAS 17, 1931), good to a few thousandths. */
function upperTail(x: number, k: number): number {
  const z = (Math.cbrt(x / k) - (1 - 2 / (9 * k))) / Math.sqrt(2 / (9 * k))
  const t = 1 / (1 + 0.2316419 * Math.abs(z))
  const tail =
    (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  return z > 0 ? tail : 1 - tail
}

export function renderReplay(report: ReplayReport): string {
  const reasons = Object.entries(report.reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`)
  return [
    `replay: ${report.requests} requests served, ${report.failed} failed; ${report.decisions} decisions made again, ` +
      `${report.different} different`,
    `${report.choices} choices among several actions, ${report.notSummingToOne} whose probabilities do not add up to 1`,
    `chosen as often as told: χ² ${report.chiSquare.toFixed(1)} with ${report.degreesOfFreedom} degrees of freedom, ` +
      `p ${report.p.toFixed(3)}`,
    `first slots: ${reasons.join(', ')}`,
  ].join('\n')
}
