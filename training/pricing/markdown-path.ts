/** A markdown policy followed through the weeks: what it asks, sells and leaves on the average over all demand. */
import { roundMinor } from '../../core/contract/money.ts'
import { expectedUnits, type MarkdownPolicy, type MarkdownProblem } from './markdown.ts'
import { poissonCounts } from './poisson.ts'

export interface MarkdownWeek {
  week: number
  /** What is asked where demand came as expected so far. */
  priceMinor: number
  /** Lowest and highest price that the policy asks with a chance of more than 5 % each side. */
  likelyMinor: [low: number, high: number]
  expectedUnits: number
  expectedStockLeft: number
  expectedRevenueMinor: number
}

const TAIL = 0.05
const NEGLIGIBLE = 1e-12

export function followMarkdown(problem: MarkdownProblem, policy: MarkdownPolicy): MarkdownWeek[] {
  const { stock, weeklyUnits } = problem
  const states = stock + 1
  const weeks: MarkdownWeek[] = []
  let chances = policy.prices.map(() => new Float64Array(states))
  chances[0][stock] = 1
  let standing = 0
  let pieces = stock
  for (let week = 0; week < weeklyUnits.length; week++) {
    standing = policy.choices[week][standing * states + Math.round(pieces)]
    const asked = askedPrices(chances, policy.choices[week], states)
    const step = sell(problem, policy.prices, asked, week)
    weeks.push({
      week: week + 1,
      priceMinor: policy.prices[standing],
      likelyMinor: likely(policy.prices, asked),
      expectedUnits: step.units,
      expectedStockLeft: step.stockLeft,
      expectedRevenueMinor: roundMinor(step.revenue),
    })
    pieces = Math.max(0, pieces - expectedUnits(problem, week, policy.prices[standing]))
    chances = step.chances
  }
  return weeks
}

/** Chances of each price to be asked, by pieces left. */
function askedPrices(chances: Float64Array[], choices: Uint16Array, states: number): Float64Array[] {
  const asked = chances.map(() => new Float64Array(states))
  chances.forEach((own, standing) => {
    for (let pieces = 0; pieces < states; pieces++)
      if (own[pieces] > 0) asked[choices[standing * states + pieces]][pieces] += own[pieces]
  })
  return asked
}

function sell(problem: MarkdownProblem, prices: readonly number[], asked: Float64Array[], week: number) {
  const chances = asked.map((own) => new Float64Array(own.length))
  let units = 0
  let revenue = 0
  let stockLeft = 0
  asked.forEach((own, i) => {
    const { first, probabilities } = poissonCounts(expectedUnits(problem, week, prices[i]))
    for (let pieces = 0; pieces < own.length; pieces++) {
      if (own[pieces] < NEGLIGIBLE) continue
      for (let n = 0; n < probabilities.length; n++) {
        const sold = Math.min(pieces, first + n)
        const chance = own[pieces] * probabilities[n]
        chances[i][pieces - sold] += chance
        units += chance * sold
        revenue += chance * sold * prices[i]
        stockLeft += chance * (pieces - sold)
      }
    }
  })
  return { chances, units, revenue, stockLeft }
}

/** Prices descend. */
function likely(prices: readonly number[], asked: Float64Array[]): [number, number] {
  const shares = asked.map((own) => own.reduce((sum, chance) => sum + chance, 0))
  const from = (order: number[]) => {
    let passed = 0
    return order.find((i) => {
      passed += shares[i]
      return passed > TAIL
    }) as number
  }
  const order = prices.map((_, i) => i)
  const high = from(order)
  return [prices[from(order.reverse())], prices[high]]
}
