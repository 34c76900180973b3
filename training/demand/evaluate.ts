/**
 * Demand models on a table of units and prices: plain least squares by group, the same shrunk in a hierarchy, and how well
 * each forecasts the units of a later time that none of them has seen, beside forecasts without a model.
 *
 * Both coefficient tables come from all rows and have the same terms; forecasts come from the earlier rows alone, and what
 * else the hierarchical model looks at is chosen inside those.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { bootstrapMeans, type Interval } from '../../core/evaluation/bootstrap.ts'
import type { OnProgress } from '../progress.ts'
import { type Chosen, chooseForOls, chooseModel, type Fold, PLAIN } from './choose.ts'
import { featuresOf } from './features.ts'
import { actualUnits, type Forecast, forecast, naiveForecasts, weightedError } from './forecast.ts'
import { fitHierarchy } from './hierarchy.ts'
import { fitOls, type OlsReport } from './ols.ts'
import { type Panel, type PanelColumns, readPanel } from './panel.ts'

export interface DemandOptions {
  data: string
  columns: PanelColumns
  /** Share of the time that is forecast. */
  holdout: number
  /** Periods of a season; null for none. */
  cycle: number | null
  seed: number
  onProgress: OnProgress
}

interface Estimate {
  value: number
  se: number
}

export interface DemandResult {
  rows: number
  setAside: Record<string, number>
  groups: number
  series: number
  ordered: 'by period' | 'by row, for want of a period'
  ols: OlsReport
  shrunk: { centre: Estimate; groups: (Estimate & { group: string })[] }
  outOfTime: OutOfTime
}

export interface OutOfTime {
  /** First period that is forecast; its row where there are no periods. */
  from: string
  learnedRows: number
  forecastRows: number
  chosen: Chosen
  olsForecast: Forecast
  /** Σ |forecast − actual| / Σ actual, in units. */
  wape: Record<ForecastName, number>
  /** Σ forecast / Σ actual − 1. */
  bias: Record<ForecastName, number>
  /** Error of the other less ours, with its 95 % interval over periods (over rows without them). */
  gainOver: Record<Exclude<ForecastName, 'ours'>, { wape: number; interval: Interval }>
}

export type ForecastName = 'ours' | 'ols' | 'lastPrice' | 'lastValue'

/** Fewer periods, or rows, are no time to split. */
const LEAST_TIMES = 8
const FOLDS = 4
/** Fewer periods are no fold. */
const LEAST_FOLD = 3

export async function evaluateDemand(options: DemandOptions): Promise<DemandResult> {
  const { data, columns, cycle, onProgress } = options
  onProgress({ stage: 'demand', done: 0, total: 3, message: `read ${data}` })
  const panel = await readPanel(data, columns)
  refuseConstantPrice(panel)
  const rows = Uint32Array.from({ length: panel.length }, (_, row) => row)
  const ols = fitOls(panel, rows).report()
  const outOfTime = forecastLater(panel, options)
  onProgress({ stage: 'demand', done: 2, total: 3, message: 'learn from all rows' })
  const { centre, elasticities } = fitHierarchy(panel, rows, featuresOf(panel, rows, PLAIN, cycle))
  return {
    rows: panel.length,
    setAside: panel.setAside,
    groups: panel.groups.length,
    series: panel.groupOf.length,
    ordered: panel.periods === null ? 'by row, for want of a period' : 'by period',
    ols,
    shrunk: { centre, groups: panel.groups.map((group, g) => ({ group, ...elasticities[g] })) },
    outOfTime,
  }
}

function refuseConstantPrice({ logPrice }: Panel): void {
  if (logPrice.some((value) => value !== logPrice[0])) return
  throw new OfferwrightError('invalid_data', 'the price is the same in every row', {
    field: 'price',
    value: Math.exp(logPrice[0]),
  })
}

