/**
 * What does a larger catalogue do to latency? One server for each size, all at once, take an open loop at the same low rate in turn,
 * round by round; the growth is the median over rounds of the largest size's median latency over the smallest's. Latency from the
 * sending too: what the generator is late by is the same for all sizes, and would make growth look smaller.
 */
import { median } from '../statistics.ts'
import { Generator } from './generator.ts'
import { openShape } from './http.ts'
import { measure, type Round } from './measure.ts'
import type { HttpScenario } from './scenarios.ts'
import { type Served, type ServedOptions, serve } from './served.ts'

export interface GrowthBench extends Omit<ServedOptions, 'items'> {
  /** Smallest first. */
  items: number[]
  perSecond: number
  seconds: number
  rounds: number
}

export interface GrowthReport {
  bench: 'growth'
  scenario: HttpScenario
  campaigns: number
  perSecond: number
  sizes: { items: number; p50Ms: number; p99Ms: number; answerP50Ms: number; cpuMicrosPerRequest: number }[]
  /** Of the median from the intended arrival, and from the sending. */
  growth: number
  answerGrowth: number
  failed: number
}

export async function benchGrowth(options: GrowthBench, say: (line: string) => void): Promise<GrowthReport> {
  const sides: { served: Served; generator: Generator; rounds: Round[] }[] = []
  try {
    for (const items of options.items)
      sides.push({ served: await serve({ ...options, items }, say), generator: new Generator(), rounds: [] })
    for (let round = 0; round <= options.rounds; round++) {
      say(round === 0 ? 'warming up' : `round ${round} of ${options.rounds}`)
      for (const { served, generator, rounds } of sides) {
        const shape = openShape(options.perSecond, options.seconds, round)
        const measured = await measure(served.server, generator, served.requests, shape)
        if (measured.wrong > 0)
          throw new Error(`${measured.wrong} answers are wrong at ${served.items} items: no figures`)
        if (round > 0) rounds.push(measured)
      }
    }
    return reportOf(options, sides)
  } finally {
    await Promise.all(sides.flatMap(({ served, generator }) => [generator.stop(), served.stop()]))
  }
}

function reportOf(options: GrowthBench, sides: { served: Served; rounds: Round[] }[]): GrowthReport {
  const middle = (rounds: Round[], figure: (round: Round) => number) => median(rounds.map(figure))
  const [smallest, largest] = [sides[0].rounds, sides[sides.length - 1].rounds]
  const growthOf = (figure: (round: Round) => number) =>
    median(largest.map((round, i) => figure(round) / figure(smallest[i])))
  return {
    bench: 'growth',
    scenario: options.scenario,
    campaigns: sides[0].served.campaigns,
    perSecond: options.perSecond,
    sizes: sides.map(({ served, rounds }) => ({
      items: served.items,
      p50Ms: middle(rounds, (round) => round.p50Ms),
      p99Ms: middle(rounds, (round) => round.p99Ms),
      answerP50Ms: middle(rounds, (round) => round.answerP50Ms),
      cpuMicrosPerRequest: middle(rounds, (round) => round.cpuMicrosPerRequest),
    })),
    growth: growthOf((round) => round.p50Ms),
    answerGrowth: growthOf((round) => round.answerP50Ms),
    failed: sides.flatMap(({ rounds }) => rounds).reduce((sum, round) => sum + round.failed, 0),
  }
}

export function renderGrowth({
  scenario,
  campaigns,
  perSecond,
  sizes,
  growth,
  answerGrowth,
  failed,
}: GrowthReport): string {
  return [
    `growth, ${scenario}: ${campaigns} campaigns, open loops of ${perSecond} a second, ${failed} failed`,
    ...sizes.map(
      (size) =>
        `${size.items.toLocaleString('en').padStart(11)} items: p50 ${size.p50Ms.toFixed(3)} ms (from the sending ` +
        `${size.answerP50Ms.toFixed(3)}), p99 ${size.p99Ms.toFixed(2)} ms, ${size.cpuMicrosPerRequest.toFixed(1)} µs CPU`,
    ),
    `median latency, largest size to smallest: ${growth.toFixed(2)}× (from the sending ${answerGrowth.toFixed(2)}×)`,
  ].join('\n')
}
