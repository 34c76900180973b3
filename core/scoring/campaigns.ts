/** Campaigns: from the merchant's file to what one generation can look up. */
import { Compile } from 'typebox/compile'
import {
  Campaign,
  CampaignFile,
  DEFAULT_VALID_MINUTES,
  type Depth,
  POLICY_DEFAULTS,
  type PromotionPolicy,
  type Tier,
} from '../contract/campaigns.ts'
import { type Fault, OfferwrightError } from '../contract/errors.ts'
import type { ItemIndex } from '../contract/ids.ts'
import { BPS } from '../contract/money.ts'
import { parseInstant, parseJson, schemaFaults } from '../contract/parse.ts'
import { bitmapWords, MAX_ACTIONS, MAX_BOOSTING } from './arena.ts'
import type { Generation } from './generation.ts'
import { hashOf, itemIndexOf } from './keys.ts'
import { curveOf, logPriceOf } from './offers/response.ts'

const fileSchema = Compile(CampaignFile)
/** A campaign's faults are told for its own mechanism, not for every form a campaign may have. */
const campaignSchemas = new Map(Campaign.anyOf.map((form) => [form.properties.mechanism.const, Compile(form)]))

/** Parses and checks a campaign file as a whole. Throws `invalid_campaigns` with every fault found. */
export function parseCampaignFile(text: string, currency: string): CampaignFile {
  const value = parseJson(text, 'campaigns')
  const faults = structureFaults(value)
  if (faults.length === 0) faults.push(...meaningFaults(value as CampaignFile, currency))
  if (faults.length > 0)
    throw new OfferwrightError('invalid_campaigns', faults.map((fault) => fault.message).join('; '), {
      field: faults[0].field,
      value: faults[0].value,
      faults,
    })
  return value as CampaignFile
}

function structureFaults(value: unknown): Fault[] {
  if (fileSchema.Check(value)) return []
  const faults = schemaFaults(fileSchema.Errors(value), value).filter((fault) => !fault.field?.startsWith('campaigns['))
  const campaigns = (value as { campaigns?: unknown })?.campaigns
  if (!Array.isArray(campaigns)) return faults
  campaigns.forEach((campaign, position) => {
    const at = `campaigns[${position}]`
    const schema = campaignSchemas.get(campaign?.mechanism)
    if (schema === undefined) {
      const known = [...campaignSchemas.keys()].join(', ')
      const message = `invalid ${at}.mechanism: ${JSON.stringify(campaign?.mechanism)} (one of ${known})`
      faults.push({ code: 'invalid_value', message, field: `${at}.mechanism`, value: campaign?.mechanism })
    } else if (!schema.Check(campaign))
      for (const fault of schemaFaults(schema.Errors(campaign), campaign))
        faults.push({ ...fault, field: `${at}.${fault.field}`, message: `${at}: ${fault.message}` })
  })
  return faults
}

function meaningFaults(file: CampaignFile, currency: string): Fault[] {
  const faults: Fault[] = []
  const refuse = (field: string, value: unknown, remedy: string) =>
    faults.push({
      code: 'invalid_value',
      message: `invalid ${field}: ${JSON.stringify(value)} (${remedy})`,
      field,
      value,
    })
  if (file.currency !== currency) refuse('currency', file.currency, `the shop's currency is ${currency}`)
  const ids = new Set<string>()
  let steps = 0
  file.campaigns.forEach((campaign, position) => {
    const at = `campaigns[${position}]`
    if (ids.has(campaign.id)) refuse(`${at}.id`, campaign.id, 'an id stands once in the file')
    ids.add(campaign.id)
    steps += campaign.ladder.length
    try {
      if (parseInstant(campaign.startsAt, 'startsAt') >= parseInstant(campaign.endsAt, 'endsAt'))
        refuse(`${at}.endsAt`, campaign.endsAt, `must be later than startsAt ${campaign.startsAt}`)
    } catch (error) {
      if (!(error instanceof OfferwrightError)) throw error
      refuse(`${at}.${error.field}`, error.value, 'ISO 8601 with an offset, or milliseconds')
    }
    merchandiseFaults(campaign, at, refuse)
    if (campaign.mechanism === 'spend_threshold')
      campaign.ladder.forEach((tier, step) => {
        if (tier.rewardMinor >= tier.thresholdMinor)
          refuse(
            `${at}.ladder[${step}].rewardMinor`,
            tier.rewardMinor,
            `must be below the threshold ${tier.thresholdMinor}`,
          )
      })
  })
  const boosting = file.campaigns.filter(({ state, boost }) => state === 'live' && boost !== undefined).length
  if (boosting > MAX_BOOSTING) refuse('campaigns', boosting, `at most ${MAX_BOOSTING} live campaigns may boost`)
  if (steps >= MAX_ACTIONS) refuse('campaigns', steps, `at most ${MAX_ACTIONS - 1} ladder steps in all`)
  return faults
}

