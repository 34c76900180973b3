/**
 * What explains a row's demand besides its level: columns for the hierarchical model, scaled on the rows that are learned
 * from; all but prices and what is interacted with them are centred too.
 *
 *   price     x − mean of the group, x = ln price; with `curve` its square too
 *   depth     how far x is below the series' regular price, the highest of its last `REGULAR_PERIODS` periods
 *   lag       mean depth of the last `lag` periods before: who stocked up buys less now (van Heerde, Leeflang, Wittink,
 *             How Promotions Work, Schmalenbach Business Review 54, 2002)
 *   season    sine and cosine of `harmonics` waves of the cycle; trend: time
 *
 * and the panel's controls, competitors' log prices, and interacted variables, alone and times price.
 */
import type { Panel } from './panel.ts'

export interface Shape {
  curve: boolean
  depth: boolean
  lag: number
  trend: boolean
  harmonics: number
}

export interface Feature {
  name: string
  /** By row of the panel. */
  values: Float64Array
  /** What a raw value was divided by. */
  scale: number
}

const REGULAR_PERIODS = 8
/** Where the first columns stand; the price's derivative is read there. */
export const LEVEL = 0
export const PRICE = 1

/** `cycle`: periods of a season, null for none. Columns that do not vary on `rows` are left out. */
export function featuresOf(panel: Panel, rows: Uint32Array, shape: Shape, cycle: number | null): Feature[] {
  const price = centredPrice(panel, rows)
  const raw: [string, Float64Array][] = []
  if (shape.curve) raw.push(['price²', price.map((x) => x * x)])
  if (shape.depth || shape.lag > 0) raw.push(...depths(panel, shape))
  if (shape.trend) raw.push(['trend', Float64Array.from(panel.time)])
  if (cycle !== null) for (let wave = 1; wave <= shape.harmonics; wave++) raw.push(...season(panel, cycle, wave))
  for (const { name, values } of [...panel.controls, ...panel.competitors]) raw.push([name, values])
  const level = { name: 'level', values: new Float64Array(panel.length).fill(1), scale: 1 }
  const varying = raw.map(([name, values]) => standardised(name, values, rows)).filter((feature) => feature !== null)
  const interacted = panel.interact.flat().flatMap(({ name, values }) => [
    scaled(name, values, rows),
    scaled(
      `price:${name}`,
      values.map((value, row) => value * price[row]),
      rows,
    ),
  ])
  return [level, scaled('price', price, rows), ...varying, ...interacted]
}

/** Groups that are not among `rows` are centred on the mean of all. */
function centredPrice({ group, groups, logPrice }: Panel, rows: Uint32Array): Float64Array {
  const sums = new Float64Array(groups.length)
  const counts = new Float64Array(groups.length)
  let whole = 0
  for (const row of rows) {
    sums[group[row]] += logPrice[row]
    counts[group[row]]++
    whole += logPrice[row]
  }
  const means = sums.map((sum, g) => (counts[g] > 0 ? sum / counts[g] : whole / rows.length))
  return logPrice.map((x, row) => x - means[group[row]])
}

/** Not centred: the price's coefficient is the elasticity where the interacted variables are 0. */
function scaled(name: string, values: Float64Array, rows: Uint32Array): Feature {
  const { sd } = momentsOf(values, rows)
  const scale = sd > 0 ? sd : 1
  return { name, values: values.map((value) => value / scale), scale }
}

function standardised(name: string, values: Float64Array, rows: Uint32Array): Feature | null {
  const { mean, sd } = momentsOf(values, rows)
  if (!(sd > 1e-9 * Math.abs(mean))) return null
  return { name, values: values.map((value) => (value - mean) / sd), scale: sd }
}

function momentsOf(values: Float64Array, rows: Uint32Array): { mean: number; sd: number } {
  const mean = rows.reduce((sum, row) => sum + values[row], 0) / rows.length
  const squares = rows.reduce((sum, row) => sum + (values[row] - mean) ** 2, 0)
  return { mean, sd: Math.sqrt(squares / rows.length) }
}

function season({ time }: Panel, cycle: number, wave: number): [string, Float64Array][] {
  const angles = Float64Array.from(time, (t) => (2 * Math.PI * wave * t) / cycle)
  return [
    [`season sin ${wave}`, angles.map(Math.sin)],
    [`season cos ${wave}`, angles.map(Math.cos)],
  ]
}

/** From the price of each series and period: the mean over its rows. */
function depths(panel: Panel, { depth, lag }: Shape): [string, Float64Array][] {
  const now = new Float64Array(panel.length)
  const before = new Float64Array(panel.length)
  const histories = panel.groupOf.length
  const prices = Array.from({ length: histories }, (): number[] => [])
  const past = Array.from({ length: histories }, (): number[] => [])
  for (const { series, rows, price } of periodsOf(panel)) {
    const known = prices[series]
    known.push(price)
    const own = Math.max(...known.slice(-REGULAR_PERIODS)) - price
    const recent = past[series].slice(-Math.max(1, lag))
    const lagged = recent.reduce((sum, value) => sum + value, 0) / Math.max(1, recent.length)
    past[series].push(own)
    for (const row of rows) {
      now[row] = own
      before[row] = lagged
    }
  }
  return [...(depth ? [['depth', now] as const] : []), ...(lag > 0 ? [[`depth before`, before] as const] : [])].map(
    ([name, values]) => [name, values],
  )
}

/** Rows of each series and period, oldest first within a series. */
function periodsOf({ length, series, time, logPrice }: Panel): { series: number; rows: number[]; price: number }[] {
  const periods = new Map<string, { series: number; rows: number[]; price: number }>()
  for (let row = 0; row < length; row++) {
    const key = `${series[row]}:${time[row]}`
    const known = periods.get(key)
    if (known) known.rows.push(row)
    else periods.set(key, { series: series[row], rows: [row], price: 0 })
  }
  for (const period of periods.values())
    period.price = period.rows.reduce((sum, row) => sum + logPrice[row], 0) / period.rows.length
  return [...periods.values()]
}
