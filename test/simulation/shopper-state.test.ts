import { describe, expect, it } from 'vitest'
import { truthParameters } from '../../training/simulation/parameters.ts'
import { ShopperState } from '../../training/simulation/shopper-state.ts'

const parameters = truthParameters({ shoppers: 10 })
const { habituation, forwardBuying } = parameters

describe('what visits leave behind', () => {
  it('is nothing at first, adds up and fades', () => {
    const state = new ShopperState(parameters)
    expect(state.offersSeen(3, 5)).toBe(0)
    expect(state.stockedUp(3, 7, 5)).toBe(0)
    state.sawOffer(3, 5)
    state.sawOffer(3, 12)
    expect(state.offersSeen(3, 12)).toBeCloseTo(1 + Math.exp(-7 / habituation.days), 6)
    state.bought(3, 7, 5, 0.2)
    state.bought(3, 7, 12, 0.1)
    expect(state.stockedUp(3, 7, 19)).toBeCloseTo(
      0.2 * Math.exp(-14 / forwardBuying.days) + 0.1 * Math.exp(-7 / forwardBuying.days),
      6,
    )
  })

  it('is kept for each shopper and each category', () => {
    const state = new ShopperState(parameters)
    state.sawOffer(3, 5)
    state.bought(3, 7, 5, 0.2)
    expect(state.offersSeen(4, 5)).toBe(0)
    expect(state.stockedUp(3, 8, 5)).toBe(0)
    expect(state.stockedUp(4, 7, 5)).toBe(0)
  })

  it('is nothing after a purchase at the full price', () => {
    const state = new ShopperState(parameters)
    state.bought(3, 7, 5, 0)
    expect(state.stockedUp(3, 7, 5)).toBe(0)
  })
})
