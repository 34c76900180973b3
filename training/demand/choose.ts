/**
 * What the hierarchical model looks at, chosen inside the time that is learned from: one thing after the other is tried, and
 * kept where it makes the weighted error on later parts of that time smaller by at least `WORTH` and on none of them larger.
 * What is forecast in the end takes no part.
 */
import { featuresOf, type Shape } from './features.ts'
import {
  actualUnits,
  type Forecast,
  forecast,
  HALF_LIVES,
  PUBLISHED_RETURNS,
  RETURNS,
  type Return,
  weightedError,
} from './forecast.ts'
import { fitHierarchy } from './hierarchy.ts'
import { fitOls } from './ols.ts'
import type { Panel } from './panel.ts'

/** Share of the error that another term has to take off. */
const WORTH = 0.005
const LAGS = [1, 2, 4]
const HARMONICS = [1, 2, 3]

export interface Chosen {
  shape: Shape
  forecast: Forecast
  /** Weighted error in each fold. */
  errors: number[]
}

/** What was asked for and nothing else: the terms of plain least squares. */
export const PLAIN: Shape = { curve: false, depth: false, lag: 0, trend: false, harmonics: 0 }

/** Rows to learn from, and later ones to judge by. */
export interface Fold {
  learned: Uint32Array
  ahead: Uint32Array
}

/** `cycle`: periods of a season, null for none. */
export function chooseModel(
  panel: Panel,
  folds: readonly Fold[],
  cycle: number | null,
  onTried: (tried: number, error: number) => void,
): Chosen {
  let tried = 0
  const judge = (shape: Shape): Chosen => {
    const best = bestForecast(panel, folds, HALF_LIVES, RETURNS, (learned) => {
      return fitHierarchy(panel, learned, featuresOf(panel, learned, shape, cycle)).predict
    })
    onTried(++tried, meanOf(best.errors))
    return { shape, ...best }
  }
  let best = judge(PLAIN)
  const keepIfBetter = (change: Partial<Shape>) => {
    const candidate = judge({ ...best.shape, ...change })
    if (isBetter(candidate.errors, best.errors)) best = candidate
  }
  keepIfBetter({ curve: true })
  keepIfBetter({ depth: true })
  for (const lag of LAGS) keepIfBetter({ lag })
  keepIfBetter({ trend: true })
  if (cycle !== null) for (const harmonics of HARMONICS) keepIfBetter({ harmonics })
  return best
}

/** The way back from logarithms for plain least squares, one of the published three; it has no drift. */
export function chooseForOls(panel: Panel, folds: readonly Fold[]): Forecast {
  return bestForecast(panel, folds, [0], PUBLISHED_RETURNS, (learned) => fitOls(panel, learned).predict).forecast
}

function bestForecast(
  panel: Panel,
  folds: readonly Fold[],
  halfLives: readonly number[],
  returns: readonly Return[],
  learn: (learned: Uint32Array) => (row: number) => number,
): { forecast: Forecast; errors: number[] } {
  const ways = halfLives.flatMap((halfLife) => returns.map((retransformation) => ({ retransformation, halfLife })))
  const errors = ways.map((): number[] => [])
  for (const { learned, ahead } of folds) {
    const predict = learn(learned)
    const actual = actualUnits(panel, ahead)
    ways.forEach((way, w) => {
      errors[w].push(weightedError(forecast(panel, learned, ahead, predict, way), actual))
    })
  }
  let best = 0
  for (let w = 1; w < ways.length; w++) if (isBetter(errors[w], errors[best])) best = w
  return { forecast: ways[best], errors: errors[best] }
}

/** Worth it on the mean. */
function isBetter(errors: number[], than: number[]): boolean {
  return meanOf(errors) < meanOf(than) * (1 - WORTH)
}

function meanOf(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
