/**
 * Which arm for whom, under a budget a customer. Outcomes by arm are predicted on one half; on the other each customer gets
 *   argmax_a  ŷ_a − λ c_a
 * with the λ at which the mean cost is the budget; between the two sides of that λ customers are mixed, so that the budget is
 * met exactly. Nothing of the other half but its features is seen. Both policies are valued by inverse propensity,
 *   V(π) = mean_i  π(A_i | x_i) y_i / e_i,      gain = V(π) − V(the cheapest arm for all)
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type Cases, fitArms, meanAndDeviation, predictArm } from './arms.ts'
import {
  armNamed,
  casesOf,
  halvesOf,
  readTrial,
  rowsOfArms,
  type TrialColumns,
  type TrialTable,
} from './trial-table.ts'

export interface PolicyOptions extends TrialColumns {
  /** Cost of each arm by name. */
  costs: Record<string, number>
  /** Mean cost a customer. */
  budget: number
  /** Probability with which each row got its arm: a number for all, a column, or null for the arms' shares of the rows. */
  propensity: number | string | null
  splits: number
  seed: number
  onProgress?: (done: number) => void
}

export interface PolicyGain {
  mean: number
  deviation: number
  meanCost: number
}

export interface PolicyResult {
  rows: number
  arms: string[]
  budget: number
  /** Per customer, over giving everybody the cheapest arm. */
  ours: PolicyGain
  /** The best fixed mix of arms. */
  untargeted: PolicyGain
  /** Ours less the untargeted, split by split. */
  difference: { mean: number; deviation: number }
}

/** An arm's own coefficients, drawn to what all share, as `arms.ts` says; two orders above the baseline of uplift. */
const APART = 100
const STEPS = 60

export async function evaluatePolicy(options: PolicyOptions): Promise<PolicyResult> {
  const { propensity, budget, splits, seed } = options
  const names = Object.keys(options.costs)
  const trial = await readTrial(options, typeof propensity === 'string' ? [propensity] : [])
  const arms = names.map((name) => armNamed(trial, name, 'costs'))
  const costs = names.map((name) => options.costs[name])
  if (budget < Math.min(...costs))
    throw new OfferwrightError(
      'invalid_value',
      `invalid budget: ${budget} (the cheapest arm costs ${Math.min(...costs)})`,
      {
        field: 'budget',
        value: budget,
      },
    )
  const rows = rowsOfArms(trial, arms)
  const assigned = propensities(trial, arms, rows, propensity)
  const gains = { ours: [] as number[], untargeted: [] as number[] }
  const spent = { ours: [] as number[], untargeted: [] as number[] }
  for (let split = 0; split < splits; split++) {
    const [trainRows, testRows] = halvesOf(rows, seed, split)
    const [train, test] = casesOf(trial, arms, trainRows, testRows)
    const model = fitArms(train, APART)
    const predicted = arms.map((_, arm) => predictArm(test.design, model, arm))
    const means = armMeans(train)
    const value = (policy: Float64Array[]) => valueByPropensity(test, testRows, policy, assigned)
    const cheapest = costs.indexOf(Math.min(...costs))
    const none = value(arms.map((_, arm) => new Float64Array(testRows.length).fill(arm === cheapest ? 1 : 0)))
    const policies = {
      ours: allocate(predicted, costs, budget),
      untargeted: allocate(
        means.map((mean) => new Float64Array(testRows.length).fill(mean)),
        costs,
        budget,
      ),
    }
    for (const name of ['ours', 'untargeted'] as const) {
      gains[name].push(value(policies[name]) - none)
      spent[name].push(meanCost(policies[name], costs))
    }
    options.onProgress?.(split + 1)
  }
  const gain = (name: 'ours' | 'untargeted') => ({
    ...meanAndDeviation(gains[name]),
    meanCost: meanAndDeviation(spent[name]).mean,
  })
  return {
    rows: rows.length,
    arms: names,
    budget,
    ours: gain('ours'),
    untargeted: gain('untargeted'),
    difference: meanAndDeviation(gains.ours.map((each, split) => each - gains.untargeted[split])),
  }
}

/** By arm, the probability with which each row gets it; the mean cost is at most `budget`. */
export function allocate(predicted: Float64Array[], costs: number[], budget: number): Float64Array[] {
  const free = chosenAt(predicted, costs, 0)
  if (meanCost(free, costs) <= budget) return free
  let [low, high] = [0, 1]
  while (meanCost(chosenAt(predicted, costs, high), costs) > budget) high *= 2
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2
    if (meanCost(chosenAt(predicted, costs, middle), costs) > budget) low = middle
    else high = middle
  }
  const [dear, cheap] = [chosenAt(predicted, costs, low), chosenAt(predicted, costs, high)]
  const [most, least] = [meanCost(dear, costs), meanCost(cheap, costs)]
  const share = most === least ? 0 : (budget - least) / (most - least)
  return dear.map((column, arm) => column.map((value, i) => share * value + (1 - share) * cheap[arm][i]))
}

/** The best arm of each row at a price of cost; on ties the cheaper. */
function chosenAt(predicted: Float64Array[], costs: number[], price: number): Float64Array[] {
  const order = [...costs.keys()].sort((a, b) => costs[a] - costs[b])
  const policy = predicted.map((column) => new Float64Array(column.length))
  for (let i = 0; i < predicted[0].length; i++) {
    let best = order[0]
    for (const arm of order)
      if (predicted[arm][i] - price * costs[arm] > predicted[best][i] - price * costs[best]) best = arm
    policy[best][i] = 1
  }
  return policy
}

function meanCost(policy: Float64Array[], costs: number[]): number {
  let cost = 0
  policy.forEach((column, arm) => {
    for (const share of column) cost += share * costs[arm]
  })
  return cost / policy[0].length
}

function valueByPropensity(
  { arm, outcome }: Cases,
  rows: Uint32Array,
  policy: Float64Array[],
  assigned: Float64Array,
): number {
  let sum = 0
  for (let i = 0; i < rows.length; i++) sum += (policy[arm[i]][i] * outcome[i]) / assigned[rows[i]]
  return sum / rows.length
}

function armMeans({ arm, outcome, nArms }: Cases): number[] {
  const [sums, counts] = [new Float64Array(nArms), new Float64Array(nArms)]
  arm.forEach((each, i) => {
    sums[each] += outcome[i]
    counts[each]++
  })
  return Array.from(sums, (sum, each) => sum / counts[each])
}

/** By row of the table. */
function propensities(
  { table, armOf }: TrialTable,
  arms: number[],
  rows: Uint32Array,
  told: number | string | null,
): Float64Array {
  if (typeof told === 'number') return new Float64Array(armOf.length).fill(told)
  if (told === null) {
    const counts = arms.map((arm) => rows.reduce((count, row) => count + (armOf[row] === arm ? 1 : 0), 0))
    return Float64Array.from(armOf, (arm) => counts[arms.indexOf(arm)] / rows.length)
  }
  const column = table.numbers(told)
  const bad = rows.find((row) => !(column[row] > 0 && column[row] <= 1))
  if (bad !== undefined)
    throw new OfferwrightError('invalid_data', `column ${told}, row ${bad + 1}: no probability: ${column[bad]}`, {
      field: told,
      value: column[bad],
    })
  return column
}
