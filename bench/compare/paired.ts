/**
 * Is B different from A? Of every figure the mean over paired rounds of ln(B / A), with a bootstrap interval over rounds
 * (core/evaluation/bootstrap.ts), told as a ratio. Rounds are the cases: what slows the machine for a while slows both of a pair,
 * and requests within a round are not independent of each other. Rounds of one pair of processes tell nothing of how processes
 * differ by themselves (what was compiled when, where memory lies): files of separate runs do.
 */

import { type ColumnLayout, table } from '../../cli/table.ts'
import { bootstrapMeans } from '../../core/evaluation/bootstrap.ts'

export const FIGURES = ['cpuMicrosPerRequest', 'requestsPerSecond', 'p50Ms', 'p90Ms', 'p99Ms', 'p999Ms'] as const
export type Figure = (typeof FIGURES)[number]
export type RoundFigures = Record<Figure, number>

export interface Difference {
  figure: Figure
  /** Geometric means. */
  a: number
  b: number
  /** B / A with its 95 % interval. */
  ratio: number
  low: number
  high: number
  /** The interval is all on one side of 1. */
  isShown: boolean
}

/** Rounds pair by position, as many of A as of B. Figures above 0; one that is 0 in some round is left out. */
export function differences(a: readonly RoundFigures[], b: readonly RoundFigures[], seed: number): Difference[] {
  const measured = FIGURES.filter((figure) => [...a, ...b].every((round) => round[figure] > 0))
  const logs = measured.map((figure) => Float64Array.from(a, (round, i) => Math.log(b[i][figure] / round[figure])))
  const intervals = measured.length === 0 ? [] : bootstrapMeans(logs, seed)
  return measured.map((figure, f) => {
    const [low, high] = intervals[f].map(Math.exp)
    const ratio = Math.exp(mean(logs[f]))
    return {
      figure,
      a: geometricMean(a, figure),
      b: geometricMean(b, figure),
      ratio,
      low,
      high,
      isShown: low > 1 || high < 1,
    }
  })
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length

function geometricMean(rounds: readonly RoundFigures[], figure: Figure): number {
  return Math.exp(mean(Float64Array.from(rounds, (round) => Math.log(round[figure]))))
}

const COLUMNS: ColumnLayout[] = [
  { title: 'figure' },
  { title: 'A', align: 'right' },
  { title: 'B', align: 'right' },
  { title: 'B / A', align: 'right' },
  { title: '95 %', align: 'right' },
  { title: '' },
]

export function differenceTable(found: Difference[]): string[] {
  const rows = found.map(({ figure, a, b, ratio, low, high, isShown }) => [
    figure,
    a.toPrecision(4),
    b.toPrecision(4),
    ratio.toFixed(3),
    `${low.toFixed(3)} to ${high.toFixed(3)}`,
    isShown
      ? `B is ${(100 * Math.abs(ratio - 1)).toFixed(1)} % ${ratio > 1 ? 'higher' : 'lower'}`
      : 'no difference shown',
  ])
  return table(COLUMNS, rows)
}
