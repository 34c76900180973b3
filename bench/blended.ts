/**
 * What do the other sources cost a recommendation, beside item-item rows alone? The same requests with each blend, the
 * order changing from round to round, and in the same round the CPU of a bare HTTP handler that writes the same answers.
 *
 * `blended` has the sources that training learns unless told otherwise; `withVisits` has neighbouring visits (STAN) too.
 */
import { emptyLiveShopper } from '../core/contract/live.ts'
import type { RecommendRequest } from '../core/contract/requests.ts'
import { ROWS_ALONE } from '../core/scoring/blends.ts'
import type { Generation } from '../core/scoring/generation.ts'
import { recommend } from '../core/scoring/recommend.ts'
import type { SourceWeights } from '../core/snapshot/manifest.ts'
import { rankingFault } from './naive-ranking.ts'
import { median } from './statistics.ts'

export interface BlendFigures {
  /** Medians over rounds. */
  rowsCpuMicros: number
  blendedCpuMicros: number
  withVisitsCpuMicros: number
  bareCpuMicros: number
  /** Median over rounds of (blended − rows) / bare, and the same with visits. */
  blendOverBare: number
  withVisitsOverBare: number
}

/** What the weights are does not change the work. */
const BLENDED: SourceWeights = { ...ROWS_ALONE, content: 1, popular: 0.02, trends: 0.02, rhythm: 0.5 }
const BLENDS = { rows: ROWS_ALONE, blended: BLENDED, withVisits: { ...BLENDED, sessions: 0.05 } }
type BlendName = keyof typeof BLENDS
const NAMES = ['rows', 'blended', 'withVisits'] as const

export const RECOMMEND_PATH = '/v1/recommend'

export class BlendCost {
  readonly requests: RecommendRequest[]
  readonly #generations: Record<BlendName, Generation>
  readonly #time: number
  readonly #live = emptyLiveShopper()
  readonly #rounds: Record<BlendName | 'bare', number>[] = []
  #next = 0

  constructor(g: Generation, requests: RecommendRequest[], time: number) {
    const weighing = (weights: SourceWeights) => ({ ...g, blend: { known: weights, session: weights } })
    this.requests = requests
    this.#generations = {
      rows: weighing(BLENDS.rows),
      blended: weighing(BLENDS.blended),
      withVisits: weighing(BLENDS.withVisits),
    }
    this.#time = time
  }

  /** The blended answer. */
  answer(request: RecommendRequest) {
    return recommend(this.#generations.blended, request, this.#live, this.#time)
  }

  /** Throws with what the naive ranking finds wrong in the answers of any blend to the first `count` requests. */
  check(count: number): void {
    for (const name of NAMES)
      for (const request of this.requests.slice(0, count)) {
        const g = this.#generations[name]
        const { items } = recommend(g, request, this.#live, this.#time)
        const fault = rankingFault(g, request, items, this.#time)
        if (fault !== null) throw new Error(`wrong recommendation: ${fault}; ${JSON.stringify(request)}`)
      }
  }

  /** The first round only warms up. */
  async round(index: number, count: number, bareCpuMicros: () => Promise<number>): Promise<void> {
    const spent = { rows: 0, blended: 0, withVisits: 0, bare: 0 }
    for (let turn = 0; turn < NAMES.length; turn++) {
      const name = NAMES[(index + turn) % NAMES.length]
      spent[name] = this.#cpuMicros(this.#generations[name], count)
    }
    this.#next += count
    spent.bare = await bareCpuMicros()
    if (index > 0) this.#rounds.push(spent)
  }

  #cpuMicros(g: Generation, count: number): number {
    const before = process.cpuUsage()
    for (let i = 0; i < count; i++)
      recommend(g, this.requests[(this.#next + i) % this.requests.length], this.#live, this.#time)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / count
  }

  figures(): BlendFigures {
    const middle = (figure: (round: Record<BlendName | 'bare', number>) => number) => median(this.#rounds.map(figure))
    return {
      rowsCpuMicros: middle(({ rows }) => rows),
      blendedCpuMicros: middle(({ blended }) => blended),
      withVisitsCpuMicros: middle(({ withVisits }) => withVisits),
      bareCpuMicros: middle(({ bare }) => bare),
      blendOverBare: middle(({ rows, blended, bare }) => (blended - rows) / bare),
      withVisitsOverBare: middle(({ rows, withVisits, bare }) => (withVisits - rows) / bare),
    }
  }
}

export function renderBlend(figures: BlendFigures): string {
  const line = (name: string, micros: number, over?: number) =>
    `${name.padEnd(26)} ${micros.toFixed(1).padStart(8)}${over === undefined ? '' : `   rows + ${over.toFixed(2)} × bare`}`
  return [
    'recommend, CPU µs, the largest size',
    line('rows alone', figures.rowsCpuMicros),
    line('blended', figures.blendedCpuMicros, figures.blendOverBare),
    line('with neighbouring visits', figures.withVisitsCpuMicros, figures.withVisitsOverBare),
    line('bare handler, a request', figures.bareCpuMicros),
  ].join('\n')
}
