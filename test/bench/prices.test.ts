import { describe, expect, it } from 'vitest'
import { priceShop, truePieces } from '../../bench/price-shop.ts'
import { benchPrices } from '../../bench/prices.ts'

describe('bench prices', () => {
  it('finds a regret between none and that of leaving prices as they are', () => {
    const { ladder, markdown } = benchPrices({ items: 40, seeds: 2, seed: 5 }, () => {})
    for (const { mean, interval, bySeed, unchanged } of [ladder, markdown]) {
      expect(Math.min(...bySeed)).toBeGreaterThanOrEqual(0)
      expect(interval[0]).toBeLessThanOrEqual(mean)
      expect(mean).toBeLessThan(0.02)
      expect(unchanged).toBeGreaterThan(mean)
    }
  })

  it('draws sales with the mean of the demand that it knows', () => {
    const { items, table } = priceShop(20, 3)
    const sold = new Float64Array(20)
    for (const item of table.item) sold[item]++
    const atList = items.map((item) => 104 * truePieces(item, item.listMinor))
    const more = sold.map((count, i) => count / atList[i])
    expect(Math.min(...more)).toBeGreaterThan(1)
    expect(Math.max(...more)).toBeLessThan(2.5)
  })

  it('draws the same shop from the same seed', () => {
    expect(priceShop(10, 4).table).toEqual(priceShop(10, 4).table)
    expect(priceShop(10, 4).items).not.toEqual(priceShop(10, 5).items)
  })
})
