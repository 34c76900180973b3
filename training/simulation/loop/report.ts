/** What seeds of the closed loop say together: means over seeds, with 95 % intervals of a bootstrap over them. */
import { bootstrapMeans, type Interval } from '../../../core/evaluation/bootstrap.ts'
import { SHOPPER_TYPES } from '../parameters.ts'
import type { GroupShare, PolicyFigures } from './account.ts'
import { POLICIES, type PolicyName, type SeedResult } from './seed.ts'

export interface Estimate {
  mean: number
  interval: Interval
}

export interface PolicyReport {
  policy: PolicyName
  /** Beyond no offers, of the shoppers outside the hold-out, in minor units a seed. */
  extraMarginMinor: Estimate
  /** Of the same shoppers, as a share of what the informed policy adds to all seeds' margin together. */
  ofInformed: Estimate
  /** Beyond no offers, of all shoppers. */
  extraMarginOfAllMinor: Estimate
  orders: number
  units: number
  revenueMinor: number
  spentMinor: number
  /** Share of the items shown that came with an offer, by type and by tier; mean share of the price taken off, by tier. */
  offeredByType: Record<string, number>
  offeredByTier: number[]
  takenOffByTier: number[]
}

export interface LoopReport {
  seeds: number[]
  currency: string
  visits: number
  policies: PolicyReport[]
  /** Ours less the best fixed discount for everyone, of the shoppers outside the hold-out. */
  overBestFixedMinor: Estimate
  /** What the learning period costs beside giving nothing, and a share of the margin of giving nothing. */
  exploringCostMinor: Estimate
  exploringCostShare: number
  /** Budgets of a policy, campaign and seed that were exceeded. */
  overspent: number
}

const SEED = 1

export function reportOf(results: SeedResult[]): LoopReport {
  const none = results.map(({ measured }) => measured[0].treatedMarginMinor)
  const treated = (policy: PolicyName) => results.map((result, r) => of(result, policy).treatedMarginMinor - none[r])
  const informed = sum(treated('informed')) / results.length
  const [ours, fixed] = [treated('ours'), treated('best fixed')]
  const exploring = results.map(({ learning: [nothing, exploring] }) => nothing.marginMinor - exploring.marginMinor)
  return {
    seeds: results.map(({ seed }) => seed),
    currency: results[0].currency,
    visits: sum(results.map(({ measured }) => measured[0].visits)),
    policies: POLICIES.map((policy) => ({
      policy,
      extraMarginMinor: estimate(treated(policy)),
      ofInformed: estimate(treated(policy).map((extra) => extra / informed)),
      extraMarginOfAllMinor: estimate(results.map((r) => of(r, policy).marginMinor - r.measured[0].marginMinor)),
      ...meansOf(results.map((result) => of(result, policy))),
    })),
    overBestFixedMinor: estimate(ours.map((extra, r) => extra - fixed[r])),
    exploringCostMinor: estimate(exploring),
    exploringCostShare: sum(exploring) / sum(results.map(({ learning: [nothing] }) => nothing.marginMinor)),
    overspent: sum(results.flatMap(({ measured }) => measured.map(exceeded))),
  }
}

function of({ measured }: SeedResult, policy: PolicyName): PolicyFigures {
  return measured[POLICIES.indexOf(policy)]
}

function meansOf(figures: PolicyFigures[]) {
  const mean = (value: (of: PolicyFigures) => number) => sum(figures.map(value)) / figures.length
  const groups = (name: 'byTier' | 'byType', part: keyof GroupShare) =>
    figures[0][name].map((_, group) => mean((of) => of[name][group][part]))
  const offeredByType = groups('byType', 'offered')
  return {
    orders: mean(({ orders }) => orders),
    units: mean(({ units }) => units),
    revenueMinor: mean(({ revenueMinor }) => revenueMinor),
    spentMinor: mean(({ spentMinor }) => sum(spentMinor)),
    offeredByType: Object.fromEntries(SHOPPER_TYPES.map((type, t) => [type, offeredByType[t]])),
    offeredByTier: groups('byTier', 'offered'),
    takenOffByTier: groups('byTier', 'takenOff'),
  }
}

function exceeded({ spentMinor, budgetMinor }: PolicyFigures): number {
  return spentMinor.filter((spent, campaign) => spent > budgetMinor[campaign]).length
}

function estimate(values: number[]): Estimate {
  const [interval] = bootstrapMeans([Float64Array.from(values)], SEED)
  return { mean: sum(values) / values.length, interval }
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
