/** The figures that the product is held to, in one run: the scenario `headline` by `http`, `capacity` and `growth`. */
import { availableParallelism } from 'node:os'
import { benchCapacity, type CapacityReport, renderCapacity } from './capacity.ts'
import { benchGrowth, type GrowthReport, renderGrowth } from './growth.ts'
import { benchHttp } from './http.ts'
import { type HttpReport, renderHttp } from './http-report.ts'

export interface HeadlineBench {
  items: number
  /** Of the smallest catalogue that growth begins at. */
  smallest: number
  shoppers: number
  seconds: number
  rounds: number
  seed: number
}

export interface HeadlineReport {
  bench: 'headline'
  http: HttpReport
  capacity: CapacityReport
  growth: GrowthReport
}

const BARS = { ratioToBare: 2, decisionsPerSecond: 10_000, limitMs: 10, growth: 2 }
const CONNECTIONS = 32
/** Low enough that no request waits for another. */
const GROWTH_PER_SECOND = 500

export async function benchHeadline(options: HeadlineBench, say: (line: string) => void): Promise<HeadlineReport> {
  const { items, smallest, shoppers, seconds, rounds, seed } = options
  const common = { scenario: 'headline', shoppers, seconds, rounds, seed, connections: CONNECTIONS } as const
  return {
    bench: 'headline',
    http: await benchHttp({ ...common, items, workers: 1 }, say),
    capacity: await benchCapacity({ ...common, items, workers: availableParallelism(), limitMs: BARS.limitMs }, say),
    growth: await benchGrowth({ ...common, items: [smallest, items], workers: 1, perSecond: GROWTH_PER_SECOND }, say),
  }
}

export function renderHeadline({ http, capacity, growth }: HeadlineReport): string {
  const against = (name: string, figure: number, bar: number, isReached: boolean) =>
    `${name}: ${figure.toFixed(figure < 100 ? 2 : 0)} (bar ${bar}): ${isReached ? 'reached' : 'not reached'}`
  const worstGrowth = Math.max(growth.growth, growth.answerGrowth)
  return [
    renderHttp(http),
    '',
    renderCapacity(capacity),
    '',
    renderGrowth(growth),
    '',
    against(
      'CPU a request to the bare handler',
      http.ratioToBare,
      BARS.ratioToBare,
      http.ratioToBare <= BARS.ratioToBare,
    ),
    against(
      `decisions a second on ${capacity.cores} cores at p99 < ${capacity.limitMs} ms`,
      capacity.decisionsPerSecond,
      BARS.decisionsPerSecond,
      capacity.decisionsPerSecond >= BARS.decisionsPerSecond,
    ),
    against('median latency, largest catalogue to smallest', worstGrowth, BARS.growth, worstGrowth <= BARS.growth),
  ].join('\n')
}
