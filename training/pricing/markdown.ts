/**
 * How to sell a stock by a day: prices that only fall, a step at a time, for the highest expected revenue (Gallego, van Ryzin,
 * Optimal Dynamic Pricing of Inventories, Management Science 40, 1994, in weeks and on price points).
 *
 *   V_T(s, j) = s · salvage
 *   V_t(s, j) = max over i that may follow j of  E[p_i min(D, s) + V_{t+1}(s − min(D, s), i)],   D ~ Poisson(λ_t(p_i))
 *   λ_t(p)    = units_t · (p / p₀)^e
 *
 * s: pieces left; p_j: the price that stands; i may follow j where p_j (1 − maxChange) ≤ p_i ≤ p_j. The stock is paid for, so
 * its cost decides nothing; what a piece left over still brings does. Money in minor units, as expected values unrounded.
 * Demand below one in 10¹² is left out of a week, O(weeks · prices · stock · √λ).
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type Counts, poissonCounts } from './poisson.ts'
import { pricePoints } from './price-points.ts'

export const MOST_STOCK = 20_000

export interface MarkdownProblem {
  stock: number
  /** p₀: the price that stands now. */
  currentMinor: number
  /** Expected pieces at p₀ in each week to come; its length is the horizon. */
  weeklyUnits: readonly number[]
  elasticity: number
  /** What a piece brings after the last week; no price goes below it. */
  salvageMinor: number
  /** Share by which a price may fall at once, in (0, 1). */
  maxChange: number
  ending: string
}

export interface MarkdownPolicy {
  /** Descending; the first is the current price, whether it is a price point or not: it may always stay. */
  prices: number[]
  /** By week: position of the price to ask at [standing price · (stock + 1) + pieces left]. */
  choices: Uint16Array[]
  /** Expected revenue with salvage, of the demand that the policy was made for. */
  valueMinor: number
}

export function planMarkdown(problem: MarkdownProblem): MarkdownPolicy {
  const prices = pricesDown(problem)
  const { valueMinor, choices } = backwards(problem, prices, (gains, pieces, standing, last) => {
    let best = standing
    for (let i = standing + 1; i <= last; i++) if (gains[i][pieces] > gains[best][pieces]) best = i
    return best
  })
  return { prices, choices, valueMinor }
}

/** What a policy brings under another demand than it was made for; stock and price are the same. */
export function valueOfPolicy(truth: MarkdownProblem, { prices, choices }: MarkdownPolicy): number {
  const states = truth.stock + 1
  return backwards(truth, prices, (_, pieces, standing, __, week) => choices[week][standing * states + pieces])
    .valueMinor
}

/** What comes of never changing the price. */
export function valueHeld(problem: MarkdownProblem): number {
  return backwards(problem, [problem.currentMinor], () => 0).valueMinor
}

/** Current price, then the price points below it that may be reached in the horizon and bring more than salvage. */
export function pricesDown({ currentMinor, salvageMinor, maxChange, ending, weeklyUnits }: MarkdownProblem): number[] {
  const lowest = Math.max(salvageMinor, currentMinor * (1 - maxChange) ** weeklyUnits.length)
  const below = pricePoints(lowest, currentMinor, ending).filter((price) => price < currentMinor)
  return [currentMinor, ...below.reverse()]
}

/** The lowest price, by position, that may follow each. */
export function lastFollowers(prices: readonly number[], maxChange: number): Uint16Array {
  return Uint16Array.from(prices, (standing, j) => {
    let last = j
    while (last + 1 < prices.length && prices[last + 1] >= standing * (1 - maxChange)) last++
    return last
  })
}

export function expectedUnits({ weeklyUnits, currentMinor, elasticity }: MarkdownProblem, week: number, price: number) {
  return weeklyUnits[week] * (price / currentMinor) ** elasticity
}

/** By price: what is earned from this week on with so many pieces left. */
type Gains = Float64Array[]
type Choose = (gains: Gains, pieces: number, standing: number, last: number, week: number) => number

function backwards(problem: MarkdownProblem, prices: readonly number[], choose: Choose) {
  const { stock, salvageMinor, weeklyUnits } = problem
  if (stock > MOST_STOCK)
    throw new OfferwrightError('invalid_value', `a stock of ${stock} is too large to plan piece by piece`, {
      field: 'stock',
      value: stock,
    })
  const states = stock + 1
  const followers = lastFollowers(prices, problem.maxChange)
  const choices: Uint16Array[] = []
  let values = prices.map(() => Float64Array.from({ length: states }, (_, pieces) => pieces * salvageMinor))
  for (let week = weeklyUnits.length - 1; week >= 0; week--) {
    const gains = prices.map((price, i) =>
      gainsAt(price, poissonCounts(expectedUnits(problem, week, price)), values[i], states),
    )
    const chosen = new Uint16Array(prices.length * states)
    values = prices.map((_, standing) =>
      Float64Array.from({ length: states }, (_, pieces) => {
        const next = choose(gains, pieces, standing, followers[standing], week)
        chosen[standing * states + pieces] = next
        return gains[next][pieces]
      }),
    )
    choices[week] = chosen
  }
  return { valueMinor: values[0][stock], choices }
}

/** E[price · min(D, s) + next(s − min(D, s))] for every s. */
function gainsAt(price: number, { first, probabilities }: Counts, next: Float64Array, states: number): Float64Array {
  const gains = new Float64Array(states)
  for (let pieces = 0; pieces < states; pieces++) {
    let gain = 0
    let soldOut = 1
    const until = Math.min(probabilities.length, pieces - first)
    for (let n = 0; n < until; n++) {
      const sold = first + n
      gain += probabilities[n] * (price * sold + next[pieces - sold])
      soldOut -= probabilities[n]
    }
    gains[pieces] = gain + Math.max(0, soldOut) * (price * pieces + next[0])
  }
  return gains
}
