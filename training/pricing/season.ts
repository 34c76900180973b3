/**
 * The shop's season: how much more or less is bought in a week of the year than on the average,
 *
 *   ln purchases(week) = a + b week + Σ_{k ≤ WAVES} (c_k sin + d_k cos)(2π k week / 52.18) + ε,
 *   factor(week) = exp(Σ c_k sin + d_k cos)
 *
 * by least squares over whole weeks, c and d with a normal prior of spread `SPREAD`. A season seen less than twice cannot be
 * told from a trend: with under `LEAST_WEEKS` weeks every factor is 1.
 */

import type { EventTable } from '../dataset.ts'
import { fitNested, reduceRows } from '../demand/nested.ts'
import { PURCHASE } from '../elasticity.ts'

const WEEK_MS = 7 * 86_400_000
const YEAR_WEEKS = 365.25 / 7
/** Two years of whole weeks, the first one being begun when the data starts. */
const LEAST_WEEKS = 103
const WAVES = 2
const SPREAD = 0.3

/** Factor of the week that starts `weeksAhead` weeks after `endMs`; the weeks before have negative numbers. */
export type Season = (weeksAhead: number) => number

/** `endMs`: end of the last whole week. */
export function seasonOf(table: EventTable, endMs: number): Season {
  const purchases = purchasesByWeek(table, endMs)
  if (purchases.length < LEAST_WEEKS || purchases.some((count) => count === 0)) return () => 1
  const free = coefficientsOf(purchases, 0)
  const waves = coefficientsOf(purchases, free.residualSe / SPREAD).theta.slice(2)
  return (weeksAhead) => Math.exp(wavesOf(weeksAhead).reduce((sum, wave, k) => sum + wave * waves[k], 0))
}

/** Whole weeks back from `endMs`, the newest first. */
function purchasesByWeek({ length, kind, timeMs }: EventTable, endMs: number): number[] {
  const counts: number[] = []
  const weeks = length === 0 ? 0 : Math.floor((endMs - timeMs[0]) / WEEK_MS)
  for (let week = 0; week < weeks; week++) counts.push(0)
  for (let e = 0; e < length; e++) {
    const week = Math.ceil((endMs - timeMs[e]) / WEEK_MS) - 1
    if (kind[e] === PURCHASE && week >= 0 && week < weeks) counts[week]++
  }
  return counts
}

function coefficientsOf(purchases: number[], penalty: number) {
  const width = 3 + 2 * WAVES
  const leaves = reduceRows(1, new Uint32Array(purchases.length), width, (week, into) => {
    into.set([1, week / purchases.length, ...wavesOf(-1 - week), Math.log(purchases[week])])
  })
  const features = Array.from({ length: width - 1 }, (_, k) => k)
  const penalties = features.map((k) => (k < 2 ? 0 : penalty))
  const fit = fitNested([{ nNodes: 1, parentOf: [], features, penalties }], leaves, width)
  return { theta: fit.coefficients(0, 0), residualSe: Math.sqrt(fit.objective / (purchases.length - features.length)) }
}

function wavesOf(week: number): number[] {
  return Array.from({ length: WAVES }, (_, k) => (2 * Math.PI * (k + 1) * week) / YEAR_WEEKS).flatMap((angle) => [
    Math.sin(angle),
    Math.cos(angle),
  ])
}
