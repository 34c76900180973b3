/** Campaigns as one generation looks them up: a parsed file resolved against its catalogue and its response curves. */
import {
  type Audience,
  type Campaign,
  type CampaignFile,
  DEFAULT_VALID_MINUTES,
  type Depth,
  isPersonal,
  isSingleUse,
  type Mechanism,
  POLICY_DEFAULTS,
  type PromotionPolicy,
  type Targets,
  type Tier,
} from '../../contract/campaigns.ts'
import type { ItemIndex } from '../../contract/ids.ts'
import { BPS, percentDiscount } from '../../contract/money.ts'
import type { Generation } from '../generation.ts'
import type { Piece } from '../json-pieces.ts'
import { hashOf, itemIndexOf } from '../keys.ts'
import type { PlannedTier } from '../offers/basket.ts'
import { loggedSteps, loggedTiers } from '../offers/logged.ts'
import { ItemPlans } from '../offers/plans.ts'
import { curveOf, logPriceOf } from '../offers/response.ts'
import { targetBitmap } from './targets.ts'
import { type DayWindow, dayWindows, parseWhen, Zone } from './windows.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export interface Live {
  /** Position in the file: budgets and dual prices are kept in this order. */
  position: number
  id: string
  mechanism: Mechanism
  /** As the merchant wrote it. */
  definition: Campaign
  /** Low word of XXH64 of the id: contacts are kept under it. */
  hash: number
  startsAt: number
  endsAt: number
  /** Null: at any hour. */
  hours: { windows: DayWindow[]; zone: Zone } | null
  validMs: number
  contactCap: { count: number; withinMs: number } | null
  /** Redemptions of one shopper; Infinity where there is no limit. */
  perShopper: number
  holdoutBps: number
  audience: Audience | null
  marginFloorBps: number
  /** r: least margin won for each minor unit expected off, over the whole campaign; 0: no floor. */
  returnFloor: number
  priority: number
  /** Of one group at most one takes effect. */
  group: string
  /** Bitmap of the items that it targets; null: all. */
  targets: Uint32Array | null
  /** 1: none. */
  boost: number
  pins: { item: ItemIndex; slot: number }[]
  /** Position of its response curve in the snapshot, or -1. */
  curve: number
  code: string | undefined
  /** Counts with a code of its own only. */
  isSingleUse: boolean
  /** Of those, one that decisions offer too. */
  isPersonal: boolean
  /** Which items are bought and which are given; null where it is no bundle. */
  bundle: { buyTargets: Uint32Array | null; getTargets: Uint32Array | null } | null
  /** What there is to choose from; none where the engine chooses nothing of it. */
  steps: (ItemStep | BasketStep)[]
  /** How often its one tier may count; 1 unless it counts for every threshold spent. */
  maxTimes: number
}

/** A campaign whose steps are weighed for single items. */
export interface ItemCampaign extends Live {
  steps: ItemStep[]
}

/** A campaign whose steps promise something for a basket that reaches a subtotal. */
export interface BasketCampaign extends Live {
  steps: BasketStep[]
  /** By segment, the tiers above an empty cart; filled as they are asked for. */
  ofEmptyCart: PlannedTier[][]
}

/** A step of a ladder. */
export interface ItemStep {
  on: Live
  /** Counted from 0. */
  number: number
  depth: Depth
  /** ln(1 − d) of a percentage; null for an amount, whose share is of the price. */
  logPrice: number | null
}

export interface BasketStep {
  on: Live
  number: number
  tier: Tier
  /** ln(1 − d) of the reward's share of the threshold. */
  logPrice: number
}

export interface CompiledCampaigns {
  revision: string
  policy: PromotionPolicy
  /** In the order of the file, in whatever state. */
  all: Live[]
  /** Only those in state `live`, in the order of the file. */
  onItems: ItemCampaign[]
  /** Of `onItems`, for every item that was asked for. */
  plans: ItemPlans
  onBasket: BasketCampaign[]
  /** All their steps as a row lists them, or -1. */
  loggedOnBasket: Piece
  /** And what they promise an empty cart, or -1. */
  tiersOfEmptyCart: Piece
  /** Those that boost or pin. */
  merchandising: Live[]
  /** What is left of their limits as a decision goes on; each begins by filling them. By position in the file. */
  left: { minor: Float64Array; uses: Float64Array }
  /** What a minor unit off costs, see `dual-prices.ts`; each decision begins by filling it. By position in the file. */
  perMinor: Float64Array
  /** Every campaign of the file by its hash: what a shopper holds is honoured whatever state it has come to. */
  byHash: Map<number, Live>
}

/** Resolves a parsed file against one generation's catalogue. `revision` names the file's content. */
export function compileCampaigns(g: Generation, file: CampaignFile, revision: string): CompiledCampaigns {
  const all = file.campaigns.map((campaign, position) => liveOf(g, campaign, position))
  const live = all.filter(({ definition }) => definition.state === 'live')
  const policy = { ...POLICY_DEFAULTS, ...file.policy }
  const onItems = live.flatMap(itemCampaigns)
  const onBasket = live.flatMap(basketCampaigns)
  const stepsOnBasket = onBasket.flatMap(({ steps }) => steps)
  return {
    revision,
    policy,
    all,
    onItems,
    plans: new ItemPlans(onItems, policy, g.nItems),
    onBasket,
    loggedOnBasket: g.pieces.of(loggedSteps(stepsOnBasket)),
    tiersOfEmptyCart: g.pieces.of(loggedTiers(stepsOnBasket)),
    merchandising: live.filter(({ boost, pins }) => boost > 1 || pins.length > 0),
    left: { minor: new Float64Array(all.length), uses: new Float64Array(all.length) },
    perMinor: new Float64Array(all.length),
    byHash: new Map(all.map((campaign) => [campaign.hash, campaign])),
  }
}

