/**
 * Units of later rows, from a model of ln units that was learned on earlier ones:
 *
 *   units = exp(ẑ + drift(series)) · factor(group)
 *   drift = Σ 2^(−age/h) e / (Σ 2^(−age/h) + 1)   over the series' earlier residuals e, of age in shares of the time learned
 *
 * The factor leads back from logarithms: 1 (the median), Duan's smearing mean of exp(e) (JASA 78, 1983), exp(s²/2) of the
 * lognormal mean, or the median of exp(e) weighted by exp(ẑ), which makes Σ |forecast − actual| least; by group. Which is
 * right depends on the errors that are to be small, so it is chosen where it was not learned.
 */
import type { Panel } from './panel.ts'

export const PUBLISHED_RETURNS = ['median', 'smearing', 'lognormal'] as const
export const RETURNS = [...PUBLISHED_RETURNS, 'weighted median'] as const
export type Return = (typeof RETURNS)[number]

/** Half-lives of the drift in shares of the time learned from; 0: no drift. */
export const HALF_LIVES = [0, 0.01, 0.02, 0.05, 0.1, 0.2] as const

export interface Forecast {
  retransformation: Return
  halfLife: number
}

type Predict = (row: number) => number

/** Units of `ahead`, in its order. Of the panel's rows only `learned` have told their units. */
export function forecast(
  panel: Panel,
  learned: Uint32Array,
  ahead: Uint32Array,
  predict: Predict,
  { retransformation, halfLife }: Forecast,
): Float64Array {
  const drift = halfLife === 0 ? new Float64Array(panel.groupOf.length) : drifts(panel, learned, predict, halfLife)
  const factor = factors(panel, learned, (row) => predict(row) + drift[panel.series[row]], retransformation)
  return Float64Array.from(ahead, (row) => Math.exp(predict(row) + drift[panel.series[row]]) * factor[panel.group[row]])
}

export function actualUnits(panel: Panel, rows: Uint32Array): Float64Array {
  return Float64Array.from(rows, (row) => Math.exp(panel.logUnits[row]))
}

/** Σ |forecast − actual| / Σ actual: the weighted absolute percentage error. */
export function weightedError(forecasts: Float64Array, actual: Float64Array): number {
  let error = 0
  let total = 0
  for (let r = 0; r < actual.length; r++) {
    error += Math.abs(forecasts[r] - actual[r])
    total += actual[r]
  }
  return error / total
}

function drifts(panel: Panel, learned: Uint32Array, predict: Predict, halfLife: number): Float64Array {
  const end = panel.time[learned[learned.length - 1]]
  const span = end - panel.time[learned[0]] + 1
  const sums = new Float64Array(panel.groupOf.length)
  const weights = new Float64Array(panel.groupOf.length)
  for (const row of learned) {
    const weight = 2 ** ((panel.time[row] - end) / (halfLife * span))
    sums[panel.series[row]] += weight * (panel.logUnits[row] - predict(row))
    weights[panel.series[row]] += weight
  }
  return sums.map((sum, series) => sum / (weights[series] + 1))
}

function factors(panel: Panel, learned: Uint32Array, predict: Predict, by: Return): Float64Array {
  const members = panel.groups.map((): number[] => [])
  if (by !== 'median') for (const row of learned) members[panel.group[row]].push(row)
  return Float64Array.from(members, (rows) => (rows.length === 0 ? 1 : FACTOR_OF[by](panel, rows, predict)))
}

const FACTOR_OF: Record<Return, (panel: Panel, rows: number[], predict: Predict) => number> = {
  median: () => 1,
  smearing: ({ logUnits }, rows, predict) => meanOver(rows, (row) => Math.exp(logUnits[row] - predict(row))),
  lognormal: ({ logUnits }, rows, predict) =>
    Math.exp(meanOver(rows, (row) => (logUnits[row] - predict(row)) ** 2) / 2),
  'weighted median': ({ logUnits }, rows, predict) =>
    weightedMedian(
      rows.map((row) => Math.exp(logUnits[row] - predict(row))),
      rows.map((row) => Math.exp(predict(row))),
    ),
}

function meanOver(rows: number[], value: (row: number) => number): number {
  return rows.reduce((sum, row) => sum + value(row), 0) / rows.length
}

/** The c that makes Σ w |c − x| least. */
export function weightedMedian(values: number[], weights: number[]): number {
  const order = values.map((_, i) => i).sort((x, y) => values[x] - values[y])
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2
  let below = 0
  for (const i of order) {
    below += weights[i]
    if (below >= half) return values[i]
  }
  return values[order[order.length - 1]]
}

/**
 * What would be forecast without a model. `lastValue`: the series' units in its last period. `lastPrice`: its units in the
 * newest period whose price was nearest to the row's, nothing adjusted for what is left between the two prices. Units of a
 * period are the mean of its rows; a series that was not learned from gets the mean of all.
 */
export function naiveForecasts(panel: Panel, learned: Uint32Array, ahead: Uint32Array) {
  const histories = Array.from({ length: panel.groupOf.length }, (): Period[] => [])
  let whole = 0
  for (const row of learned) {
    const history = histories[panel.series[row]]
    if (history.at(-1)?.time !== panel.time[row]) history.push({ time: panel.time[row], rows: 0, units: 0, price: 0 })
    const period = history[history.length - 1]
    period.rows++
    period.units += Math.exp(panel.logUnits[row])
    period.price += panel.logPrice[row]
    whole += Math.exp(panel.logUnits[row])
  }
  const mean = (period: Period | undefined) => (period ? period.units / period.rows : whole / learned.length)
  return {
    lastValue: Float64Array.from(ahead, (row) => mean(histories[panel.series[row]].at(-1))),
    lastPrice: Float64Array.from(ahead, (row) => mean(nearest(histories[panel.series[row]], panel.logPrice[row]))),
  }
}

interface Period {
  time: number
  rows: number
  units: number
  /** Sum of the rows' log prices. */
  price: number
}

/** The newest of the periods with the nearest price. */
function nearest(history: Period[], logPrice: number): Period | undefined {
  let best: Period | undefined
  let least = Number.POSITIVE_INFINITY
  for (const period of history) {
    const distance = Math.abs(period.price / period.rows - logPrice)
    if (distance <= least + 1e-9) {
      best = period
      least = Math.min(least, distance)
    }
  }
  return best
}
