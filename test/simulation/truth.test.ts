import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SHOPPER_TYPES, type ShopperType, truthParameters } from '../../training/simulation/parameters.ts'
import { poisson, Random, STREAM } from '../../training/simulation/random.ts'
import {
  calm,
  categoryOf,
  drawShopper,
  emptyShopper,
  listPriceMinor,
  openTruth,
  purchaseProbability,
  type ShopperTruth,
} from '../../training/simulation/truth.ts'
import { itemAt } from '../../training/simulation/visit.ts'

const truth = openTruth(truthParameters({ items: 2000, shoppers: 20_000, events: 10_000, seed: 11 }))

function shoppersOf(type: ShopperType, count: number): ShopperTruth[] {
  const found: ShopperTruth[] = []
  for (let index = 0; found.length < count; index++) {
    const shopper = emptyShopper(truth)
    drawShopper(truth, index, shopper)
    if (SHOPPER_TYPES[shopper.type] === type) found.push(shopper)
  }
  return found
}

/** Change of the purchase probability that 10 % off the list price makes. */
function effect(shopper: ShopperTruth, item: number): number {
  const price = listPriceMinor(truth, item, 0)
  const off = Math.round(price / 10)
  return (
    purchaseProbability(truth, shopper, item, price, off, calm()) -
    purchaseProbability(truth, shopper, item, price, 0, calm())
  )
}

describe('the truth', () => {
  it('draws a shopper and an item alike in shops of any size', () => {
    const larger = openTruth(truthParameters({ items: 4000, shoppers: 90_000, events: 900_000, seed: 11 }))
    const [here, there] = [emptyShopper(truth), emptyShopper(larger)]
    for (const index of [0, 7, 1999]) {
      drawShopper(truth, index, here)
      drawShopper(larger, index, there)
      expect(there).toEqual(here)
      expect(larger.referencePriceMinor[index]).toBe(truth.referencePriceMinor[index])
      expect(purchaseProbability(larger, there, index, 999, 100, calm())).toBe(
        purchaseProbability(truth, here, index, 999, 100, calm()),
      )
    }
  })

  it('draws another shop from another seed', () => {
    const other = openTruth(truthParameters({ items: 2000, seed: 12 }))
    expect(other.referencePriceMinor).not.toEqual(truth.referencePriceMinor)
  })

  it('holds the declared share of every type', () => {
    const counts = SHOPPER_TYPES.map(() => 0)
    const shopper = emptyShopper(truth)
    for (let index = 0; index < 20_000; index++) {
      drawShopper(truth, index, shopper)
      counts[shopper.type]++
    }
    truth.parameters.types.forEach(({ share }, type) => {
      const standardError = Math.sqrt((share * (1 - share)) / 20_000)
      expect(Math.abs(counts[type] / 20_000 - share)).toBeLessThan(4 * standardError)
    })
  })

  it('makes sleeping dogs buy less, always-buyers hardly more and persuadables much more when offered 10 %', () => {
    const mean = (type: ShopperType) => {
      const effects = shoppersOf(type, 200).map((shopper) => effect(shopper, shopper.index % 2000))
      return effects.reduce((sum, value) => sum + value, 0) / effects.length
    }
    expect(mean('sleeping_dog')).toBeLessThan(-0.02)
    expect(mean('persuadable')).toBeGreaterThan(2 * mean('always_buyer'))
    expect(mean('lost_cause')).toBeLessThan(mean('persuadable') / 4)
  })

  it('moves the log-odds by price response times elasticity times the logarithm of the price', () => {
    const [shopper] = shoppersOf('persuadable', 1)
    const item = 42
    const logOdds = (price: number) => {
      const p = purchaseProbability(truth, shopper, item, price, 0, calm())
      return Math.log(p / (1 - p))
    }
    const { elasticity } = truth.parameters.categories[categoryOf(truth, item)]
    expect(logOdds(2000) - logOdds(1000)).toBeCloseTo(shopper.priceResponse * elasticity * Math.log(2), 9)
  })

  it('lets an offer do less after offers seen, and makes shoppers wait for the next', () => {
    const [shopper] = shoppersOf('persuadable', 1)
    const probability = (discountMinor: number, offersSeen: number) =>
      purchaseProbability(truth, shopper, 42, 2000, discountMinor, { ...calm(), offersSeen })
    const logOdds = (p: number) => Math.log(p / (1 - p))
    const lift = (offersSeen: number) => logOdds(probability(200, offersSeen)) - logOdds(probability(0, 0))
    const { dulling, waitingLogOdds } = truth.parameters.habituation
    expect(lift(5)).toBeCloseTo(lift(0) * Math.exp(-5 * dulling), 9)
    expect(logOdds(probability(0, 5)) - logOdds(probability(0, 0))).toBeCloseTo(-5 * waitingLogOdds, 9)
  })

  it('sells less of a category that the shopper stocked up on, and of the rivals of what is on offer', () => {
    const [shopper] = shoppersOf('persuadable', 1)
    const logOdds = (moment: object) => {
      const p = purchaseProbability(truth, shopper, 42, 2000, 0, { ...calm(), ...moment })
      return Math.log(p / (1 - p))
    }
    expect(logOdds({ stockedUp: 0.2 }) - logOdds({})).toBeCloseTo(-0.2 * truth.parameters.forwardBuying.logOdds, 9)
    expect(logOdds({ rivals: 0.3 }) - logOdds({})).toBeCloseTo(-0.3 * truth.parameters.cannibalisationLogOdds, 9)
  })

  it('sells most in the peak of the season', () => {
    const [shopper] = shoppersOf('persuadable', 1)
    const { peakWeek } = truth.parameters.categories[categoryOf(truth, 42)]
    const at = (day: number) => purchaseProbability(truth, shopper, 42, 2000, 0, { ...calm(), day })
    expect(at(7 * peakWeek)).toBeGreaterThan(at(7 * (peakWeek + 13)))
    expect(at(7 * peakWeek)).toBeCloseTo(at(7 * (peakWeek + 52)), 9)
  })

  it('keeps list prices around the reference price and above the cost', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1999 }), fc.integer({ min: 0, max: 51 }), (item, week) => {
        const price = listPriceMinor(truth, item, week)
        const reference = truth.referencePriceMinor[item]
        expect(price % 10).toBe(9)
        expect(Math.abs(Math.log((price + 5) / (reference + 5)))).toBeLessThan(0.3)
        expect(truth.costMinor[item]).toBeLessThan(reference)
      }),
      { seed: 1, numRuns: 500 },
    )
  })

  it('shows every item of a category, and the head of the shelf most', () => {
    const seen = new Map<number, number>()
    const draws = 20_000
    for (let draw = 0; draw < draws; draw++) {
      const item = itemAt(truth, 3, (draw + 0.5) / draws)
      expect(categoryOf(truth, item)).toBe(3)
      seen.set(item, (seen.get(item) ?? 0) + 1)
    }
    expect(seen.size).toBe(2000 / truth.parameters.categories.length)
    expect(Math.max(...seen.values())).toBeGreaterThan(3 * Math.min(...seen.values()))
  })
})

