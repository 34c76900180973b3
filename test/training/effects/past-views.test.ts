import { describe, expect, it } from 'vitest'
import { EVENT_KINDS } from '../../../core/contract/events.ts'
import type { EventTable } from '../../../training/dataset.ts'
import { NO_INDEX } from '../../../training/duckdb.ts'
import { classRowsOf } from '../../../training/effects/class-rows.ts'
import { NO_VIEWS, pastViews } from '../../../training/effects/past-views.ts'
import { drawnRows } from './response-truth.ts'

const HOUR = 3_600_000
const ELASTICITY = [-2, -3]
const USUAL = [1000, 0]

interface Event {
  kind: (typeof EVENT_KINDS)[number]
  shopper: number
  item: number
  hour: number
  priceMinor?: number
  discountMinor?: number
}

function tableOf(events: Event[]): EventTable {
  return {
    length: events.length,
    shopper: Uint32Array.from(events, ({ shopper }) => shopper),
    item: Uint32Array.from(events, ({ item }) => item),
    kind: Uint8Array.from(events, ({ kind }) => EVENT_KINDS.indexOf(kind)),
    timeMs: Float64Array.from(events, ({ hour }) => hour * HOUR),
    quantity: new Int32Array(events.length).fill(1),
    priceMinor: Int32Array.from(events, ({ priceMinor }) => priceMinor ?? -1),
    discountMinor: Int32Array.from(events, ({ discountMinor }) => discountMinor ?? 0),
  }
}

const viewed = (shopper: number, item: number, hour: number, priceMinor?: number, discountMinor?: number): Event => ({
  kind: 'view',
  shopper,
  item,
  hour,
  priceMinor,
  discountMinor,
})

describe('views before the log', () => {
  const views = pastViews(
    tableOf([
      viewed(0, 0, 0, 1000),
      viewed(0, 0, 1, 1000, 200),
      { kind: 'purchase', shopper: 0, item: 0, hour: 2 },
      viewed(1, 1, 3, 500, 100),
      viewed(1, 0, 4),
      viewed(NO_INDEX, 0, 5, 1000),
      viewed(1, 0, 6, 800),
      { kind: 'purchase', shopper: 1, item: 1, hour: 30 },
      viewed(0, 1, 40, 500),
      { kind: 'purchase', shopper: 0, item: 1, hour: 41 },
    ]),
    ELASTICITY,
    USUAL,
    40 * HOUR,
  )

  it('are those of known shoppers that tell their price', () => {
    expect([...views.shopper]).toEqual([0, 0, 1, 1])
    expect([...views.offered]).toEqual([0, 1, 1, 0])
  })

  it('are bought within a day, unless the item was looked at again before', () => {
    expect([...views.bought]).toEqual([0, 1, 0, 0])
  })

  it('move the odds by list price and discount together, by the discount alone where no usual price is known', () => {
    expect(views.move[0]).toBeCloseTo(0, 12)
    expect(views.move[1]).toBeCloseTo(-2 * Math.log(0.8), 12)
    expect(views.move[2]).toBeCloseTo(-3 * Math.log(0.8), 12)
    expect(views.move[3]).toBeCloseTo(-2 * Math.log(0.8), 12)
  })

  it('stand with the logged rows of their shopper; those of nobody are left out', () => {
    const rows = drawnRows({ rows: 40, shoppers: 3, show: [0, 0], slope: [1, 1], listed: 1, seed: 2 })
    rows.shopper[5] = NO_INDEX
    const against = Float64Array.from(rows.shopper.keys())
    const shifts = [
      { show: 0.1, slope: 0.5 },
      { show: -0.1, slope: -0.5 },
    ]
    const { indptr, ...joined } = classRowsOf(rows, views, against, -2, shifts)
    expect(indptr[3]).toBe(39 + 4)
    expect([...joined.isPast.subarray(0, 3)]).toEqual([1, 1, 0])
    expect([...joined.move.subarray(0, 2)]).toEqual([...views.move.subarray(0, 2)])
    const place = indptr[0] + 2
    const row = rows.shopper.indexOf(0)
    const t = rows.campaign[row] < 0 ? 0 : rows.elasticity[row] * Math.log(1 - rows.discount[row])
    const shift = rows.campaign[row] < 0 ? { show: 0, slope: 0 } : shifts[rows.campaign[row]]
    expect(joined.known[place]).toBeCloseTo(row + shift.show + shift.slope * t, 9)
    expect(joined.move[place]).toBeCloseTo(t + rows.listed[row], 9)
    expect(joined.score[place]).toBeCloseTo(rows.offset[row] + 2, 9)
    const bought = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b)
    expect(bought(joined.bought)).toBe(bought(rows.bought) - rows.bought[5] + 1)
    expect(classRowsOf(rows, NO_VIEWS, against, -2, shifts).indptr[3]).toBe(39)
  })
})
