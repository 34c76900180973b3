/**
 * A cart as promotions see it: units of one item at one price are one row, whatever lines they came in, and rows stand in the
 * order of their keys, so neither the order of lines nor how they are split changes anything. Units of a row that pay
 * different amounts, because a discount does not divide evenly, are groups of that row.
 */
import type { ItemIndex } from '../../contract/ids.ts'
import { BPS } from '../../contract/money.ts'
import type { CartLine } from '../../contract/requests.ts'
import type { Generation } from '../generation.ts'
import { itemIndexOf } from '../keys.ts'

/** Units of a row that pay the same, minor units each, and may fall to the same floor. */
export interface UnitGroup {
  units: number
  netMinor: number
  /** The largest floor of the promotions that touched them. */
  floorMinor: number
}

export interface Row {
  key: string
  /** -1: not in the snapshot. */
  item: ItemIndex
  priceMinor: number
  /** -1: not known. */
  costMinor: number
  units: number
  /** Largest net first, then largest floor. */
  groups: UnitGroup[]
}

/** Lines of an item that the snapshot does not know need a price of their own; `parse` has seen to that. */
export function rowsOf(g: Generation, cart: CartLine[]): Row[] {
  const rows = new Map<string, Row>()
  for (const { item: key, quantity = 1, priceMinor } of cart) {
    const item = itemIndexOf(g, key)
    const price = priceMinor ?? (item < 0 ? 0 : g.live.priceMinor[item])
    const name = `${key}\0${price}`
    const row = rows.get(name) ?? newRow(g, key, item, price)
    row.units += quantity
    row.groups[0].units += quantity
    rows.set(name, row)
  }
  return [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : b.priceMinor - a.priceMinor))
}

function newRow(g: Generation, key: string, item: ItemIndex, priceMinor: number): Row {
  const costMinor = item < 0 ? -1 : g.tables.catalogue.costMinor.view[item]
  const groups = [{ units: 0, netMinor: priceMinor, floorMinor: 0 }]
  return { key, item, priceMinor, costMinor, units: 0, groups }
}

/** The order of the units of a row. */
export function byNet(a: UnitGroup, b: UnitGroup): number {
  return b.netMinor - a.netMinor || b.floorMinor - a.floorMinor
}

export function copyOf(rows: Row[]): Row[] {
  return rows.map((row) => ({ ...row, groups: row.groups.map((group) => ({ ...group })) }))
}

export function netOf(rows: Row[]): number {
  let net = 0
  for (const { groups } of rows) for (const { units, netMinor } of groups) net += units * netMinor
  return net
}

export function listOf(rows: Row[]): number {
  return rows.reduce((sum, { units, priceMinor }) => sum + units * priceMinor, 0)
}

/**
 * What a unit must still pay under a margin floor, the same test as the guards of a decision: net − cost ≥ floor share of net,
 * and never below cost. Where the cost is not known, a floor above 0 lets nothing come off.
 */
export function floorOf({ costMinor, priceMinor }: Row, marginFloorBps: number): number {
  if (costMinor < 0) return marginFloorBps > 0 ? priceMinor : 0
  if (marginFloorBps >= BPS) return costMinor === 0 ? 0 : Number.POSITIVE_INFINITY
  return Math.ceil((costMinor * BPS) / (BPS - marginFloorBps))
}
