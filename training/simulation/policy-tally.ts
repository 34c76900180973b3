/**
 * What each policy sold. The difference in margin to the first policy is summed per shopper, whose visits hang together:
 *   total = Σ_s d_s,   95 % interval = total ± 1.96 √(n · var(d)),   d_s the shopper's difference, n shoppers
 */
import { SHOPPER_TYPES, type ShopperType, type TruthParameters } from './parameters.ts'

export interface PolicyTotals {
  policy: string
  /** Visits with at least one purchase. */
  orders: number
  units: number
  revenueMinor: number
  /** What was taken off the units sold. */
  discountMinor: number
  /** Revenue less the true cost of what was sold. */
  marginMinor: number
  incrementalMarginMinor: number
  incrementalMargin95: [low: number, high: number]
  /** Of the shoppers of each type that came: share that was shown at least one offer. */
  offeredShare: Record<ShopperType, number>
}

interface Shown {
  priceMinor: number
  discountMinor: number
  costMinor: number
  buys: boolean
}

class Account {
  orders = 0
  units = 0
  revenueMinor = 0
  discountMinor = 0
  marginMinor = 0
  /** Of the visit that runs. */
  bought = false
  readonly marginByShopper: Float64Array
  readonly offeredTo: Uint8Array

  constructor(shoppers: number) {
    this.marginByShopper = new Float64Array(shoppers)
    this.offeredTo = new Uint8Array(shoppers)
  }
}

export class Tally {
  visits = 0
  private readonly names: string[]
  private readonly accounts: Account[]
  /** By shopper of the sample: type + 1, or 0 before the first visit. */
  private readonly came: Uint8Array
  private shopper = -1

  constructor(names: string[], shoppers: number) {
    this.names = names
    this.accounts = names.map(() => new Account(shoppers))
    this.came = new Uint8Array(shoppers)
  }

  startVisit(shopper: number, type: number): void {
    this.visits++
    this.shopper = shopper
    this.came[shopper] = type + 1
  }

  show(policy: number, { priceMinor, discountMinor, costMinor, buys }: Shown): void {
    const account = this.accounts[policy]
    if (discountMinor > 0) account.offeredTo[this.shopper] = 1
    if (!buys) return
    const paidMinor = priceMinor - discountMinor
    account.bought = true
    account.units++
    account.revenueMinor += paidMinor
    account.discountMinor += discountMinor
    account.marginMinor += paidMinor - costMinor
    account.marginByShopper[this.shopper] += paidMinor - costMinor
  }

  endVisit(): void {
    for (const account of this.accounts) {
      if (account.bought) account.orders++
      account.bought = false
    }
  }

  totals({ types }: Pick<TruthParameters, 'types'>): PolicyTotals[] {
    return this.accounts.map((account, policy) => {
      const { orders, units, revenueMinor, discountMinor, marginMinor } = account
      return {
        policy: this.names[policy],
        orders,
        units,
        revenueMinor,
        discountMinor,
        marginMinor,
        ...incremental(account.marginByShopper, this.accounts[0].marginByShopper),
        offeredShare: this.offeredShare(
          account,
          types.map(({ type }) => type),
        ),
      }
    })
  }

  private offeredShare(account: Account, types: ShopperType[]): Record<ShopperType, number> {
    const share = Object.fromEntries(SHOPPER_TYPES.map((type) => [type, 0])) as Record<ShopperType, number>
    types.forEach((type, code) => {
      let came = 0
      let offered = 0
      for (let shopper = 0; shopper < this.came.length; shopper++) {
        if (this.came[shopper] !== code + 1) continue
        came++
        offered += account.offeredTo[shopper]
      }
      share[type] = came === 0 ? 0 : offered / came
    })
    return share
  }
}

function incremental(
  margin: Float64Array,
  reference: Float64Array,
): Pick<PolicyTotals, 'incrementalMarginMinor' | 'incrementalMargin95'> {
  const n = margin.length
  const total = margin.reduce((sum, value, shopper) => sum + value - reference[shopper], 0)
  const squares = margin.reduce((sum, value, shopper) => sum + (value - reference[shopper] - total / n) ** 2, 0)
  const half = n < 2 ? Number.POSITIVE_INFINITY : 1.96 * Math.sqrt((n * squares) / (n - 1))
  return { incrementalMarginMinor: total, incrementalMargin95: [total - half, total + half] }
}
