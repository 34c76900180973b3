import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatMinor,
  honestBps,
  MAX_AMOUNT_MINOR,
  parseMinor,
  percentDiscount,
  roundMinor,
} from '../../core/contract/money.ts'

const amount = fc.integer({ min: 0, max: MAX_AMOUNT_MINOR })
const bps = fc.integer({ min: 0, max: 10_000 })
const currency = fc.constantFrom('GBP', 'JPY', 'KWD')

describe('money', () => {
  it('reads what it writes, in every number of digits', () => {
    fc.assert(
      fc.property(fc.integer({ min: -MAX_AMOUNT_MINOR, max: MAX_AMOUNT_MINOR }), currency, (minor, code) => {
        expect(parseMinor(formatMinor(minor, code), code)).toBe(minor)
      }),
    )
  })

  it('rounds halves away from zero, alike on both sides of it', () => {
    expect([0.5, 1.5, 2.4, -0.5, -1.5, -0.4].map(roundMinor)).toEqual([1, 2, 2, -1, -2, 0])
    expect(parseMinor('2.345', 'GBP')).toBe(235)
    expect(parseMinor('-2.345', 'GBP')).toBe(-235)
    expect(parseMinor('7.5', 'JPY')).toBe(8)
    fc.assert(
      fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (x) => {
        expect(roundMinor(-x)).toBe(0 - roundMinor(x))
      }),
    )
  })

  it('equals exact rational arithmetic for every percentage', () => {
    fc.assert(
      fc.property(amount, bps, (price, share) => {
        const exact = (BigInt(price) * BigInt(share) * 2n + 10_000n) / 20_000n
        expect(percentDiscount(price, share)).toBe(Number(exact))
      }),
    )
  })

  it('never discounts more than the price and never claims more than it gives', () => {
    fc.assert(
      fc.property(amount, bps, (price, share) => {
        const discount = percentDiscount(price, share)
        expect(discount).toBeGreaterThanOrEqual(0)
        expect(discount).toBeLessThanOrEqual(price)
        expect(honestBps(price, discount) * price).toBeLessThanOrEqual(discount * 10_000)
      }),
    )
  })

  it('refuses what is not an amount', () => {
    for (const text of ['', '1,5', '1e3', 'NaN', '--1', '99999999999'])
      expect(() => parseMinor(text, 'GBP')).toThrow(text || 'amount')
    expect(() => parseMinor('1', 'XXQ')).toThrow('XXQ')
  })
})
