/**
 * Forward buying: which share of what discounts sell is missing in the weeks after, because shoppers stocked up
 * (van Heerde, Leeflang, Wittink, Journal of Marketing Research 37, 2000).
 *
 *   expected(week) = level · w_week · exp(e x_week),   level from the item's quiet weeks
 *   pullForward    = Σ_after (expected − sold) / Σ_discounted (sold − expected at the regular price)
 *
 * A week is discounted where the price is at least `DEPTH` below the regular one, the highest of its last `REGULAR_WEEKS`
 * weeks; after: the next `AFTER_WEEKS` that are not discounted; all others are quiet. The standard error is that of Poisson
 * sales after, 0 < sold. Negative: sales after discounts are above what is expected.
 */
import type { Estimate } from './shrinkage.ts'

const DEPTH = 0.05
const REGULAR_WEEKS = 8
const AFTER_WEEKS = 4
/**
 * Share of an item's weeks that have to tell its price. Where only sales tell it, a week is known to be over a discount only
 * when something was sold, and what was missing would never be seen.
 */
const LEAST_TOLD = 0.95

/** An item's weeks from its first sale on. */
export interface WeeklySales {
  logPrice: Float64Array
  /** Events that told the price; in a week without any it is the last one told. */
  told: Uint32Array
  /** The shop's purchases in the week. */
  weight: Float64Array
  /** Purchases. */
  sold: Float64Array
}

/** Of the whole shop, with its variance; null where no discount sold anything more. */
export function pullForward(sales: readonly WeeklySales[], elasticity: ArrayLike<number>): Estimate | null {
  let missing = 0
  let extra = 0
  let variance = 0
  sales.forEach((own, item) => {
    if (own.told.filter((count) => count > 0).length < LEAST_TOLD * own.told.length) return
    const { phase, regular } = phasesOf(own.logPrice)
    const at = (week: number, logPrice: number) => own.weight[week] * Math.exp(elasticity[item] * logPrice)
    const level = quietLevel(own, phase, at)
    for (let week = 0; week < phase.length; week++) {
      if (phase[week] === AFTER) {
        missing += level * at(week, own.logPrice[week]) - own.sold[week]
        variance += level * at(week, own.logPrice[week])
      }
      if (phase[week] === DISCOUNTED) extra += level === 0 ? 0 : own.sold[week] - level * at(week, regular[week])
    }
  })
  return extra > 0 ? { mean: missing / extra, variance: variance / extra ** 2 } : null
}

const QUIET = 0
const DISCOUNTED = 1
const AFTER = 2

function phasesOf(logPrice: Float64Array) {
  const phase = new Uint8Array(logPrice.length)
  const regular = new Float64Array(logPrice.length)
  let since = Number.POSITIVE_INFINITY
  for (let week = 0; week < logPrice.length; week++) {
    regular[week] = Math.max(...logPrice.subarray(Math.max(0, week - REGULAR_WEEKS), week + 1))
    const isDiscounted = logPrice[week] <= regular[week] + Math.log(1 - DEPTH)
    since = isDiscounted ? 0 : since + 1
    if (isDiscounted) phase[week] = DISCOUNTED
    else phase[week] = since <= AFTER_WEEKS ? AFTER : QUIET
  }
  return { phase, regular }
}

/** 0 where no quiet week tells it: the item then takes no part. */
function quietLevel(
  { logPrice, sold }: WeeklySales,
  phase: Uint8Array,
  at: (week: number, logPrice: number) => number,
): number {
  let pieces = 0
  let exposure = 0
  for (let week = 0; week < phase.length; week++) {
    if (phase[week] !== QUIET) continue
    pieces += sold[week]
    exposure += at(week, logPrice[week])
  }
  return exposure > 0 ? pieces / exposure : 0
}
