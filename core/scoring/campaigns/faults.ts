/** What a campaign may not mean although its form is right. Each check tells every fault that it finds. */
import {
  type Campaign,
  type CampaignFile,
  isPersonal,
  POLICY_DEFAULTS,
  type Targets,
  type Tier,
} from '../../contract/campaigns.ts'
import { checkCondition } from '../../contract/conditions.ts'
import { OfferwrightError } from '../../contract/errors.ts'
import { levelOf } from './compile.ts'
import { parseWhen, Zone } from './windows.ts'

export type Refuse = (field: string, value: unknown, remedy: string) => void
type Check = (campaign: Campaign, at: string, refuse: Refuse) => void

export const CHECKS: readonly Check[] = [
  timeFaults,
  budgetFaults,
  ladderFaults,
  targetFaults,
  merchandiseFaults,
  singleUseFaults,
]

function timeFaults({ startsAt, endsAt, zone: name, hours }: Campaign, at: string, refuse: Refuse): void {
  const told = <Result>(check: () => Result): Result | null => {
    try {
      return check()
    } catch (error) {
      if (!(error instanceof OfferwrightError)) throw error
      refuse(`${at}.${error.field}`, error.value, remedyOf(error))
      return null
    }
  }
  const zone = name === undefined ? null : told(() => new Zone(name))
  if (name !== undefined && zone === null) return
  const from = told(() => parseWhen(startsAt, 'startsAt', zone))
  const to = told(() => parseWhen(endsAt, 'endsAt', zone))
  if (from !== null && to !== null && from >= to)
    refuse(`${at}.endsAt`, endsAt, `must be later than startsAt ${startsAt}`)
  if (hours !== undefined && name === undefined)
    refuse(`${at}.hours`, hours, 'hours are of a zone: add "zone", such as "Europe/Berlin"')
}

function budgetFaults(campaign: Campaign, at: string, refuse: Refuse): void {
  const { pacing, budgetMinor, limits, returnFloorBps, mechanism } = campaign
  const stock = mechanism === 'time_limited' ? campaign.stockSetAside : undefined
  if (pacing !== undefined && budgetMinor === undefined && limits?.total === undefined && stock === undefined)
    refuse(`${at}.pacing`, pacing, 'paces what there is a limited amount of: add "budgetMinor" or "limits.total"')
  if (returnFloorBps !== undefined && mechanism === 'bundle')
    refuse(`${at}.returnFloorBps`, returnFloorBps, 'holds offers that are weighed, and no bundle is: leave it out')
}

/** What stands in brackets behind the value. */
function remedyOf({ message }: OfferwrightError): string {
  return /\((.*)\)$/.exec(message)?.[1] ?? message
}

function ladderFaults(campaign: Campaign, at: string, refuse: Refuse): void {
  if (campaign.mechanism !== 'spend_threshold') return
  const { ladder, every, maxTimes } = campaign
  ladder.forEach(({ thresholdMinor, rewardMinor }, step) => {
    const field = `${at}.ladder[${step}].rewardMinor`
    if (rewardMinor >= thresholdMinor) refuse(field, rewardMinor, `must be below the threshold ${thresholdMinor}`)
    else if (isUnreachable(ladder, step))
      refuse(field, rewardMinor, 'a tier that asks for less gives as much: raise the reward or leave the tier out')
  })
  if (every === true && ladder.length > 1) refuse(`${at}.every`, every, 'needs a ladder of one tier')
  if (maxTimes !== undefined && every !== true) refuse(`${at}.maxTimes`, maxTimes, 'counts only with "every": true')
}

/** Nobody gains by going on to it. */
function isUnreachable(ladder: Tier[], step: number): boolean {
  const { thresholdMinor, rewardMinor } = ladder[step]
  return ladder.some(
    (tier, other) => other !== step && tier.thresholdMinor <= thresholdMinor && tier.rewardMinor >= rewardMinor,
  )
}

function targetFaults(campaign: Campaign, at: string, refuse: Refuse): void {
  const check = (targets: Targets | undefined, field: string) => {
    if (targets?.where === undefined) return
    try {
      checkCondition(targets.where, `${field}.where`)
    } catch (error) {
      if (!(error instanceof OfferwrightError)) throw error
      refuse(error.field ?? field, error.value, remedyOf(error))
    }
  }
  check(campaign.targets, `${at}.targets`)
  if (campaign.mechanism !== 'bundle') return
  check(campaign.buy.targets, `${at}.buy.targets`)
  check(campaign.get.targets, `${at}.get.targets`)
}

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

function singleUseFaults(campaign: Campaign, at: string, refuse: Refuse): void {
  if (campaign.mechanism !== 'coupon' || campaign.codes === undefined) return
  const { code, codes, ladder, scope, minimumSpendMinor } = campaign
  if (codes === 'personal' && (scope === 'basket' || minimumSpendMinor !== undefined))
    refuse(
      `${at}.codes`,
      codes,
      'decisions give codes for items alone: leave out "scope" and "minimumSpendMinor", or take "single_use"',
    )
  if (code !== undefined)
    refuse(`${at}.codes`, codes, 'one code for all, or codes that are good once: leave out "code"')
  if (ladder.length > 1)
    refuse(
      `${at}.ladder`,
      ladder,
      'every code that is good once takes off the same: leave one step, or make two campaigns',
    )
}

/** A code must say which campaign it is of, as long as both can be used. */
export function codeFaults(campaigns: Campaign[], refuse: Refuse): void {
  const seen = new Map<string, number>()
  campaigns.forEach((campaign, position) => {
    if (campaign.mechanism !== 'coupon' || campaign.code === undefined || campaign.state === 'ended') return
    const other = seen.get(campaign.code)
    if (other === undefined) seen.set(campaign.code, position)
    else refuse(`campaigns[${position}].code`, campaign.code, `campaigns[${other}] has the same code; end one of them`)
  })
}

/** Where prices are the same for all, nobody has a code of their own. */
export function personalFaults({ policy, campaigns }: CampaignFile, refuse: Refuse): void {
  if (policy?.prices !== 'same_for_all') return
  campaigns.forEach((campaign, position) => {
    if (isPersonal(campaign))
      refuse(`campaigns[${position}].codes`, 'personal', 'policy.prices is "same_for_all": take "single_use"')
  })
}

/** Carts that a quote would try before it knows the best: about a hundredth of a second. */
const MOST_COMBINATIONS = 512

/** Stacking tries every combination of one or none of each group; on items a group is one choice, made row by row. */
export function stackingFaults({ policy, campaigns }: CampaignFile, refuse: Refuse): void {
  const stacking = policy?.stacking ?? POLICY_DEFAULTS.stacking
  if (stacking === 'priority') return
  const groups = new Map<string, number>()
  for (const campaign of campaigns) {
    if (campaign.state !== 'live') continue
    const level = levelOf(campaign)
    const key = `${level} ${campaign.group ?? level}`
    groups.set(key, level === 'item' ? 1 : (groups.get(key) ?? 0) + 1)
  }
  const combinations = [...groups.values()].reduce((product, members) => product * (members + 1), 1)
  if (combinations > MOST_COMBINATIONS)
    refuse(
      'policy.stacking',
      stacking,
      `its ${groups.size} groups combine in ${combinations} ways, at most ${MOST_COMBINATIONS}: put campaigns that need not add up into one group, or stack by priority`,
    )
}