/**
 * Coupons that need no minimum spend and time-limited discounts; what depends on a cart is not an item's to give. The steps are
 * put into the campaign: copies that differ in layout made every look at a field of a campaign a search, 5 µs a decision.
 */
function itemCampaigns(live: Live): ItemCampaign[] {
  const { definition } = live
  const isItems =
    definition.mechanism === 'time_limited' ||
    (definition.mechanism === 'coupon' && definition.scope !== 'basket' && definition.minimumSpendMinor === undefined)
  if (!isItems || (live.isSingleUse && !live.isPersonal)) return []
  const on: ItemCampaign = Object.assign(live, { steps: [] })
  on.steps = definition.ladder.map((depth, number) => ({
    on,
    number,
    depth,
    logPrice: 'percentBps' in depth ? logPriceOf(depth.percentBps / BPS) : null,
  }))
  return [on]
}

/** What a subtotal earns: spend thresholds, and coupons and free shipping from a minimum spend on. */
function basketCampaigns(live: Live): BasketCampaign[] {
  const tiers = tiersOf(live.definition)
  if (tiers.length === 0 || live.isSingleUse) return []
  const { definition } = live
  const every = definition.mechanism === 'spend_threshold' && definition.every === true
  const maxTimes = every ? (definition.maxTimes ?? Number.POSITIVE_INFINITY) : 1
  const on: BasketCampaign = Object.assign(live, { steps: [], ofEmptyCart: [], maxTimes })
  on.steps = tiers.map((tier, number) => basketStep(on, number, tier))
  return [on]
}

export function basketStep(on: Live, number: number, tier: Tier): BasketStep {
  const logPrice = logPriceOf(tier.rewardMinor / tier.thresholdMinor)
  return { on, number, tier, logPrice }
}

function tiersOf(campaign: Campaign): Tier[] {
  if (campaign.mechanism === 'spend_threshold') return campaign.ladder
  if (campaign.mechanism !== 'coupon' && campaign.mechanism !== 'free_shipping') return []
  const thresholdMinor = campaign.minimumSpendMinor
  if (thresholdMinor === undefined) return []
  if (campaign.mechanism === 'free_shipping') return [{ thresholdMinor, rewardMinor: campaign.costMinor }]
  if (campaign.scope !== 'basket') return []
  return campaign.ladder.map((depth) => ({
    thresholdMinor,
    rewardMinor: 'percentBps' in depth ? percentDiscount(thresholdMinor, depth.percentBps) : depth.amountMinor,
  }))
}

/** Campaigns of one level are one group unless the merchant groups them. */
export function levelOf(campaign: Campaign): 'item' | 'bundle' | 'basket' | 'shipping' {
  switch (campaign.mechanism) {
    case 'coupon':
      return campaign.scope === 'basket' ? 'basket' : 'item'
    case 'time_limited':
      return 'item'
    case 'bundle':
      return 'bundle'
    case 'spend_threshold':
      return 'basket'
    case 'free_shipping':
      return 'shipping'
  }
}

function liveOf(g: Generation, campaign: Campaign, position: number): Live {
  const { targets, contactCap, hours } = campaign
  const zone = campaign.zone === undefined ? null : new Zone(campaign.zone)
  return {
    position,
    id: campaign.id,
    mechanism: campaign.mechanism,
    definition: campaign,
    hash: hashOf(g, campaign.id).lo,
    startsAt: parseWhen(campaign.startsAt, 'startsAt', zone),
    endsAt: parseWhen(campaign.endsAt, 'endsAt', zone),
    hours: hours === undefined ? null : { windows: dayWindows(hours), zone: zone ?? new Zone('UTC') },
    validMs: (campaign.validMinutes ?? DEFAULT_VALID_MINUTES) * MINUTE_MS,
    contactCap: contactCap ? { count: contactCap.count, withinMs: contactCap.days * DAY_MS } : null,
    perShopper: campaign.limits?.perShopper ?? Number.POSITIVE_INFINITY,
    holdoutBps: campaign.holdoutBps ?? 0,
    audience: campaign.audience ?? null,
    marginFloorBps: campaign.marginFloorBps ?? 0,
    returnFloor: (campaign.returnFloorBps ?? 0) / BPS,
    priority: campaign.priority ?? 0,
    group: campaign.group ?? levelOf(campaign),
    targets: targets === undefined ? null : targetBitmap(g, targets),
    boost: campaign.boost ?? 1,
    pins: (campaign.pins ?? []).map(({ item, slot }) => ({ item: itemIndexOf(g, item), slot })),
    curve: curveOf(g, campaign.id, campaign.mechanism, tiersOf(campaign).length === 0 ? 'item' : 'basket'),
    isSingleUse: isSingleUse(campaign),
    isPersonal: isPersonal(campaign),
    code: campaign.mechanism === 'coupon' ? campaign.code : undefined,
    bundle: campaign.mechanism === 'bundle' ? bundleOf(g, campaign) : null,
    steps: [],
    maxTimes: 1,
  }
}

/** Where one side names no targets, the campaign's count for it. */
function bundleOf(g: Generation, { targets, buy, get }: Extract<Campaign, { mechanism: 'bundle' }>): Live['bundle'] {
  const bitmap = (own: Targets | undefined) => {
    const wanted = own ?? targets
    return wanted === undefined ? null : targetBitmap(g, wanted)
  }
  return { buyTargets: bitmap(buy.targets), getTargets: bitmap(get.targets) }
}
