import { describe, expect, it } from 'vitest'
import { basketRows, learnBasketResponse } from '../../../training/effects/basket-response.ts'
import { clusteredFit } from '../../../training/effects/clustered.ts'
import { fitResponse } from '../../../training/effects/response-fit.ts'
import { type BasketTruth, drawnBaskets, MODEL } from './basket-truth.ts'

const learn = (truth: BasketTruth) => learnBasketResponse(basketRows(drawnBaskets(truth), MODEL))

/** How far what a curve says at t is from the truth, in its standard errors. */
function missed(curve: number[], t: number, { show, slope }: BasketTruth): number {
  const [learnedShow, learnedSlope, varShow, cov, varSlope] = curve
  const se = Math.sqrt(varShow + 2 * t * cov + t * t * varSlope)
  return (learnedShow + learnedSlope * t - show - slope * t) / se
}

describe('what is learned of a basket’s offer', () => {
  it('is what tiers do, although the policy promises most to those who buy anyway', () => {
    for (const [show, slope] of [
      [0.5, 1.3],
      [-0.4, 0.6],
    ]) {
      const z = Array.from({ length: 6 }, (_, seed) => {
        const truth = { choices: 12_000, seed: 10 + seed, show, slope }
        const { curves } = learn(truth)
        expect([...curves.keys()]).toEqual(['full', 'mechanism:spend_threshold'])
        return [0.21, 0.71].map((t) => missed(curves.get('full') ?? [], t, truth))
      }).flat()
      expect(Math.max(...z.map(Math.abs))).toBeLessThan(3.2)
      expect(z.reduce((sum, value) => sum + value ** 2, 0) / z.length).toBeLessThan(2)
    }
  })

  it('is not used where tiers do what their price does, but for one time in twenty at most', () => {
    const confirmed = Array.from({ length: 10 }, (_, seed) =>
      learn({ choices: 4000, seed: 100 + seed, show: 0, slope: 1 }),
    ).filter(({ curves }) => curves.size > 0)
    expect(confirmed.length).toBeLessThanOrEqual(1)
  })

  it('follows what the cart lacks as far as carts of this shop do', () => {
    const { gapSlope } = learn({ choices: 12_000, seed: 3, show: 0.5, slope: 1 })
    expect(gapSlope).toBeGreaterThan(0.5)
    expect(gapSlope).toBeLessThan(0.8)
  })

  it('is less sure of a campaign that is new', () => {
    const { curves } = learn({ choices: 12_000, seed: 3, show: 0.5, slope: 1.6 })
    const [known, unseen] = ['full', 'mechanism:spend_threshold'].map((name) => curves.get(name) ?? [])
    expect(unseen[2] + unseen[4]).toBeGreaterThan(known[2] + known[4])
    expect(known.slice(5)).toEqual([0, 0])
  })
})

it('an error by shopper does not shrink where every row is there twice, and a plain one would', () => {
  const { fit, fitted, rows } = learn({ choices: 3000, seed: 5, show: 0.5, slope: 1.6 })
  const doubled = Uint32Array.from({ length: 2 * fitted.bought.length }, (_, row) => row >> 1)
  const of = (column: ArrayLike<number>) => Array.from(doubled, (row) => column[row])
  const rowsTwice = {
    segment: Uint32Array.from(of(fitted.segment)),
    campaign: Int32Array.from(of(fitted.campaign)),
    priceMove: Float64Array.from(of(fitted.priceMove)),
    offset: Float64Array.from(of(fitted.offset)),
    weight: Float64Array.from(of(fitted.weight)),
    bought: Uint8Array.from(of(fitted.bought)),
  }
  const shopperTwice = Uint32Array.from(of(rows.shopper))
  const plain = fitResponse(rowsTwice, fit.shape)
  const robust = clusteredFit(rowsTwice, shopperTwice, plain)
  const base = (covariance: { get(a: number, b: number): number }) => covariance.get(0, 0)
  expect(base(plain.covariance) / base(fit.covariance)).toBeLessThan(0.6)
  expect(base(robust.covariance) / base(fit.covariance)).toBeCloseTo(1, 1)
})
