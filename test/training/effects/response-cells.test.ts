import fc from 'fast-check'
import { expect, it } from 'vitest'
import { cellSums, cellsOf, type FitRows, fittedProbabilities } from '../../../training/effects/response-cells.ts'
import { fitResponse } from '../../../training/effects/response-fit.ts'
import { NO_OFFER } from '../../../training/effects/response-rows.ts'
import { ResponseShape } from '../../../training/effects/response-shape.ts'

const MECHANISM_OF = [0, 1, 0]

const fitRow = fc.record({
  segment: fc.nat(2),
  campaign: fc.integer({ min: NO_OFFER, max: 2 }),
  priceMove: fc.double({ min: 0, max: 2, noNaN: true }),
  offset: fc.double({ min: -4, max: 1, noNaN: true }),
  weight: fc.double({ min: 0.01, max: 3, noNaN: true }),
  bought: fc.nat(1),
})
type Row = typeof fitRow extends fc.Arbitrary<infer R> ? R : never

function columnsOf(rows: Row[]): FitRows {
  return {
    segment: Uint32Array.from(rows, ({ segment }) => segment),
    campaign: Int32Array.from(rows, ({ campaign }) => campaign),
    priceMove: Float64Array.from(rows, ({ campaign, priceMove }) => (campaign === NO_OFFER ? 0 : priceMove)),
    offset: Float64Array.from(rows, ({ offset }) => offset),
    weight: Float64Array.from(rows, ({ weight }) => weight),
    bought: Uint8Array.from(rows, ({ bought }) => bought),
  }
}

/** Straight from the formula, a row at a time. */
function probabilityOf(rows: FitRows, row: number, shape: ResponseShape, parameters: Float64Array): number {
  const { segment, campaign, priceMove, offset } = rows
  let logOdds = offset[row]
  for (const { parameter, times } of shape.base(segment[row])) logOdds += times * parameters[parameter]
  if (campaign[row] !== NO_OFFER)
    for (const { parameter, times } of shape.show(MECHANISM_OF[campaign[row]], segment[row], campaign[row]))
      logOdds += times * (parameters[parameter] + parameters[parameter + 1] * priceMove[row])
  return 1 / (1 + Math.exp(-logOdds))
}

it('adds up the rows of every cell as the formula does, and loses none', () => {
  fc.assert(
    fc.property(
      fc.array(fitRow, { maxLength: 60 }),
      fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
      (drawn, values) => {
        const rows = columnsOf(drawn)
        const shape = new ResponseShape(Float64Array.of(0, -0.4, 0.3), 2, MECHANISM_OF)
        const parameters = Float64Array.from({ length: shape.nParameters }, () => values.next().value)
        const fitted = fittedProbabilities(rows, shape, parameters)
        const cells = cellsOf(rows, shape)
        let [r, rt, w, wtt] = [0, 0, 0, 0]
        for (let cell = 0; cell < cells.bases.length; cell++) {
          const sums = cellSums(cells, cell, parameters)
          r += sums.r
          rt += sums.rt
          w += sums.w
          wtt += sums.wtt
        }
        drawn.forEach((_, row) => {
          const p = probabilityOf(rows, row, shape, parameters)
          const t = rows.priceMove[row]
          expect(fitted[row]).toBeCloseTo(p, 12)
          r -= rows.weight[row] * (rows.bought[row] - p)
          rt -= rows.weight[row] * (rows.bought[row] - p) * t
          w -= rows.weight[row] * p * (1 - p)
          wtt -= rows.weight[row] * p * (1 - p) * t * t
        })
        for (const left of [r, rt, w, wtt]) expect(left).toBeCloseTo(0, 9)
      },
    ),
    { seed: 11, numRuns: 200 },
  )
})

it('ends at the top of the posterior: no parameter by itself makes the rows likelier', () => {
  const [drawn] = fc.sample(fc.array(fitRow, { minLength: 400, maxLength: 400 }), { seed: 5, numRuns: 1 })
  const rows = columnsOf(drawn)
  const shape = new ResponseShape(Float64Array.of(0, -0.4, 0.3), 2, MECHANISM_OF)
  const { parameters } = fitResponse(rows, shape)
  const logLikelihood = (tried: Float64Array) =>
    drawn.reduce((sum, _, row) => {
      const p = probabilityOf(rows, row, shape, tried)
      return sum + rows.weight[row] * Math.log(rows.bought[row] === 1 ? p : 1 - p)
    }, 0)
  // The common base has no prior to speak of, so there the likelihood alone is flat.
  const moved = (by: number) => parameters.map((value, p) => (p === 0 ? value + by : value))
  expect((logLikelihood(moved(1e-4)) - logLikelihood(moved(-1e-4))) / 2e-4).toBeCloseTo(0, 3)
})

it('gives the log-odds ratio of a two by two table, drawn to its prior', () => {
  // 1,000 rows without an offer, 100 bought; 1,000 with one, 200 bought.
  const n = 2000
  const rows: FitRows = {
    segment: new Uint32Array(n),
    campaign: Int32Array.from({ length: n }, (_, row) => (row < 1000 ? NO_OFFER : 0)),
    priceMove: new Float64Array(n),
    offset: new Float64Array(n),
    weight: new Float64Array(n).fill(1),
    bought: Uint8Array.from({ length: n }, (_, row) => (row < 100 || row >= 1800 ? 1 : 0)),
  }
  const shape = new ResponseShape(Float64Array.of(0), 1, [0])
  const { parameters, covariance, spreads } = fitResponse(rows, shape)
  const [mechanism, campaign] = shape.show(0, 0, 0).map(({ parameter }) => parameter)
  const logRatio = Math.log(200 / 800 / (100 / 900))
  const variance = 1 / 200 + 1 / 800 + 1 / 100 + 1 / 900
  const prior = 0.5 ** 2 + spreads[4]
  expect(parameters[mechanism] + parameters[campaign]).toBeCloseTo((logRatio * prior) / (prior + variance), 2)
  const told =
    covariance.get(mechanism, mechanism) + 2 * covariance.get(mechanism, campaign) + covariance.get(campaign, campaign)
  expect(told).toBeCloseTo((variance * prior) / (prior + variance), 3)
})
