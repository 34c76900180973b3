/**
 * A discount given to units, exact to the minor unit. Shares are proportional to what each unit pays; the minor units that
 * are left over go to the largest remainders, on ties to the unit that stands first. A unit never falls below its floor: what
 * would go below goes to the other units in the same way, as long as any has room.
 */
import { byNet, type Row, type UnitGroup } from './rows.ts'

/** A group with how far one of its units may fall. */
interface Open {
  row: number
  units: number
  netMinor: number
  floorMinor: number
  roomMinor: number
  takenMinor: number
}

/**
 * Takes up to `discountMinor` off `rows` and tells how much. `floors`: by row, what a unit must still pay; `mostMinor`: what
 * comes off one unit at most.
 */
export function allocate(rows: Row[], floors: number[], discountMinor: number, mostMinor: number): number {
  let open = rows.flatMap(({ groups }, row): Open[] =>
    groups.map(({ units, netMinor, floorMinor }) => {
      const roomMinor = Math.min(mostMinor, Math.max(0, netMinor - Math.max(floorMinor, floors[row])))
      return { row, units, netMinor, floorMinor, roomMinor, takenMinor: 0 }
    }),
  )
  const full: Open[] = []
  let left = discountMinor
  while (left > 0) {
    const spread = spreadOver(
      open.filter(({ roomMinor }) => roomMinor > 0),
      left,
    )
    full.push(...open.filter(({ roomMinor }) => roomMinor === 0))
    open = spread
    if (spread.length === 0) break
    const over = spread.filter(({ takenMinor, roomMinor }) => takenMinor >= roomMinor)
    if (over.length === 0) {
      left = 0
      break
    }
    // Those that reach their floor take what they may, and the rest is spread again over the others.
    for (const group of over) {
      group.takenMinor = group.roomMinor
      left -= group.units * group.roomMinor
      full.push(group)
    }
    open = joined(spread.filter((group) => !over.includes(group)))
  }
  settle(rows, floors, [...full, ...open])
  return discountMinor - left
}

/** Shares of `total` in proportion to the net; a group may part into two that differ by one minor unit. */
function spreadOver(groups: Open[], total: number): Open[] {
  const net = groups.reduce((sum, { units, netMinor }) => sum + units * netMinor, 0)
  if (net === 0) return []
  const given = Math.min(total, net)
  const shares = groups.map((group, position) => ({ group, position, ...dividedBy(given, group.netMinor, net) }))
  let left = given - shares.reduce((sum, { group, quotient }) => sum + group.units * quotient, 0)
  const result: Open[][] = groups.map(() => [])
  for (const { group, position, quotient } of shares.sort(
    (a, b) => Number(b.remainder - a.remainder) || a.position - b.position,
  )) {
    const more = Math.min(left, group.units)
    left -= more
    if (more > 0) result[position].push({ ...group, units: more, takenMinor: quotient + 1 })
    if (more < group.units) result[position].push({ ...group, units: group.units - more, takenMinor: quotient })
  }
  return result.flat()
}

/** a · b / c as whole number and remainder, exact for all amounts. */
function dividedBy(a: number, b: number, c: number): { quotient: number; remainder: bigint } {
  const product = BigInt(a) * BigInt(b)
  return { quotient: Number(product / BigInt(c)), remainder: product % BigInt(c) }
}

/** Groups that parted only for shares that do not count are one again. */
function joined(groups: Open[]): Open[] {
  const merged: Open[] = []
  for (const group of groups) {
    const same = merged.find(
      ({ row, netMinor, floorMinor }) =>
        row === group.row && netMinor === group.netMinor && floorMinor === group.floorMinor,
    )
    if (same === undefined) merged.push({ ...group, takenMinor: 0 })
    else same.units += group.units
  }
  return merged
}

/** The promotion's floor holds from now on for the units that it took something off. */
function settle(rows: Row[], floors: number[], groups: Open[]): void {
  rows.forEach((row, position) => {
    const own = groups.filter((group) => group.row === position)
    const settled: UnitGroup[] = []
    for (const group of own) {
      const netMinor = group.netMinor - group.takenMinor
      const floorMinor = Math.max(group.floorMinor, group.takenMinor > 0 ? floors[position] : 0)
      const same = settled.find((other) => other.netMinor === netMinor && other.floorMinor === floorMinor)
      if (same === undefined) settled.push({ units: group.units, netMinor, floorMinor })
      else same.units += group.units
    }
    row.groups = settled.sort(byNet)
  })
}
