/**
 * What of a campaign file is allowed and yet hardly meant, judged against one catalogue and one moment. A warning stops
 * nothing: a campaign for items that come next week is right today.
 */
import { type Campaign, type CampaignFile, isPersonal, isSingleUse, type Targets } from '../../contract/campaigns.ts'
import type { Generation } from '../generation.ts'
import { itemIndexOf } from '../keys.ts'
import { traitCodeOf } from '../traits.ts'
import { type CompiledCampaigns, type Live, levelOf } from './compile.ts'

export interface Warning {
  /** Path in the file, `campaigns[2].targets.brands[0]`. */
  field: string
  value: unknown
  remedy: string
}

type Warn = (field: string, value: unknown, remedy: string) => void

/** `now`: milliseconds since 1970. */
export function campaignWarnings(
  g: Generation,
  file: CampaignFile,
  { all }: CompiledCampaigns,
  now: number,
): Warning[] {
  const warnings: Warning[] = []
  const warn: Warn = (field, value, remedy) => warnings.push({ field, value, remedy })
  file.campaigns.forEach((campaign, position) => {
    if (campaign.state === 'ended') return
    const at = `campaigns[${position}]`
    if (all[position].endsAt <= now) warn(`${at}.endsAt`, campaign.endsAt, 'is over: end the campaign or move its end')
    warnOfTargets(g, campaign, all[position], at, warn)
    warnOfAudience(g, campaign, at, warn)
    warnOfOverlap(all, position, at, warn)
    if (isSingleUse(campaign) && !isPersonal(campaign)) warnOfOfferTerms(campaign, at, warn)
  })
  return warnings
}

function warnOfTargets(g: Generation, campaign: Campaign, live: Live, at: string, warn: Warn): void {
  const check = (targets: Targets | undefined, bitmap: Uint32Array | null, field: string) => {
    if (targets === undefined) return
    warnOfNames(targets.items, (key) => itemIndexOf(g, key) >= 0, `${field}.items`, 'item', warn)
    warnOfNames(targets.categories, (name) => g.categoryCodes.has(name), `${field}.categories`, 'category', warn)
    warnOfNames(targets.brands, (name) => g.brandCodes.has(name), `${field}.brands`, 'brand', warn)
    if (bitmap?.every((word) => word === 0)) warn(field, targets, 'match no item of the catalogue')
  }
  check(campaign.targets, live.targets, `${at}.targets`)
  if (campaign.mechanism === 'bundle') {
    check(campaign.buy.targets, live.bundle?.buyTargets ?? null, `${at}.buy.targets`)
    check(campaign.get.targets, live.bundle?.getTargets ?? null, `${at}.get.targets`)
  }
  campaign.pins?.forEach(({ item }, i) => {
    if (itemIndexOf(g, item) < 0) warn(`${at}.pins[${i}].item`, item, 'no such item in the catalogue')
  })
}

function warnOfNames(
  names: string[] | undefined,
  isKnown: (name: string) => boolean,
  field: string,
  kind: string,
  warn: Warn,
): void {
  names?.forEach((name, i) => {
    if (!isKnown(name)) warn(`${field}[${i}]`, name, `no such ${kind} in the catalogue`)
  })
}

function warnOfAudience(g: Generation, { audience }: Campaign, at: string, warn: Warn): void {
  audience?.anyOf?.forEach((trait, i) => {
    if (traitCodeOf(g, trait) < 0)
      warn(`${at}.audience.anyOf[${i}]`, trait, 'no imported shopper has this trait; only a request can tell it')
  })
}

/** Terms of offers, where there are none. */
function warnOfOfferTerms(campaign: Campaign, at: string, warn: Warn): void {
  for (const term of ['pacing', 'contactCap', 'validMinutes', 'returnFloorBps'] as const)
    if (campaign[term] !== undefined)
      warn(`${at}.${term}`, campaign[term], 'does nothing: a campaign whose codes are good once is not offered')
}

/** Campaigns that exclude each other for some time on the same items. One warning a campaign: about the first other. */
function warnOfOverlap(all: Live[], position: number, at: string, warn: Warn): void {
  const own = all[position]
  const others = all.slice(0, position).filter((other) => excludes(own, other))
  if (others.length === 0) return
  const more = others.length === 1 ? '' : ` and ${others.length - 1} more`
  warn(
    `${at}.startsAt`,
    own.definition.startsAt,
    `runs at the same time as campaigns[${others[0].position}]${more}, on the same items and in the same group "${own.group}": only one of them counts`,
  )
}

function excludes(own: Live, other: Live): boolean {
  return (
    other.definition.state !== 'ended' &&
    levelOf(other.definition) === levelOf(own.definition) &&
    other.group === own.group &&
    other.startsAt < own.endsAt &&
    own.startsAt < other.endsAt &&
    shareItems(own.targets, other.targets)
  )
}

/** Null: all items. */
function shareItems(a: Uint32Array | null, b: Uint32Array | null): boolean {
  if (a === null || b === null) return (a ?? b)?.some((word) => word !== 0) ?? true
  return a.some((word, w) => (word & b[w]) !== 0)
}
