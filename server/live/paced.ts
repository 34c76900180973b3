/** What of live campaigns has a price, and where it stands. */
import type { Campaign } from '../../core/contract/campaigns.ts'
import { pricedLimits } from '../../core/scoring/campaigns/priced.ts'
import { parseWhen, Zone } from '../../core/scoring/campaigns/windows.ts'
import { type CampaignSlot, limitKey } from '../../core/store/budget-words.ts'

/** A resource of a live campaign that has a price while the campaign runs. */
export type Paced = PacedLimit | PacedReturn

interface PacedResource {
  campaign: string
  /** Where its price stands. */
  slot: number
  startsAt: number
  endsAt: number
}

export interface PacedLimit extends PacedResource {
  resource: 'budget' | 'stock'
  /** Under which the budgets know it. */
  key: string
  limit: number
}

export interface PacedReturn extends PacedResource {
  resource: 'return'
  floor: number
}

export interface Slots {
  slotOf: (campaign: Campaign, slot: CampaignSlot, limit: number) => number
  returnSlotOf: (campaign: string) => number
}

export function pacedResources(campaigns: Campaign[], slots: Slots): Paced[] {
  return campaigns.filter(({ state }) => state === 'live').flatMap((campaign) => resourcesOf(campaign, slots))
}

function resourcesOf(campaign: Campaign, { slotOf, returnSlotOf }: Slots): Paced[] {
  const { id, startsAt, endsAt } = campaign
  const zone = campaign.zone === undefined ? null : new Zone(campaign.zone)
  const common = { campaign: id, startsAt: parseWhen(startsAt, '', zone), endsAt: parseWhen(endsAt, '', zone) }
  const { budgetMinor, stock, returnFloor } = pricedLimits(campaign)
  const paced: Paced[] = []
  const addLimit = (resource: 'budget' | 'stock', of: CampaignSlot, limit: number) =>
    paced.push({ ...common, resource, key: limitKey(id, of), slot: slotOf(campaign, of, limit), limit })
  if (budgetMinor !== undefined) addLimit('budget', 'minor', budgetMinor)
  if (stock !== undefined) addLimit('stock', stock.slot, stock.limit)
  if (returnFloor !== undefined)
    paced.push({ ...common, resource: 'return', slot: returnSlotOf(id), floor: returnFloor })
  return paced
}
