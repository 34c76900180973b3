/** What choosing items and a basket's offer together is worth beside choosing the items first, in shops whose truth is known. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatMinor, roundMinor } from '../core/contract/money.ts'
import { bootstrapMeans, type Interval } from '../core/evaluation/bootstrap.ts'
import { type CartsResult, RANKINGS, type Ranking, simulateCarts } from '../training/simulation/carts.ts'
import { DEFAULT_SCENARIO } from '../training/simulation/loop/scenario.ts'

export interface JointOptions {
  seeds: number
  /** First seed. */
  seed: number
  visits: number
}

interface Estimate {
  mean: number
  /** 95 % over shops. */
  interval: Interval
}

export interface JointReport {
  currency: string
  seeds: number
  visits: number
  /** Beyond no threshold, in minor units a thousand visits. */
  extraMinor: Record<Ranking, Estimate>
  /** Of the visits, those that a tier was promised, and reached in the mean. */
  promised: Record<Ranking, number>
  reached: Record<Ranking, number>
  /** Joint less items first. */
  gainMinor: Estimate
}

const DAYS = 7

export async function benchJoint(
  { seeds, seed, visits }: JointOptions,
  say: (line: string) => void,
): Promise<JointReport> {
  const scenario = {
    ...DEFAULT_SCENARIO,
    shoppers: 4000,
    events: 120_000,
    days: DAYS,
    visitsPerDay: Math.ceil(visits / DAYS),
  }
  const results: CartsResult[] = []
  for (let shop = 0; shop < seeds; shop++) {
    const folder = await mkdtemp(join(tmpdir(), 'offerwright-joint-'))
    try {
      results.push(await simulateCarts(folder, scenario, seed + shop))
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
    say(`shop ${shop + 1} of ${seeds}`)
  }
  return reportOf(results, seed)
}

function reportOf(results: CartsResult[], seed: number): JointReport {
  const total = results.reduce((sum, { visits }) => sum + visits, 0)
  const extra = (ranking: Ranking) =>
    results.map(({ byRanking, noneMinor, visits }) => (1000 * (byRanking[ranking].marginMinor - noneMinor)) / visits)
  const estimate = (values: number[]): Estimate => ({
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    interval: bootstrapMeans([Float64Array.from(values)], seed)[0],
  })
  const share = (of: 'promised' | 'reached') =>
    byRanking((ranking) => results.reduce((sum, result) => sum + result.byRanking[ranking][of], 0) / total)
  const first = extra('items_first')
  return {
    currency: results[0].currency,
    seeds: results.length,
    visits: total,
    extraMinor: byRanking((ranking) => estimate(extra(ranking))),
    promised: share('promised'),
    reached: share('reached'),
    gainMinor: estimate(extra('joint').map((value, shop) => value - first[shop])),
  }
}

function byRanking<Value>(of: (ranking: Ranking) => Value): Record<Ranking, Value> {
  return { items_first: of('items_first'), joint: of('joint') }
}

export function renderJoint({
  currency,
  seeds,
  visits,
  extraMinor,
  promised,
  reached,
  gainMinor,
}: JointReport): string {
  const amount = (minor: number) => formatMinor(roundMinor(minor), currency)
  const told = ({ mean, interval }: Estimate) => `${amount(mean)} (${interval.map(amount).join(' to ')})`
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`
  return [
    `${seeds} shops, ${visits.toLocaleString('en')} visits with a cart; ${currency} a thousand visits beyond no threshold, 95 % over shops`,
    ...RANKINGS.map(
      (ranking) =>
        `  ${ranking.padEnd(12)} ${told(extraMinor[ranking])}; promised in ${percent(promised[ranking])}, reached in ${percent(reached[ranking])}`,
    ),
    `  joint less items first: ${told(gainMinor)}`,
  ].join('\n')
}
