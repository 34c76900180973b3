/**
 * Own-price elasticity of each item by ordinary least squares over its weeks with sales:
 *
 *   ln units_w = a + e · ln price_w,     e = Sxy / Sxx,     se(e)² = σ² / Sxx
 *
 * price_w: mean unit price paid in week w, weighted by units. A short series estimates its σ² badly and may even fit
 * exactly, so σ² is moderated towards the shop's own: (df s² + d₀ s₀²) / (df + d₀) (Smyth, Statistical Applications in
 * Genetics and Molecular Biology 3, 2004), s₀² pooled over all items.
 */
import { EVENT_KINDS } from '../core/contract/events.ts'
import type { EventTable } from './dataset.ts'
import type { Estimate } from './shrinkage.ts'
import { rowStarts } from './sparse.ts'

const WEEK_MS = 7 * 86_400_000
export const PURCHASE = EVENT_KINDS.indexOf('purchase')
const LEAST_WEEKS = 3
/** Price variation, Σ (ln price − mean)², below which a slope says nothing: two weeks 2 % apart. */
const LEAST_VARIATION = 2e-4
const PRIOR_DF = 10

interface Regression {
  slope: number
  variation: number
  residualSquares: number
  df: number
}

/** By item; null without enough weeks or price variation. */
export function itemElasticities(table: EventTable, nItems: number, watermark: number): (Estimate | null)[] {
  const regressions = regressionsOf(table, nItems, watermark)
  let residualSquares = 0
  let df = 0
  for (const r of regressions) {
    residualSquares += r?.residualSquares ?? 0
    df += r?.df ?? 0
  }
  const pooled = df === 0 ? 1 : residualSquares / df
  return regressions.map((r) => {
    if (r === null) return null
    const sigmaSquares = (r.residualSquares + PRIOR_DF * pooled) / (r.df + PRIOR_DF)
    return { mean: r.slope, variance: sigmaSquares / r.variation }
  })
}

function regressionsOf(table: EventTable, nItems: number, watermark: number): (Regression | null)[] {
  const { starts, lines } = pricedPurchasesByItem(table, nItems)
  return Array.from({ length: nItems }, (_, item) => {
    const weeks = weeksOf(table, lines.subarray(starts[item], starts[item + 1]), watermark)
    return regress(weeks.map(logPoint))
  })
}

/** Purchases that were paid for, grouped by item, oldest first. */
function pricedPurchasesByItem(table: EventTable, nItems: number) {
  const counted: number[] = []
  for (let e = 0; e < table.length; e++) if (table.kind[e] === PURCHASE && paidMinor(table, e) > 0) counted.push(e)
  const starts = rowStarts(
    Uint32Array.from(counted, (e) => table.item[e]),
    nItems,
  )
  const next = starts.slice()
  const lines = new Uint32Array(counted.length)
  for (const e of counted) lines[next[table.item[e]]++] = e
  return { starts, lines }
}

/** What the line brought in; not positive where no price was told. */
export function paidMinor(table: EventTable, event: number): number {
  return table.priceMinor[event] * table.quantity[event] - table.discountMinor[event]
}

interface Week {
  week: number
  units: number
  paid: number
}

function weeksOf(table: EventTable, lines: Uint32Array, watermark: number): Week[] {
  const weeks: Week[] = []
  for (const e of lines) {
    const week = Math.floor((watermark - table.timeMs[e]) / WEEK_MS)
    if (weeks.at(-1)?.week !== week) weeks.push({ week, units: 0, paid: 0 })
    const last = weeks[weeks.length - 1]
    last.units += table.quantity[e]
    last.paid += paidMinor(table, e)
  }
  return weeks
}

function logPoint({ units, paid }: Week): { x: number; y: number } {
  return { x: Math.log(paid / units), y: Math.log(units) }
}

export function regress(points: { x: number; y: number }[]): Regression | null {
  if (points.length < LEAST_WEEKS) return null
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length
  let sxx = 0
  let sxy = 0
  let syy = 0
  for (const { x, y } of points) {
    sxx += (x - meanX) ** 2
    sxy += (x - meanX) * (y - meanY)
    syy += (y - meanY) ** 2
  }
  if (sxx < LEAST_VARIATION) return null
  const slope = sxy / sxx
  return { slope, variation: sxx, residualSquares: Math.max(0, syy - slope * sxy), df: points.length - 2 }
}
