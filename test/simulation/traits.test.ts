import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseTruth, truthParameters } from '../../training/simulation/parameters.ts'
import { responses, traitTable } from '../../training/simulation/traits.ts'

const parameters = truthParameters()
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)

describe('what a shop sees of its shoppers', () => {
  it('leaves the declared share of the response hidden, by the law of total variance', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.3, max: 1, noNaN: true }), (hiddenResponse) => {
        const { tierShares, typeGivenTier } = traitTable({ ...parameters, hiddenResponse })
        const { means, variance } = responses(parameters)
        const overall = sum(parameters.types.map(({ share }, type) => share * means[type]))
        const between = sum(
          tierShares.map(
            (share, tier) => share * (sum(means.map((r, type) => typeGivenTier[tier][type] * r)) - overall) ** 2,
          ),
        )
        expect(1 - between / variance).toBeCloseTo(hiddenResponse, 9)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it('keeps the shares of the types, and rows of chances that add up to 1', () => {
    const { tierShares, tierGivenType, typeGivenTier } = traitTable(parameters)
    expect(sum(tierShares)).toBeCloseTo(1, 12)
    for (const row of [...tierGivenType, ...typeGivenTier]) expect(sum(row)).toBeCloseTo(1, 12)
    parameters.types.forEach(({ share }, type) => {
      expect(sum(tierShares.map((tierShare, tier) => tierShare * typeGivenTier[tier][type]))).toBeCloseTo(share, 12)
    })
  })

  it('tells nothing where everything is hidden', () => {
    const { typeGivenTier } = traitTable({ ...parameters, hiddenResponse: 1 })
    for (const row of typeGivenTier)
      for (const [type, { share }] of parameters.types.entries()) expect(row[type]).toBeCloseTo(share, 12)
  })

  it('refuses what no hint can tell, and chances for other tiers than there are', () => {
    expect(() => parseTruth({ ...parameters, hiddenResponse: 0.01 })).toThrow(
      /invalid hiddenResponse: 0.01 \(these tiers hide 0\.\d+\)/,
    )
    expect(() => parseTruth({ ...parameters, tiers: ['one'] })).toThrow(
      'invalid types[0].tiers: 6 chances (one a tier)',
    )
  })
})
