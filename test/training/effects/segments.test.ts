import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { growTree, leavesOf, nodeFor, type ResponseScores } from '../../../training/effects/segment-tree.ts'
import { learnSegments } from '../../../training/effects/segments.ts'

const OPTIONS = { mostLeaves: 8, leastInformation: 5 }

const score = fc.record({
  r0: fc.double({ min: -1, max: 1, noNaN: true }),
  w0: fc.double({ min: 0.1, max: 1, noNaN: true }),
  r1: fc.double({ min: -1, max: 1, noNaN: true }),
  w1: fc.double({ min: 0.1, max: 1, noNaN: true }),
  bins: fc.tuple(fc.nat(4), fc.nat(16)),
})
type Score = typeof score extends fc.Arbitrary<infer S> ? S : never

const columns = (of: Omit<Score, 'bins'>[]): ResponseScores => ({
  r0: Float64Array.from(of, ({ r0 }) => r0),
  w0: Float64Array.from(of, ({ w0 }) => w0),
  r1: Float64Array.from(of, ({ r1 }) => r1),
  w1: Float64Array.from(of, ({ w1 }) => w1),
})
const sum = (of: Score[], name: 'r0' | 'w0' | 'r1' | 'w1') => of.reduce((total, each) => total + each[name], 0)
const delta = (of: Score[]) => sum(of, 'r1') / sum(of, 'w1') - sum(of, 'r0') / sum(of, 'w0')
const variance = (of: Score[]) => 1 / sum(of, 'w1') + 1 / sum(of, 'w0')

describe('the tree', () => {
  it('splits where every other split tells the sides apart less', () => {
    fc.assert(
      fc.property(fc.array(score, { minLength: 30, maxLength: 80 }), (drawn) => {
        const bins = [0, 1].map((f) => Uint8Array.from(drawn, (each) => each.bins[f]))
        const members = Uint32Array.from(drawn.keys())
        const { split } = growTree(columns(drawn), bins, members, 1, OPTIONS)
        const gainOf = (feature: number, bin: number) => {
          const left = drawn.filter((each) => each.bins[feature] <= bin)
          const right = drawn.filter((each) => each.bins[feature] > bin)
          const least = Math.min(...[left, right].flatMap((side) => [sum(side, 'w0'), sum(side, 'w1')]))
          return least < OPTIONS.leastInformation
            ? 0
            : (delta(left) - delta(right)) ** 2 / (variance(left) + variance(right))
        }
        const best = Math.max(...[0, 1].flatMap((f) => Array.from({ length: 16 }, (_, bin) => gainOf(f, bin))))
        expect(split === null ? 0 : gainOf(split.feature, split.bin)).toBeCloseTo(best, 9)
      }),
      { seed: 21, numRuns: 200 },
    )
  })

  it('has every shopper in one leaf, and no more leaves than it may', () => {
    fc.assert(
      fc.property(
        fc.array(score, { minLength: 100, maxLength: 200 }),
        fc.integer({ min: 1, max: 5 }),
        (drawn, depth) => {
          const bins = [0, 1].map((f) => Uint8Array.from(drawn, (each) => each.bins[f]))
          const members = Uint32Array.from(drawn.keys())
          const tree = growTree(columns(drawn), bins, members, 6, OPTIONS)
          const leaves = leavesOf(tree, depth, () => undefined)
          expect(leaves.length).toBeLessThanOrEqual(Math.min(2 ** depth, OPTIONS.mostLeaves))
          expect(new Set(members.map((s) => leaves.indexOf(nodeFor(tree, bins, s, depth))))).not.toContain(-1)
        },
      ),
      { seed: 22, numRuns: 50 },
    )
  })
})

/** Shoppers of whom those with 1 as the first feature answer offers by `signal` more in log-odds; the second is noise. */
function drawnShoppers(n: number, signal: number, seed: number) {
  const next = splitMix32(seed)
  const uniform = () => (next() + 0.5) / 2 ** 32
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const values = Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 === 1 ? uniform() : uniform() < 0.5 ? 0 : 1))
  const scores = columns(
    Array.from({ length: n }, (_, s) => {
      const [w0, w1] = [0.2 + uniform(), 0.2 + uniform()]
      const shift = values[2 * s] === 1 ? signal / 2 : -signal / 2
      return { w0, w1, r0: normal() * Math.sqrt(w0), r1: shift * w1 + normal() * Math.sqrt(w1) }
    }),
  )
  return { scores, features: { nShoppers: n, names: ['told', 'noise'], values } }
}

describe('segments', () => {
  it('are found by the feature that tells shoppers apart, at the depth that it takes', () => {
    const { scores, features } = drawnShoppers(4000, 0.8, 3)
    const found = learnSegments(scores, features, { mostLeaves: 48, leastInformation: 25 })
    expect(found).toMatchObject({ splitBy: ['told'], depth: 1, nSegments: 3 })
    const segment = found.segmentsOf(features)
    const right = segment.filter((each, s) => each === (features.values[2 * s] === 1 ? 2 : 1)).length
    expect(right).toBe(segment.length)
  })

  it('are not found where there is no signal, but for one time in twenty at most', () => {
    const found = Array.from({ length: 60 }, (_, seed) => {
      const { scores, features } = drawnShoppers(800, 0, 1000 + seed)
      return learnSegments(scores, features, { mostLeaves: 48, leastInformation: 25 }).nSegments
    })
    expect(found.filter((n) => n > 1).length).toBeLessThanOrEqual(3)
  })

  it('are told of shoppers seen for the first time, and of those of whom nothing is known', () => {
    const { scores, features } = drawnShoppers(4000, 0.8, 3)
    const found = learnSegments(scores, features, { mostLeaves: 48, leastInformation: 25 })
    const values = Float64Array.of(1, 0.5, 0, 0.5, Number.NaN, Number.NaN)
    const [high, low, unknown] = found.segmentsOf({ nShoppers: 3, names: ['told', 'noise'], values })
    expect(high).not.toBe(low)
    expect(unknown).toBe(low)
  })

  it('are none where nothing is known of anybody', () => {
    const { scores } = drawnShoppers(500, 1, 3)
    const nothing = { nShoppers: 500, names: [], values: new Float64Array(0) }
    const found = learnSegments(scores, nothing, OPTIONS)
    expect(found).toMatchObject({ nSegments: 1, depth: 0 })
    expect(found.segmentsOf(nothing)).toEqual(new Uint32Array(500))
  })
})
