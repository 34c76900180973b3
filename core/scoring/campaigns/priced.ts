/** What of a campaign has a price: what is to last, and what is owed. */
import type { Campaign } from '../../contract/campaigns.ts'
import { BPS } from '../../contract/money.ts'
import type { Allocation } from '../../snapshot/manifest.ts'
import { type DualPrices, noPrices } from '../dual-prices.ts'
import { HIGHEST_RETURN_PRICE } from '../return-pacing.ts'
import type { Live } from './compile.ts'

export interface PricedLimits {
  budgetMinor?: number
  /** Offers that may be used; of two limits on their number only the lower one can become scarce. */
  stock?: { slot: 'uses' | 'stock'; limit: number }
  /** r */
  returnFloor?: number
}

export function pricedLimits(campaign: Campaign): PricedLimits {
  const { pacing, budgetMinor, limits, returnFloorBps } = campaign
  const priced: PricedLimits = {}
  if (returnFloorBps !== undefined) priced.returnFloor = returnFloorBps / BPS
  if (pacing === undefined) return priced
  if (budgetMinor !== undefined) priced.budgetMinor = budgetMinor
  const stock = campaign.mechanism === 'time_limited' ? campaign.stockSetAside : undefined
  const uses = limits?.total
  if (uses !== undefined && (stock === undefined || uses <= stock)) priced.stock = { slot: 'uses', limit: uses }
  else if (stock !== undefined) priced.stock = { slot: 'stock', limit: stock }
  return priced
}

/** The prices that a server starts from, by position in the file. `allocation`: of the snapshot. */
export function plannedPrices(all: Live[], allocation: Allocation = {}): DualPrices {
  const prices = noPrices(all.length)
  for (const { id, position, definition } of all) {
    if (!Object.hasOwn(allocation, id)) continue
    const { dualPrice, stockDualPrice = 0, returnDualPrice = 0 } = allocation[id]
    const { budgetMinor, stock, returnFloor } = pricedLimits(definition)
    if (budgetMinor !== undefined) prices.budget[position] = dualPrice
    if (stock !== undefined) prices.stock[position] = stockDualPrice
    if (returnFloor !== undefined) prices.return[position] = Math.min(HIGHEST_RETURN_PRICE, returnDualPrice)
  }
  return prices
}
