/**
 * What do the other sources cost a recommendation, beside item-item rows alone? The same requests with both blends, the
 * order changing from round to round, and in the same round the CPU of a bare HTTP handler that writes the same answers.
 */
import { emptyLiveShopper } from '../core/contract/live.ts'
import type { RecommendRequest } from '../core/contract/requests.ts'
import type { Generation } from '../core/scoring/generation.ts'
import { recommend } from '../core/scoring/recommend.ts'
import type { SourceWeights } from '../core/snapshot/manifest.ts'
import { rankingFault } from './naive-ranking.ts'
import { median } from './statistics.ts'

export interface BlendFigures {
  /** Medians over rounds. */
  rowsCpuMicros: number
  blendedCpuMicros: number
  bareCpuMicros: number
  /** Median over rounds of (blended − rows) / bare. */
  blendOverBare: number
}

const NOTHING = { rows: 0, content: 0, sessions: 0, peers: 0, links: 0, vectors: 0, popular: 0, trends: 0, rhythm: 0 }
const ROWS: SourceWeights = { ...NOTHING, rows: 1 }
/** Every source that this shop has tables for; what the weights are does not change the work. */
const BLENDED: SourceWeights = { ...ROWS, content: 1, sessions: 0.05, popular: 0.02, trends: 0.02, rhythm: 0.5 }

export const RECOMMEND_PATH = '/v1/recommend'

export class BlendCost {
  readonly requests: RecommendRequest[]
  readonly #rows: Generation
  readonly #blended: Generation
  readonly #time: number
  readonly #live = emptyLiveShopper()
  readonly #rounds: { rows: number; blended: number; bare: number }[] = []
  #next = 0

  constructor(g: Generation, requests: RecommendRequest[], time: number) {
    this.requests = requests
    this.#rows = weighing(g, ROWS)
    this.#blended = weighing(g, BLENDED)
    this.#time = time
  }

  /** The blended answer. */
  answer(request: RecommendRequest) {
    return recommend(this.#blended, request, this.#live, this.#time)
  }

  /** Throws with what the naive ranking finds wrong in the answers of either blend to the first `count` requests. */
  check(count: number): void {
    for (const g of [this.#rows, this.#blended])
      for (const request of this.requests.slice(0, count)) {
        const { items } = recommend(g, request, this.#live, this.#time)
        const fault = rankingFault(g, request, items, this.#time)
        if (fault !== null) throw new Error(`wrong recommendation: ${fault}; ${JSON.stringify(request)}`)
      }
  }

  /** The first round only warms up. */
  async round(index: number, count: number, bareCpuMicros: () => Promise<number>): Promise<void> {
    const isRowsFirst = index % 2 === 0
    const first = this.#cpuMicros(isRowsFirst ? this.#rows : this.#blended, count)
    const second = this.#cpuMicros(isRowsFirst ? this.#blended : this.#rows, count)
    const [rows, blended] = isRowsFirst ? [first, second] : [second, first]
    this.#next += count
    const bare = await bareCpuMicros()
    if (index > 0) this.#rounds.push({ rows, blended, bare })
  }

  #cpuMicros(g: Generation, count: number): number {
    const before = process.cpuUsage()
    for (let i = 0; i < count; i++)
      recommend(g, this.requests[(this.#next + i) % this.requests.length], this.#live, this.#time)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / count
  }

  figures(): BlendFigures {
    return {
      rowsCpuMicros: median(this.#rounds.map(({ rows }) => rows)),
      blendedCpuMicros: median(this.#rounds.map(({ blended }) => blended)),
      bareCpuMicros: median(this.#rounds.map(({ bare }) => bare)),
      blendOverBare: median(this.#rounds.map(({ rows, blended, bare }) => (blended - rows) / bare)),
    }
  }
}

function weighing(g: Generation, weights: SourceWeights): Generation {
  return { ...g, blend: { known: weights, session: weights } }
}

export function renderBlend({ rowsCpuMicros, blendedCpuMicros, bareCpuMicros, blendOverBare }: BlendFigures): string {
  const line = (name: string, micros: number) => `${name.padEnd(24)} ${micros.toFixed(1).padStart(8)}`
  return [
    'recommend, CPU µs, the largest size',
    line('rows alone', rowsCpuMicros),
    line('blended', blendedCpuMicros),
    line('difference', blendedCpuMicros - rowsCpuMicros),
    line('bare handler, a request', bareCpuMicros),
    `difference to the bare handler: ${blendOverBare.toFixed(2)}× (at most 1.00)`,
  ].join('\n')
}
