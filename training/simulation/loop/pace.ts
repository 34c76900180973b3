/**
 * The price of a budget's minor unit, for every policy by the same rules.
 *
 * Before: of the actions weighed in a sample of visits, each choice takes the largest v − λ w; λ is the least price at
 * which the choices use no more than their share of the budget (one resource at a time, by bisection, in turn until they
 * agree: use falls as its own λ rises).
 * During: `core/scoring/pacing.ts`, for traffic that is even over the week as the loop's is.
 */
import {
  BUDGET_PACING,
  HOURS_OF_WEEK,
  nextDualPrice,
  type PacingPlan,
  type PacingState,
  startPacing,
} from '../../../core/scoring/pacing.ts'

/** No unit of a budget is worth more. */
const MOST = 64
const HALVINGS = 24
const TURNS = 6
const EVEN = new Float64Array(HOURS_OF_WEEK).fill(1 / HOURS_OF_WEEK)

/** Choices one after the other; those of choice c stand at `start[c]` to `start[c + 1]`. */
export class WeighedActions {
  readonly start: number[] = [0]
  readonly campaign: number[] = []
  readonly value: number[] = []
  /** Expected discount. */
  readonly use: number[] = []
  /** What the value falls by for each unit of θ, the share that is borrowed from later sales. */
  readonly borrowed: number[] = []

  add(campaign: number, value: number, use: number, borrowed = 0): void {
    this.campaign.push(campaign)
    this.value.push(value)
    this.use.push(use)
    this.borrowed.push(borrowed)
  }

  endChoice(): void {
    if (this.value.length > this.start[this.start.length - 1]) this.start.push(this.value.length)
  }
}

/** Prices at which the choices use at most `budgetMinor` of each campaign. */
export function plannedPrices(
  actions: WeighedActions,
  budgetMinor: Float64Array,
  borrowed = 0,
): Float64Array<ArrayBuffer> {
  const prices = new Float64Array(budgetMinor.length)
  for (let turn = 0; turn < TURNS; turn++)
    for (let campaign = 0; campaign < prices.length; campaign++) {
      prices[campaign] = 0
      if (usesAt(actions, prices, borrowed)[campaign] <= budgetMinor[campaign]) continue
      let [low, high] = [0, MOST]
      for (let halving = 0; halving < HALVINGS; halving++) {
        prices[campaign] = (low + high) / 2
        if (usesAt(actions, prices, borrowed)[campaign] > budgetMinor[campaign]) low = prices[campaign]
        else high = prices[campaign]
      }
      prices[campaign] = high
    }
  return prices
}

/** What the best actions use of each campaign. */
export function usesAt(actions: WeighedActions, prices: Float64Array, theta = 0): Float64Array {
  const { start, campaign, value, use, borrowed } = actions
  const uses = new Float64Array(prices.length)
  for (let choice = 0; choice + 1 < start.length; choice++) {
    let best = -1
    let bestWorth = 0
    for (let a = start[choice]; a < start[choice + 1]; a++) {
      const worth = value[a] - theta * borrowed[a] - prices[campaign[a]] * use[a]
      if (worth <= bestWorth) continue
      best = a
      bestWorth = worth
    }
    if (best >= 0) uses[campaign[best]] += use[best]
  }
  return uses
}

/** Prices that follow what is spent, by the law that the server uses. */
export class Pace {
  /** By position in the campaign file. */
  readonly prices: Float64Array
  private readonly budgetMinor: Float64Array
  private readonly plans: PacingPlan[]
  private readonly states: PacingState[]

  constructor(planned: Float64Array, budgetMinor: Float64Array, startMs: number, endMs: number) {
    this.prices = planned.slice()
    this.budgetMinor = budgetMinor
    this.plans = Array.from(planned, (dualPrice, campaign) => ({
      dualPrice,
      budget: budgetMinor[campaign],
      hourShares: EVEN,
      endMs,
    }))
    this.states = this.plans.map((plan) => startPacing(plan, { timeMs: startMs, spent: 0, outstanding: 0 }))
  }

  /** Offers do not outlast their visit, so nothing is outstanding. */
  tick(timeMs: number, remainingMinor: Float64Array): void {
    for (const [campaign, plan] of this.plans.entries()) {
      if (!Number.isFinite(plan.budget)) continue
      const spent = this.budgetMinor[campaign] - remainingMinor[campaign]
      this.states[campaign] = nextDualPrice(
        this.states[campaign],
        { timeMs, spent, outstanding: 0 },
        plan,
        BUDGET_PACING,
      )
      this.prices[campaign] = this.states[campaign].dualPrice
    }
  }
}
