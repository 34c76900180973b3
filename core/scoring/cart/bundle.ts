/**
 * Buy some, get others for less. The cheapest units that may be given are the ones given; what is bought for them are other
 * units of the cart. It counts as often as there are units for both.
 */
import { percentDiscount } from '../../contract/money.ts'
import type { Refusal } from '../../contract/quotes.ts'
import type { Live } from '../campaigns/compile.ts'
import { targetsItem } from '../campaigns/targets.ts'
import { type Applied, type Limits, take } from './promotion.ts'
import { byNet, type Row, type UnitGroup } from './rows.ts'

export function applyBundle(rows: Row[], live: Live, limits: Limits): Applied | Refusal {
  const campaign = live.definition
  if (campaign.mechanism !== 'bundle' || live.bundle === null) return 'no_item'
  const { buy, get, maxTimes = Number.POSITIVE_INFINITY } = campaign
  const { buyTargets, getTargets } = live.bundle
  const isFor = (targets: Uint32Array | null, row: Row) =>
    targets === null || (row.item >= 0 && targetsItem({ targets }, row.item))
  const mayBuy = rows.map((row) => isFor(buyTargets, row))
  const mayGet = rows.map((row) => isFor(getTargets, row))
  const unitsWhere = (may: boolean[]) => rows.reduce((sum, { units }, r) => sum + (may[r] ? units : 0), 0)
  const most = Math.min(
    maxTimes,
    Math.floor(unitsWhere(mayGet) / get.quantity),
    Math.floor(unitsWhere(mayBuy) / buy.quantity),
  )
  let times = 0
  let given: Row[] = []
  for (let t = most; t > 0 && times === 0; t--) {
    const cheapest = cheapestUnits(rows, mayGet, t * get.quantity)
    const bought = rows.reduce((sum, { units }, r) => sum + (mayBuy[r] ? units - cheapest[r].units : 0), 0)
    if (bought < t * buy.quantity) continue
    times = t
    given = cheapest
  }
  if (times === 0) return 'no_item'
  const net = given.reduce((sum, { groups }) => sum + groups.reduce((s, g) => s + g.units * g.netMinor, 0), 0)
  const wanted =
    'percentBps' in get
      ? percentDiscount(net, get.percentBps)
      : given.reduce(
          (sum, { groups }) => sum + groups.reduce((s, g) => s + g.units * Math.min(get.amountMinor, g.netMinor), 0),
          0,
        )
  const applied = take(given, live, wanted, limits, 'amountMinor' in get ? get.amountMinor : undefined)
  if (typeof applied !== 'string')
    rows.forEach((row, r) => {
      merge(row, given[r])
    })
  return applied
}

/** By row, the part of it that is among the `count` cheapest units; on ties the unit that stands last. */
function cheapestUnits(rows: Row[], may: boolean[], count: number): Row[] {
  const picked: UnitGroup[][] = rows.map(() => [])
  const groups = rows
    .flatMap((row, r) => (may[r] ? row.groups.map((group) => ({ group, r })) : []))
    .reverse()
    .sort((a, b) => a.group.netMinor - b.group.netMinor)
  let left = count
  for (const { group, r } of groups) {
    const units = Math.min(left, group.units)
    left -= units
    if (units > 0) picked[r].push({ ...group, units })
  }
  return rows.map((row, r) => ({
    ...row,
    units: picked[r].reduce((sum, { units }) => sum + units, 0),
    groups: picked[r].sort(byNet),
  }))
}

/** Puts what was given in place of the units that it was made of: the last of the row. */
function merge(row: Row, given: Row): void {
  let left = given.units
  const kept = [...row.groups].reverse().map((group) => {
    const some = Math.min(left, group.units)
    left -= some
    return { ...group, units: group.units - some }
  })
  row.groups = [...kept.filter(({ units }) => units > 0), ...given.groups].sort(byNet)
}
