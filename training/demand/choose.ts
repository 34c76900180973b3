/**
 * What the hierarchical model looks at, chosen inside the time that is learned from: one thing after the other is tried, and
 * kept where it makes the weighted error on later parts of that time smaller by at least `WORTH`. What is forecast in the
 * end takes no part.
 */
import { featuresOf, type Shape } from './features.ts'
import { actualUnits, type Forecast, forecast, HALF_LIVES, RETURNS, weightedError } from './forecast.ts'
import { fitHierarchy } from './hierarchy.ts'
import { fitOls } from './ols.ts'
import type { Panel } from './panel.ts'

/** Share of the error that another term has to take off. */
const WORTH = 0.002
const LAGS = [1, 2, 4]
const HARMONICS = [1, 2, 3]

export interface Chosen {
  shape: Shape
  forecast: Forecast
  /** Mean weighted error over the folds. */
  error: number
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
    const best = bestForecast(panel, folds, HALF_LIVES, (learned) => {
      return fitHierarchy(panel, learned, featuresOf(panel, learned, shape, cycle)).predict
    })
    onTried(++tried, best.error)
    return { shape, ...best }
  }
  let best = judge(PLAIN)
  const keepIfBetter = (change: Partial<Shape>) => {
    const candidate = judge({ ...best.shape, ...change })
    if (candidate.error < best.error * (1 - WORTH)) best = candidate
  }
  keepIfBetter({ curve: true })
  keepIfBetter({ depth: true })
  for (const lag of LAGS) keepIfBetter({ lag })
  keepIfBetter({ trend: true })
  if (cycle !== null) for (const harmonics of HARMONICS) keepIfBetter({ harmonics })
  return best
}

/** The way back from logarithms for plain least squares, chosen as for the other model; it has no drift. */
export function chooseForOls(panel: Panel, folds: readonly Fold[]): Forecast {
  return bestForecast(panel, folds, [0], (learned) => fitOls(panel, learned).predict).forecast
}

function bestForecast(
  panel: Panel,
  folds: readonly Fold[],
  halfLives: readonly number[],
  fit: (learned: Uint32Array) => (row: number) => number,
): { forecast: Forecast; error: number } {
  const ways = halfLives.flatMap((halfLife) => RETURNS.map((retransformation) => ({ retransformation, halfLife })))
  const errors = new Float64Array(ways.length)
  for (const { learned, ahead } of folds) {
    const predict = fit(learned)
    const actual = actualUnits(panel, ahead)
    ways.forEach((way, w) => {
      errors[w] += weightedError(forecast(panel, learned, ahead, predict, way), actual) / folds.length
    })
  }
  const best = errors.indexOf(Math.min(...errors))
  return { forecast: ways[best], error: errors[best] }
}
