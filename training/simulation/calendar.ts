/** When shoppers come: visits per day over the year and the week, seasons of the categories, weeks of promotions. */
import { poisson, STREAM } from './random.ts'
import { seasonOf } from './season.ts'
import { categoryOf, drawShopper, emptyShopper, type ShopperTruth, type Truth } from './truth.ts'

export const DAY_MS = 86_400_000

/** True rows per visit at the default parameters; measured, and only used to hit the asked number of events. */
const EVENTS_PER_VISIT = 4.36

/** Visits sorted by day, then shopper, then the shopper's own count. */
export interface VisitPlan {
  /** `days + 1` positions. */
  dayStart: Uint32Array
  shopper: Uint32Array
  /** How many visits this shopper had drawn before: with the shopper it keys every draw of the visit. */
  ordinal: Uint16Array
}

export function planVisits(truth: Truth): VisitPlan {
  const cumulative = cumulativeDays(truth)
  const dayStart = new Uint32Array(truth.days + 1)
  forEachVisit(truth, cumulative, (day) => dayStart[day + 1]++)
  for (let day = 0; day < truth.days; day++) dayStart[day + 1] += dayStart[day]
  const total = dayStart[truth.days]
  const plan = { dayStart, shopper: new Uint32Array(total), ordinal: new Uint16Array(total) }
  const next = dayStart.slice()
  forEachVisit(truth, cumulative, (day, shopper, ordinal) => {
    plan.shopper[next[day]] = shopper
    plan.ordinal[next[day]++] = ordinal
  })
  return plan
}

function forEachVisit(
  truth: Truth,
  cumulative: Float64Array,
  visit: (day: number, shopper: number, ordinal: number) => void,
): void {
  const { parameters, random } = truth
  const shopper = emptyShopper(truth)
  const mean = parameters.events / EVENTS_PER_VISIT / parameters.shoppers
  for (let index = 0; index < parameters.shoppers; index++) {
    drawShopper(truth, index, shopper)
    random.block(STREAM.sessionDay, index, 0, 0)
    const visits = poisson(Math.min(600, mean * shopper.activity), random.uniform(0))
    for (let ordinal = 0; ordinal < visits; ordinal++) {
      random.block(STREAM.sessionDay, index, 1 + ordinal, 0)
      visit(firstAbove(cumulative, random.uniform(0)), index, ordinal)
    }
  }
}

/** Share of the visits up to and with each day: weekends and the end of the year are busier. */
function cumulativeDays(truth: Truth): Float64Array {
  const cumulative = new Float64Array(truth.days)
  let sum = 0
  for (let day = 0; day < truth.days; day++) {
    const weekend = day % 7 >= 5 ? 1.25 : 1
    sum += weekend * (1 + 0.5 * seasonOf(day, 48))
    cumulative[day] = sum
  }
  return cumulative.map((value) => value / sum)
}

function firstAbove(cumulative: Float64Array, u: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle] > u) high = middle
    else low = middle + 1
  }
  return low
}

/** Id of the promotion that ran on the category in the week, or an empty text. */
export function promotionOf(truth: Truth, category: number, week: number): string {
  const { random, parameters } = truth
  random.block(STREAM.promotion, category, week, 0)
  if (random.uniform(0) >= parameters.promotedShare) return ''
  return `w${String(week + 1).padStart(2, '0')}-c${String(category + 1).padStart(2, '0')}`
}

/** Depth that was drawn for the shopper in a running promotion: even odds over the ladder, 0 is the control group. */
export function promotedDepthBps(truth: Truth, shopper: ShopperTruth, item: number, week: number): number {
  const { random, parameters } = truth
  random.block(STREAM.depth, shopper.index, week, categoryOf(truth, item))
  const depths = parameters.promotedDepthsBps
  return depths[Math.floor(random.uniform(0) * depths.length)]
}