type Refuse = (field: string, value: unknown, remedy: string) => void

function merchandiseFaults({ boost, targets, pins = [] }: Campaign, at: string, refuse: Refuse): void {
  if (boost !== undefined && targets === undefined) refuse(`${at}.boost`, boost, 'needs targets: all items are none')
  const slots = new Set<number>()
  const items = new Set<string>()
  pins.forEach(({ item, slot }, i) => {
    if (slots.has(slot)) refuse(`${at}.pins[${i}].slot`, slot, 'a slot stands once in a campaign')
    if (items.has(item)) refuse(`${at}.pins[${i}].item`, item, 'an item stands once in a campaign')
    slots.add(slot)
    items.add(item)
  })
}

export interface Live {
  /** Position in the file: budgets and dual prices are kept in this order. */
  position: number
  id: string
  /** Low word of XXH64 of the id: contacts are kept under it. */
  hash: number
  startsAt: number
  endsAt: number
  validMs: number
  contactCap: { count: number; withinMs: number } | null
  marginFloorBps: number
  /** Bitmap of the items that it targets; null: all. */
  targets: Uint32Array | null
  /** 1: none. */
  boost: number
  pins: { item: ItemIndex; slot: number }[]
  /** Position of its response curve in the snapshot, or -1. */
  curve: number
}

export interface ItemCampaign extends Live {
  mechanism: 'coupon' | 'time_limited'
  steps: ItemStep[]
  code?: string
}

export interface BasketCampaign extends Live {
  mechanism: 'spend_threshold'
  steps: BasketStep[]
}

/** A step of a ladder. */
export interface ItemStep {
  on: ItemCampaign
  /** Counted from 0. */
  number: number
  /** The beginning of an entry in a row's list of actions: `"campaign#number`. */
  asLogged: string
  depth: Depth
  /** ln(1 − d) of a percentage; null for an amount, whose share is of the price. */
  logPrice: number | null
}

export interface BasketStep {
  on: BasketCampaign
  number: number
  asLogged: string
  tier: Tier
}

export interface CompiledCampaigns {
  revision: string
  /** Campaigns in the file. */
  count: number
  policy: PromotionPolicy
  /** Only those in state `live`, in the order of the file. */
  onItems: ItemCampaign[]
  onBasket: BasketCampaign[]
  /** Those that boost or pin. */
  merchandising: Live[]
  /** Every campaign of the file by its hash: what a shopper holds is honoured whatever state it has come to. */
  byHash: Map<number, ItemCampaign | BasketCampaign>
}