describe('draws', () => {
  it('depend on what they are for and not on what was drawn before', () => {
    const random = new Random(5)
    random.block(STREAM.visit, 1, 2, 3)
    const first = Array.from(random.words)
    random.block(STREAM.page, 9, 9, 9)
    expect(Array.from(random.words)).not.toEqual(first)
    random.block(STREAM.visit, 1, 2, 3)
    expect(Array.from(random.words)).toEqual(first)
  })

  it('take all 53 bits of the seed', () => {
    const words = [1, 1 + 2 ** 32].map((seed) => {
      const random = new Random(seed)
      random.block(STREAM.visit, 0, 0, 0)
      return Array.from(random.words)
    })
    expect(words[0]).not.toEqual(words[1])
  })

  it('count arrivals with the asked mean and variance', () => {
    for (const mean of [0.05, 1, 12]) {
      const n = 40_000
      const counts = Array.from({ length: n }, (_, i) => poisson(mean, (i + 0.5) / n))
      const average = counts.reduce((sum, count) => sum + count, 0) / n
      const variance = counts.reduce((sum, count) => sum + (count - average) ** 2, 0) / n
      expect(average).toBeCloseTo(mean, 2)
      expect(variance / mean).toBeCloseTo(1, 1)
    }
  })

  it('are normal where they should be', () => {
    const out = new Float32Array(20_000)
    new Random(3).normals(STREAM.taste, 0, 0, out, 0, out.length)
    const mean = out.reduce((sum, x) => sum + x, 0) / out.length
    const variance = out.reduce((sum, x) => sum + (x - mean) ** 2, 0) / out.length
    expect(Math.abs(mean)).toBeLessThan(0.03)
    expect(Math.abs(variance - 1)).toBeLessThan(0.04)
  })
})