function refuseShortTime({ nTimes }: Panel): void {
  if (nTimes >= LEAST_TIMES) return
  throw new OfferwrightError(
    'invalid_data',
    `${nTimes} periods are too few to hold some out; ${LEAST_TIMES} are needed`,
    {
      field: 'period',
      value: nTimes,
    },
  )
}

function forecastLater(panel: Panel, { holdout, cycle, seed, onProgress }: DemandOptions): OutOfTime {
  refuseShortTime(panel)
  const cut = cutOf(panel.nTimes, holdout)
  const learned = rowsBetween(panel, 0, cut)
  const ahead = rowsBetween(panel, cut, panel.nTimes)
  const folds = foldsOf(panel, cut, holdout)
  const chosen = chooseModel(panel, folds, cycle, (tried, error) =>
    onProgress({
      stage: 'demand',
      done: 1,
      total: 3,
      message: `choose terms, model ${tried}: error ${error.toFixed(4)}`,
    }),
  )
  const olsForecast = chooseForOls(panel, folds)
  const ours = fitHierarchy(panel, learned, featuresOf(panel, learned, chosen.shape, cycle))
  const forecasts: Record<ForecastName, Float64Array> = {
    ours: forecast(panel, learned, ahead, ours.predict, chosen.forecast),
    ols: forecast(panel, learned, ahead, fitOls(panel, learned).predict, olsForecast),
    ...naiveForecasts(panel, learned, ahead),
  }
  return {
    from: panel.periods?.[cut] ?? `row ${cut + 1}`,
    learnedRows: learned.length,
    forecastRows: ahead.length,
    chosen,
    olsForecast,
    ...compare(panel, ahead, forecasts, seed),
  }
}

function compare(panel: Panel, ahead: Uint32Array, forecasts: Record<ForecastName, Float64Array>, seed: number) {
  const actual = actualUnits(panel, ahead)
  const total = sum(actual)
  const names = Object.keys(forecasts) as ForecastName[]
  const others = names.filter((name) => name !== 'ours')
  const periods = [...new Set(Array.from(ahead, (row) => panel.time[row]))]
  const caseOf = new Map(periods.map((time, at) => [time, at]))
  const gains = others.map((name) => {
    const byPeriod = new Float64Array(periods.length)
    ahead.forEach((row, r) => {
      const gain = Math.abs(forecasts[name][r] - actual[r]) - Math.abs(forecasts.ours[r] - actual[r])
      byPeriod[caseOf.get(panel.time[row]) as number] += (gain * periods.length) / total
    })
    return byPeriod
  })
  const intervals = bootstrapMeans(gains, seed)
  const wape = recordOf(names, (name) => weightedError(forecasts[name], actual))
  return {
    wape,
    bias: recordOf(names, (name) => sum(forecasts[name]) / total - 1),
    gainOver: recordOf(others, (name) => ({ wape: wape[name] - wape.ours, interval: intervals[others.indexOf(name)] })),
  }
}

function recordOf<Name extends string, Value>(names: Name[], value: (name: Name) => Value): Record<Name, Value> {
  return Object.fromEntries(names.map((name) => [name, value(name)])) as Record<Name, Value>
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The last part before `cut`, the part before that and so on, each with all that lies before it to learn from. */
function foldsOf(panel: Panel, cut: number, holdout: number): Fold[] {
  const folds: Fold[] = []
  for (let end = cut; folds.length < FOLDS && end >= LEAST_FOLD; end = cutOf(end, holdout)) {
    const start = cutOf(end, holdout)
    folds.push({ learned: rowsBetween(panel, 0, start), ahead: rowsBetween(panel, start, end) })
  }
  return folds
}

/** First of the last times; both parts hold at least one of the two or more. */
function cutOf(nTimes: number, holdout: number): number {
  return Math.min(nTimes - 1, Math.max(1, Math.ceil(nTimes * (1 - holdout))))
}

/** Rows are in order of time. */
function rowsBetween({ time, length }: Panel, from: number, until: number): Uint32Array {
  return Uint32Array.from({ length }, (_, row) => row).filter((row) => time[row] >= from && time[row] < until)
}