/** Resolves a parsed file against one generation's catalogue. `revision` names the file's content. */
export function compileCampaigns(g: Generation, file: CampaignFile, revision: string): CompiledCampaigns {
  const compiled: CompiledCampaigns = {
    revision,
    count: file.campaigns.length,
    policy: { ...POLICY_DEFAULTS, ...file.policy },
    onItems: [],
    onBasket: [],
    merchandising: [],
    byHash: new Map(),
  }
  file.campaigns.forEach((campaign, position) => {
    const live = liveOf(g, campaign, position)
    const isLive = campaign.state === 'live'
    if (isLive && (live.boost > 1 || live.pins.length > 0)) compiled.merchandising.push(live)
    if (campaign.mechanism === 'spend_threshold') {
      const on = basketCampaign(live, campaign.ladder)
      compiled.byHash.set(on.hash, on)
      if (isLive) compiled.onBasket.push(on)
    } else {
      const on = itemCampaign(live, campaign)
      compiled.byHash.set(on.hash, on)
      if (isLive) compiled.onItems.push(on)
    }
  })
  return compiled
}

function itemCampaign(live: Live, campaign: Exclude<Campaign, { mechanism: 'spend_threshold' }>): ItemCampaign {
  const on: ItemCampaign = { ...live, mechanism: campaign.mechanism, steps: [] }
  if (campaign.mechanism === 'coupon') on.code = campaign.code
  on.steps = campaign.ladder.map((depth, number) => ({
    on,
    number,
    asLogged: `"${on.id}#${number}`,
    depth,
    logPrice: 'percentBps' in depth ? logPriceOf(depth.percentBps / BPS) : null,
  }))
  return on
}

function basketCampaign(live: Live, ladder: Tier[]): BasketCampaign {
  const on: BasketCampaign = { ...live, mechanism: 'spend_threshold', steps: [] }
  on.steps = ladder.map((tier, number) => ({ on, number, asLogged: `"${on.id}#${number}`, tier }))
  return on
}

function liveOf(g: Generation, campaign: Campaign, position: number): Live {
  const { targets, contactCap } = campaign
  return {
    position,
    id: campaign.id,
    hash: hashOf(g, campaign.id).lo,
    startsAt: parseInstant(campaign.startsAt, 'startsAt'),
    endsAt: parseInstant(campaign.endsAt, 'endsAt'),
    validMs: (campaign.validMinutes ?? DEFAULT_VALID_MINUTES) * 60_000,
    contactCap: contactCap ? { count: contactCap.count, withinMs: contactCap.days * 86_400_000 } : null,
    marginFloorBps: campaign.marginFloorBps ?? 0,
    targets: targets === undefined ? null : targetBitmap(g, targets),
    boost: campaign.boost ?? 1,
    pins: (campaign.pins ?? []).map(({ item, slot }) => ({ item: itemIndexOf(g, item), slot })),
    curve: curveOf(g, campaign.id, campaign.mechanism),
  }
}

/** An item must match every list that is there. */
function targetBitmap(g: Generation, { items, categories, brands }: NonNullable<Campaign['targets']>): Uint32Array {
  const { category, brand } = g.tables.catalogue
  const named = items === undefined ? null : new Set(items.map((key) => itemIndexOf(g, key)))
  const inCategories = wantedCodes(categories, g.categoryCodes)
  const inBrands = wantedCodes(brands, g.brandCodes)
  const bitmap = new Uint32Array(bitmapWords(g.nItems))
  for (let item = 0; item < g.nItems; item++)
    if (
      (named === null || named.has(item)) &&
      (inCategories === null || inCategories[category.view[item]] === 1) &&
      (inBrands === null || inBrands[brand.view[item]] === 1)
    )
      bitmap[item >> 5] |= 1 << (item & 31)
  return bitmap
}

function wantedCodes(names: string[] | undefined, known: Map<string, number>): Uint8Array | null {
  if (names === undefined) return null
  const wanted = new Uint8Array(known.size)
  for (const name of names) {
    const code = known.get(name)
    if (code !== undefined) wanted[code] = 1
  }
  return wanted
}

export function targetsItem({ targets }: Pick<Live, 'targets'>, item: ItemIndex): boolean {
  return targets === null || ((targets[item >> 5] >>> (item & 31)) & 1) === 1
}
