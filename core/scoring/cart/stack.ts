/**
 * Which promotions a cart gets where not all of them can count. Campaigns of one group exclude each other: on a row among
 * those on items, in the whole order among all others. Groups of a level follow each other by the highest priority in them,
 * levels in the order item, bundle, basket, shipping; each sees what the ones before have left to pay.
 *
 *   priority           of each group the first that takes anything off
 *   best_for_shopper   of all combinations, group by group one or none, the one that takes most off the whole cart
 *   best_for_shop      the one that takes least, where every group that could take something does
 *
 * Ties: fewer promotions, then the first in the order of priority and file. On items, a group's choice is made row by row.
 */
import type { PromotionPolicy } from '../../contract/campaigns.ts'
import type { Refusal } from '../../contract/quotes.ts'
import { type Live, levelOf } from '../campaigns/compile.ts'
import { applyBundle } from './bundle.ts'
import {
  type Applied,
  applyToBasket,
  applyToItems,
  discountAlone,
  type Entitled,
  isBelowMinimum,
  LEVELS,
  type Level,
  type Limits,
  qualifies,
} from './promotion.ts'
import { copyOf, netOf, type Row } from './rows.ts'

export interface Group {
  level: Level
  name: string
  /** By priority, then in the order of the file. */
  members: Entitled[]
}

/** A cart in some state of being discounted. */
export interface Stacked {
  rows: Row[]
  shippingMinor: number
  capMinor: number
  applied: Applied[]
}

export interface Stacking {
  policy: PromotionPolicy
  remainingMinor: (live: Live) => number
}

export function groupsOf(entitled: Entitled[]): Group[] {
  const groups = new Map<string, Group>()
  for (const each of [...entitled].sort(byPriority)) {
    const level = levelOf(each.live.definition)
    const key = `${level} ${each.live.group}`
    const group = groups.get(key) ?? { level, name: each.live.group, members: [] }
    group.members.push(each)
    groups.set(key, group)
  }
  return [...groups.values()].sort(
    (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || byPriority(a.members[0], b.members[0]),
  )
}

function byPriority({ live: a }: Entitled, { live: b }: Entitled): number {
  return b.priority - a.priority || a.position - b.position
}

/** The stacking of all groups, from the first on. */
export function stack(stacking: Stacking, groups: Group[], cart: Stacked): Stacked {
  if (groups.length === 0) return cart
  const [group, ...rest] = groups
  const { stacking: mode } = stacking.policy
  const outcomes = outcomesOf(stacking, group, cart)
  if (outcomes.length === 0) return stack(stacking, rest, cart)
  if (mode === 'priority') return stack(stacking, rest, outcomes[0])
  const open = mode === 'best_for_shopper' ? [...outcomes, cart] : outcomes
  const sign = mode === 'best_for_shopper' ? 1 : -1
  return open
    .map((outcome) => stack(stacking, rest, outcome))
    .reduce((best, next) => {
      const gain = sign * (discountOf(next) - discountOf(best))
      return gain > 0 || (gain === 0 && next.applied.length < best.applied.length) ? next : best
    })
}

export function discountOf({ applied }: Stacked): number {
  return applied.reduce((sum, { discountMinor }) => sum + discountMinor, 0)
}

/** The carts that one group can make of this one, best in order first; none that takes nothing off. */
function outcomesOf(stacking: Stacking, group: Group, cart: Stacked): Stacked[] {
  if (group.level === 'item') {
    const outcome = onItems(stacking, group.members, cart)
    return outcome.applied.length > cart.applied.length ? [outcome] : []
  }
  return group.members.flatMap((member) => {
    const after = { ...cart, rows: copyOf(cart.rows) }
    const applied = applyMember(stacking, group.level, member, after)
    return typeof applied === 'string' ? [] : [withApplied(after, applied, group.level)]
  })
}

function withApplied(cart: Stacked, applied: Applied, level: Level): Stacked {
  const { discountMinor } = applied
  const isShipping = level === 'shipping'
  return {
    ...cart,
    shippingMinor: cart.shippingMinor - (isShipping ? discountMinor : 0),
    capMinor: cart.capMinor - (isShipping ? 0 : discountMinor),
    applied: [...cart.applied, applied],
  }
}

/** Why a member takes nothing off, or what it does; changes the rows of `cart`. */
export function applyMember(stacking: Stacking, level: Level, member: Entitled, cart: Stacked): Applied | Refusal {
  const limits = limitsOf(stacking, cart)
  if (level === 'shipping') return freeShipping(member, cart, limits)
  if (level === 'bundle') return applyBundle(cart.rows, member.live, limits)
  const rows = cart.rows.filter((row) => qualifies(member, row))
  if (rows.length === 0) return 'no_item'
  if (level === 'basket') return applyToBasket(rows, member, limits)
  if (isBelowMinimum(member.live.definition, netOf(rows))) return 'minimum_spend'
  return applyToItems(rows, member, limits)
}

function limitsOf({ policy, remainingMinor }: Stacking, { capMinor }: Stacked): Limits {
  return { marginFloorBps: policy.marginFloorBps, capMinor, remainingMinor }
}

function freeShipping({ live, heldTier }: Entitled, cart: Stacked, { remainingMinor }: Limits): Applied | Refusal {
  const net = netOf(cart.rows.filter((row) => qualifies({ live, heldTier, depth: null, onlyItem: null }, row)))
  if (live.definition.mechanism !== 'free_shipping' || cart.shippingMinor === 0) return 'no_item'
  if (net < (heldTier?.thresholdMinor ?? live.definition.minimumSpendMinor ?? 0)) return 'minimum_spend'
  if (live.definition.costMinor > remainingMinor(live)) return 'budget_exhausted'
  return { campaign: live, discountMinor: cart.shippingMinor, notGivenMinor: 0, limitedBy: null }
}

/** Row by row the deepest, the shallowest or the first member; then each member once over the rows that it has won. */
function onItems(stacking: Stacking, members: Entitled[], cart: Stacked): Stacked {
  const { stacking: mode } = stacking.policy
  const open = members.filter(
    (member) => !isBelowMinimum(member.live.definition, netOf(cart.rows.filter((row) => qualifies(member, row)))),
  )
  const won = cart.rows.map((row) => {
    const able = open
      .filter((member) => qualifies(member, row))
      .map((member) => ({ member, off: discountAlone(row, member, stacking.policy.marginFloorBps) }))
      .filter(({ off }) => off > 0)
    if (mode === 'priority' || able.length === 0) return able[0]?.member
    const sign = mode === 'best_for_shopper' ? 1 : -1
    return able.reduce((best, next) => (sign * (next.off - best.off) > 0 ? next : best)).member
  })
  let after: Stacked = { ...cart, rows: copyOf(cart.rows) }
  for (const member of open) {
    const rows = after.rows.filter((_, r) => won[r] === member)
    const applied = rows.length === 0 ? 'no_item' : applyToItems(rows, member, limitsOf(stacking, after))
    if (typeof applied !== 'string') after = withApplied(after, applied, 'item')
  }
  return after
}
