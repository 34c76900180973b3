/** What one policy sold, spent and gave to whom in one period. */
import type { ShopperTruth } from '../truth.ts'
import type { Visit } from './plan.ts'

/** Share of the items shown to a group that came with an offer, and the mean share of the price taken off them all. */
export interface GroupShare {
  offered: number
  takenOff: number
}

export interface PolicyFigures {
  policy: string
  visits: number
  /** Expected under the truth; revenue less the true cost of what is sold. */
  marginMinor: number
  /** Of the shoppers outside the hold-out. */
  treatedMarginMinor: number
  expectedUnits: number
  /** Drawn, as all that follows: what the shop counts. */
  orders: number
  units: number
  revenueMinor: number
  /** By campaign. */
  spentMinor: number[]
  budgetMinor: number[]
  byTier: GroupShare[]
  byType: GroupShare[]
}

class Group {
  shown = 0
  offered = 0
  takenOff = 0

  share(): GroupShare {
    if (this.shown === 0) return { offered: 0, takenOff: 0 }
    return { offered: this.offered / this.shown, takenOff: this.takenOff / this.shown }
  }
}

export class Account {
  private readonly policy: string
  private readonly budgetMinor: number[]
  private readonly spentMinor: number[]
  private readonly tiers: Group[]
  private readonly types: Group[]
  private visits = 0
  private marginMinor = 0
  private treatedMarginMinor = 0
  private expectedUnits = 0
  private orders = 0
  private units = 0
  private revenueMinor = 0
  /** Of the visit that runs. */
  private hasBought = false
  private heldOut = false
  private tier = 0
  private type = 0

  constructor(policy: string, budgetMinor: Float64Array, groups: { tiers: number; types: number }) {
    this.policy = policy
    this.budgetMinor = [...budgetMinor]
    this.spentMinor = this.budgetMinor.map(() => 0)
    this.tiers = Array.from({ length: groups.tiers }, () => new Group())
    this.types = Array.from({ length: groups.types }, () => new Group())
  }

  startVisit({ heldOut }: Visit, { tier, type }: ShopperTruth): void {
    this.visits++
    this.hasBought = false
    this.heldOut = heldOut
    this.tier = tier
    this.type = type
  }

  show(priceMinor: number, discountMinor: number): void {
    for (const group of [this.tiers[this.tier], this.types[this.type]]) {
      group.shown++
      if (discountMinor === 0) continue
      group.offered++
      group.takenOff += discountMinor / priceMinor
    }
  }

  expect(units: number, marginMinor: number): void {
    this.expectedUnits += units
    this.marginMinor += marginMinor
    if (!this.heldOut) this.treatedMarginMinor += marginMinor
  }

  /** `campaign`: position in its file, -1 where nothing was taken off. */
  sell(priceMinor: number, discountMinor: number, campaign: number): void {
    if (!this.hasBought) this.orders++
    this.hasBought = true
    this.units++
    this.revenueMinor += priceMinor - discountMinor
    if (campaign >= 0) this.spentMinor[campaign] += discountMinor
  }

  figures(): PolicyFigures {
    const { policy, visits, marginMinor, treatedMarginMinor, expectedUnits, orders, units, revenueMinor } = this
    return {
      policy,
      visits,
      marginMinor,
      treatedMarginMinor,
      expectedUnits,
      orders,
      units,
      revenueMinor,
      spentMinor: this.spentMinor,
      budgetMinor: this.budgetMinor,
      byTier: this.tiers.map((group) => group.share()),
      byType: this.types.map((group) => group.share()),
    }
  }
}
