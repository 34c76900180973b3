/**
 * Pieces a week that an item sells at its current price p₀, from its last weeks and its elasticity e: under Poisson demand
 * λ season_w (p_w / p₀)^e the level that explains them best is
 *
 *   λ = Σ_w pieces_w / Σ_w season_w (p_w / p₀)^e
 *
 * over the last `LEVEL_WEEKS` weeks since the item's first sale; p_w is the week's mean price paid, the last one known
 * where nothing was sold.
 */
import type { EventTable } from '../dataset.ts'
import { PURCHASE, paidMinor } from '../elasticity.ts'
import type { Season } from './season.ts'

export const LEVEL_WEEKS = 13
const WEEK_MS = 7 * 86_400_000

interface Sales {
  /** By week of the window, oldest first. */
  pieces: Float64Array
  paid: Float64Array
  /** Unit price of the last sale before the window; 0 where there was none. */
  priceBefore: number
}

/** By item, in a week of the average season; 0 for one that nobody bought. `untilMs`: end of the last week. */
export function weeklyUnitsOf(
  table: EventTable,
  currentMinor: ArrayLike<number>,
  elasticity: ArrayLike<number>,
  season: Season,
  untilMs: number,
): Float64Array {
  const sales = Array.from({ length: currentMinor.length }, (): Sales | null => null)
  const start = untilMs - LEVEL_WEEKS * WEEK_MS
  for (let e = 0; e < table.length; e++) {
    const paid = paidMinor(table, e)
    if (table.kind[e] !== PURCHASE || paid <= 0 || table.timeMs[e] > untilMs) continue
    sales[table.item[e]] ??= {
      pieces: new Float64Array(LEVEL_WEEKS),
      paid: new Float64Array(LEVEL_WEEKS),
      priceBefore: 0,
    }
    const own = sales[table.item[e]] as Sales
    const week = Math.min(LEVEL_WEEKS - 1, Math.floor((table.timeMs[e] - start) / WEEK_MS))
    if (week < 0) own.priceBefore = paid / table.quantity[e]
    else {
      own.pieces[week] += table.quantity[e]
      own.paid[week] += paid
    }
  }
  return Float64Array.from(sales, (own, item) => (own ? levelOf(own, currentMinor[item], elasticity[item], season) : 0))
}

function levelOf(
  { pieces, paid, priceBefore }: Sales,
  currentMinor: number,
  elasticity: number,
  season: Season,
): number {
  let price = priceBefore
  let sold = 0
  let exposure = 0
  for (let week = 0; week < LEVEL_WEEKS; week++) {
    if (pieces[week] > 0) price = paid[week] / pieces[week]
    if (price === 0) continue
    sold += pieces[week]
    exposure += season(week - LEVEL_WEEKS) * (price / currentMinor) ** elasticity
  }
  return exposure > 0 ? sold / exposure : 0
}
