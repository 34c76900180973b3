import { expect, it } from 'vitest'
import { NO_INDEX } from '../../../training/duckdb.ts'
import { gainsOverPriceAlone } from '../../../training/effects/price-alone.ts'
import { curvesOfMechanisms, learnResponse } from '../../../training/effects/response.ts'
import type { ResponseRows } from '../../../training/effects/response-rows.ts'
import { drawnRows } from './response-truth.ts'

const gainsOf = (rows: ResponseRows) => gainsOverPriceAlone(rows, learnResponse(rows))
const drawn = (show: number, slope: number, seed: number) =>
  drawnRows({ rows: 20_000, shoppers: 2000, show: [show, show], slope: [slope, slope], seed })

it('confirms a mechanism that does more, or less, than its price', () => {
  for (const [show, slope] of [
    [0.6, 1],
    [0, 0],
  ]) {
    const [coupon] = gainsOf(drawn(show, slope, 3))
    expect(coupon.mechanism).toBe('coupon')
    expect(coupon.interval[0]).toBeGreaterThan(0)
    expect(coupon.gain).toBeGreaterThan(coupon.interval[0])
    expect(coupon.gain).toBeLessThan(coupon.interval[1])
  }
})

it('confirms none that does what its price does, but for one time in twenty at most', () => {
  const confirmed = Array.from({ length: 12 }, (_, seed) => gainsOf(drawn(0, 1, 50 + seed))[0].interval[0] > 0)
  expect(confirmed.filter(Boolean).length).toBeLessThanOrEqual(1)
})

it('confirms none that nobody was offered', () => {
  expect(gainsOf(drawn(0.6, 1, 3))[1]).toEqual({ mechanism: 'time_limited', gain: 0, interval: [0, 0] })
})

it('takes impressions where nobody is known one by one', () => {
  const rows = drawn(0.6, 1, 3)
  const [known] = gainsOf(rows)
  const [unknown] = gainsOf({ ...rows, shopper: rows.shopper.map(() => NO_INDEX) })
  expect(unknown.interval[0]).toBeGreaterThan(0)
  expect(unknown.gain / known.gain).toBeCloseTo(1, 0)
})

it('keeps the curves of a mechanism with those of its campaigns', () => {
  const rows = drawnRows({ rows: 20_000, shoppers: 2000, show: [0, 0.9], slope: [0.2, 1.2], seed: 5 })
  const learned = learnResponse(rows)
  const all = curvesOfMechanisms(learned, rows.campaigns, () => true)
  expect(all).toEqual({ names: learned.names, curves: learned.curves })
  const { names, curves } = curvesOfMechanisms(learned, rows.campaigns, (mechanism) => mechanism === 'coupon')
  expect(names).toEqual(['autumn', 'mechanism:coupon', 'spring'])
  const length = learned.curves.length / 4
  expect(curves).toEqual(
    Float32Array.of(...learned.curves.subarray(0, 2 * length), ...learned.curves.subarray(3 * length)),
  )
  expect(curvesOfMechanisms(learned, rows.campaigns, () => false).names).toEqual([])
})
