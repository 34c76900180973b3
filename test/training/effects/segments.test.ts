import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { binsOf, columnsOf, Moments, type ResponseScores } from '../../../training/effects/response-index.ts'
import { learnSegments } from '../../../training/effects/segments.ts'

const OPTIONS = { mostSegments: 8, leastInformation: 25 }

/** Units of whom those with 1 as the first feature answer offers by `signal` more in log-odds; the second is noise. */
function drawnUnits(n: number, signal: number, seed: number) {
  const next = splitMix32(seed)
  const uniform = () => (next() + 0.5) / 2 ** 32
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
  const values = Float64Array.from({ length: 2 * n }, (_, i) => (i % 2 === 1 ? uniform() : uniform() < 0.5 ? 0 : 1))
  const column = () => new Float64Array(n)
  const scores: ResponseScores = { r0: column(), w0: column(), r1: column(), w1: column() }
  for (let u = 0; u < n; u++) {
    const shift = values[2 * u] === 1 ? signal / 2 : -signal / 2
    scores.w0[u] = 0.2 + uniform()
    scores.w1[u] = 0.2 + uniform()
    scores.r0[u] = normal() * Math.sqrt(scores.w0[u])
    scores.r1[u] = shift * scores.w1[u] + normal() * Math.sqrt(scores.w1[u])
  }
  return { scores, features: { nShoppers: n, names: ['told', 'noise'], values } }
}

describe('segments', () => {
  it('are found by the feature that tells units apart, in the order of how they answer', () => {
    const { scores, features } = drawnUnits(4000, 0.8, 3)
    const found = learnSegments(scores, features, 1, OPTIONS)
    expect(found.interval[0]).toBeGreaterThan(0)
    expect(found.tells[0]).toBe('told')
    expect([...found.index.slice(1)]).toEqual([...found.index.slice(1)].sort((a, b) => a - b))
    const segment = found.segmentsOf(features)
    const lowest = segment.filter((_, u) => features.values[2 * u] === 1).reduce((a, b) => Math.min(a, b))
    const highest = segment.filter((_, u) => features.values[2 * u] === 0).reduce((a, b) => Math.max(a, b))
    expect(lowest).toBeGreaterThanOrEqual(highest)
    expect(found.index[found.nSegments - 1] - found.index[1]).toBeGreaterThan(0.5)
  })

  it('are not found where there is no signal, but for one time in twenty at most', () => {
    const found = Array.from({ length: 60 }, (_, seed) => {
      const { scores, features } = drawnUnits(800, 0, 1000 + seed)
      return learnSegments(scores, features, 1, OPTIONS).nSegments
    })
    expect(found.filter((n) => n > 1).length).toBeLessThanOrEqual(3)
  })

  it('are told of shoppers seen for the first time, of whom nothing is known too', () => {
    const { scores, features } = drawnUnits(4000, 0.8, 3)
    const found = learnSegments(scores, features, 1, OPTIONS)
    const values = Float64Array.of(1, 0.5, 0, 0.5, Number.NaN, Number.NaN)
    const [high, low, unknown] = found.segmentsOf({ nShoppers: 3, names: ['told', 'noise'], values })
    expect(high).toBeGreaterThan(low)
    expect(unknown).toBeGreaterThanOrEqual(1)
    expect(unknown).toBeLessThan(found.nSegments)
  })

  it('leave every shopper on one side of a fold', () => {
    const { scores, features } = drawnUnits(4000, 0.8, 3)
    const { without, nSegments } = learnSegments(scores, features, 4, OPTIONS)
    expect(without.length).toBe(5)
    for (const { segment, index } of without) expect(Math.max(...segment)).toBeLessThan(index.length)
    expect(nSegments).toBeGreaterThan(1)
  })

  it('are none where nothing is known of anybody', () => {
    const { scores } = drawnUnits(500, 1, 3)
    const nothing = { nShoppers: 500, names: [], values: new Float64Array(0) }
    const found = learnSegments(scores, nothing, 1, OPTIONS)
    expect(found.nSegments).toBe(1)
    expect(found.segmentsOf(nothing)).toEqual(new Uint32Array(500))
  })
})

describe('effects', () => {
  it('are at the top of what they maximise: no other of one column gains', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0.5, max: 20, noNaN: true }), (seed, ridge) => {
        const { scores, features } = drawnUnits(60, 0.5, seed)
        const bins = binsOf(features)
        const columns = columnsOf(features, bins)
        const units = Uint32Array.from({ length: 60 }, (_, u) => u)
        const moments = new Moments(bins.nCols)
        for (const u of units) moments.add(columns.subarray(2 * u, 2 * u + 2), scores, u)
        const { base, response } = moments.fit(ridge)
        const objective = (b: Float64Array, g: Float64Array) => {
          let sum = 0
          for (const u of units) {
            const own = columns.subarray(2 * u, 2 * u + 2)
            const [beta, gamma] = [b, g].map((each) => each[own[0]] + each[own[1]])
            const { r0, w0, r1, w1 } = scores
            sum += r0[u] * beta - (w0[u] * beta ** 2) / 2
            sum += r1[u] * (beta + gamma) - (w1[u] * (beta + gamma) ** 2) / 2
          }
          return sum - (ridge / 2) * [...b, ...g].reduce((squares, each) => squares + each ** 2, 0)
        }
        const best = objective(base, response)
        for (let c = 0; c < bins.nCols; c++)
          for (const by of [-1e-3, 1e-3]) {
            const moved = (of: Float64Array) => of.map((value, at) => (at === c ? value + by : value))
            expect(objective(moved(base), response)).toBeLessThan(best)
            expect(objective(base, moved(response))).toBeLessThan(best)
          }
      }),
      { seed: 31, numRuns: 30 },
    )
  })
})
