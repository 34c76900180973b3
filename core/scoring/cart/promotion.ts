/**
 * What one campaign takes off a cart as it stands. A percentage is rounded once, over everything of the campaign that
 * qualifies; an amount counts for each unit; a tier is earned by what is paid for the qualifying rows.
 */
import type { Campaign, Depth, Tier } from '../../contract/campaigns.ts'
import { BPS, percentDiscount } from '../../contract/money.ts'
import type { Refusal } from '../../contract/quotes.ts'
import type { Live, levelOf } from '../campaigns/compile.ts'
import { targetsItem } from '../campaigns/targets.ts'
import { allocate } from './allocate.ts'
import { byNet, copyOf, floorOf, listOf, netOf, type Row } from './rows.ts'

export interface Applied {
  campaign: Live
  discountMinor: number
  /** What of it could not be given, and why. */
  notGivenMinor: number
  limitedBy: 'margin_floor' | 'total_cap' | null
}

/** A campaign that may count for this cart, with the depth or the tier that the shopper may have. */
export interface Entitled {
  live: Live
  /** Of a coupon or a time-limited discount. */
  depth: Depth | null
  /** Of an offer that the shopper holds: for one unit of one item. */
  onlyItem: number | null
  /** In place of the campaign's own tiers. */
  heldTier: Tier | null
}

export type Level = ReturnType<typeof levelOf>
export const LEVELS: readonly Level[] = ['item', 'bundle', 'basket', 'shipping']

/** What is left to take off: the cap on the whole cart, and the campaign's budget. */
export interface Limits {
  marginFloorBps: number
  capMinor: number
  remainingMinor: (live: Live) => number
}

export function qualifies({ live, onlyItem }: Entitled, { item }: Row): boolean {
  if (onlyItem !== null) return item === onlyItem
  return live.targets === null || (item >= 0 && targetsItem(live, item))
}

/** What a depth says for a row, before floors. */
function rowDiscount(depth: Depth | null, row: Row): number {
  if (depth === null) return 0
  if ('percentBps' in depth) return percentDiscount(netOf([row]), depth.percentBps)
  return row.groups.reduce((sum, { units, netMinor }) => sum + units * Math.min(depth.amountMinor, netMinor), 0)
}

/** What a campaign would take off a row if there were no other and no limit but the floors. */
export function discountAlone(row: Row, entitled: Entitled, marginFloorBps: number): number {
  const limits = { marginFloorBps, capMinor: Number.POSITIVE_INFINITY, remainingMinor: () => Number.POSITIVE_INFINITY }
  const applied = applyToItems(copyOf([row]), entitled, limits)
  return typeof applied === 'string' ? 0 : applied.discountMinor
}

/** Takes a campaign's discount off the rows that it has won. */
export function applyToItems(rows: Row[], entitled: Entitled, limits: Limits): Applied | Refusal {
  const { depth } = entitled
  const parts = entitled.onlyItem === null ? rows : rows.map(oneUnit)
  const wanted = parts.reduce((sum, row) => sum + rowDiscount(depth, row), 0)
  const total = depth !== null && 'percentBps' in depth ? percentDiscount(netOf(parts), depth.percentBps) : wanted
  const most = depth !== null && 'amountMinor' in depth ? depth.amountMinor : undefined
  const applied = take(parts, entitled.live, total, limits, most)
  if (entitled.onlyItem !== null)
    rows.forEach((row, i) => {
      putBack(row, parts[i])
    })
  return applied
}

/** The dearest unit of a row as a row of its own. */
function oneUnit(row: Row): Row {
  return { ...row, units: 1, groups: [{ ...row.groups[0], units: 1 }] }
}

function putBack(row: Row, one: Row): void {
  row.groups[0].units--
  row.groups = [...row.groups.filter(({ units }) => units > 0), ...one.groups].sort(byNet)
}

/** A coupon on the basket, a spend threshold: once over what is paid for the qualifying rows. */
export function applyToBasket(rows: Row[], entitled: Entitled, limits: Limits): Applied | Refusal {
  const net = netOf(rows)
  const reward = basketReward(entitled, net)
  return typeof reward === 'string' ? reward : take(rows, entitled.live, Math.min(net, reward), limits)
}

function basketReward({ live, depth, heldTier }: Entitled, net: number): number | Refusal {
  const campaign = live.definition
  if (heldTier !== null) return net >= heldTier.thresholdMinor ? heldTier.rewardMinor : 'below_threshold'
  if (campaign.mechanism === 'spend_threshold') return tierReward(campaign, net)
  if (isBelowMinimum(campaign, net)) return 'minimum_spend'
  if (depth === null) return 'not_offered'
  return 'percentBps' in depth ? percentDiscount(net, depth.percentBps) : depth.amountMinor
}

export function isBelowMinimum(campaign: Campaign, net: number): boolean {
  return 'minimumSpendMinor' in campaign && net < (campaign.minimumSpendMinor ?? 0)
}

function tierReward(
  { ladder, every, maxTimes = Number.POSITIVE_INFINITY }: ThresholdCampaign,
  net: number,
): number | Refusal {
  if (every === true) {
    const [{ thresholdMinor, rewardMinor }] = ladder
    const times = Math.min(maxTimes, Math.floor(net / thresholdMinor))
    return times === 0 ? 'below_threshold' : times * rewardMinor
  }
  const reached = ladder.filter(({ thresholdMinor }) => net >= thresholdMinor)
  return reached.length === 0 ? 'below_threshold' : Math.max(...reached.map(({ rewardMinor }) => rewardMinor))
}

type ThresholdCampaign = Extract<Campaign, { mechanism: 'spend_threshold' }>

/** Takes `wantedMinor` off the rows, at most `mostMinor` off a unit, as far as the cap and the floors let it; nothing where the budget has less. */
export function take(
  rows: Row[],
  live: Live,
  wantedMinor: number,
  limits: Limits,
  mostMinor = Number.POSITIVE_INFINITY,
): Applied | Refusal {
  if (wantedMinor === 0) return 'no_item'
  const capped = Math.min(wantedMinor, limits.capMinor)
  if (capped === 0) return 'total_cap'
  if (capped > limits.remainingMinor(live)) return 'budget_exhausted'
  const floorBps = Math.max(live.marginFloorBps, limits.marginFloorBps)
  const discountMinor = allocate(
    rows,
    rows.map((row) => floorOf(row, floorBps)),
    capped,
    mostMinor,
  )
  if (discountMinor === 0) return 'margin_floor'
  const limitedBy = discountMinor < capped ? 'margin_floor' : capped < wantedMinor ? 'total_cap' : null
  return { campaign: live, discountMinor, notGivenMinor: wantedMinor - discountMinor, limitedBy }
}

/** Largest discount that a cart may get in all. */
export function capOf(rows: Row[], maxDiscountBps: number): number {
  return Math.floor((listOf(rows) * maxDiscountBps) / BPS)
}
