import fc from 'fast-check'
import { inverse, Matrix } from 'ml-matrix'
import { describe, expect, test } from 'vitest'
import { fitNested, type Level, reduceRows } from '../../../training/demand/nested.ts'
import { determinant, exactLeastSquares } from './exact.ts'

/** Ordinary least squares as one level of one node. */
function leastSquares(x: number[][], y: number[]) {
  const width = x[0].length + 1
  const leaves = reduceRows(1, new Uint32Array(x.length), width, (r, into) => into.set([...x[r], y[r]]))
  const features = x[0].map((_, c) => c)
  return fitNested([{ nNodes: 1, parentOf: [], features, penalties: new Float64Array(width - 1) }], leaves, width)
}

const unit = (length: number, k: number) => Array.from({ length }, (_, c) => Number(c === k))

describe('least squares', () => {
  test('equal a vector computed by hand', () => {
    // x = 0 1 2 3, y = 1 3 2 6: slope (Σxy − n x̄ȳ) / (Σx² − n x̄²) = (25 − 18) / 5, intercept 3 − 1.5 · 1.4
    const fit = leastSquares(
      [0, 1, 2, 3].map((x) => [1, x]),
      [1, 3, 2, 6],
    )
    expect(fit.coefficients(0, 0)[0]).toBeCloseTo(0.9, 12)
    expect(fit.coefficients(0, 0)[1]).toBeCloseTo(1.4, 12)
    // residuals .1, .7, −1.7, .9; (XᵀX)⁻¹ has 1/5 for the slope and 14/20 for the intercept
    expect(fit.objective).toBeCloseTo(0.01 + 0.49 + 2.89 + 0.81, 12)
    expect(fit.variance(0, 0, [0, 1])).toBeCloseTo(0.2, 12)
    expect(fit.variance(0, 0, [1, 0])).toBeCloseTo(0.7, 12)
  })

  test('equal the normal equations in exact arithmetic', () => {
    const row = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 4, maxLength: 4 })
    fc.assert(
      fc.property(fc.array(row, { minLength: 6, maxLength: 60 }), (rows) => {
        const x = rows.map(([a, b, c]) => [1, a, b, c + 3 * a])
        const y = rows.map(([, , , d]) => d)
        const gram = unit(4, 0).map((_, a) =>
          unit(4, 0).map((_, b) => x.reduce((sum, r) => sum + BigInt(r[a]) * BigInt(r[b]), 0n)),
        )
        fc.pre(determinant(gram) !== 0n)
        const exact = exactLeastSquares(x, y)
        const fit = leastSquares(x, y)
        exact.coefficients.forEach((value, k) => {
          expect(Math.abs(fit.coefficients(0, 0)[k] - value)).toBeLessThan(1e-7 * (1 + Math.abs(value)))
          expect(fit.variance(0, 0, unit(4, k))).toBeCloseTo(exact.inverseDiagonal[k], 7)
        })
      }),
      { seed: 61, numRuns: 60 },
    )
  })

  test('stay exact where normal equations lose every digit', () => {
    // Longley-like: y = 3 + 2 (t − 10⁸) on t near 10⁸, whose squares fill a double.
    const steps = Array.from({ length: 40 }, (_, i) => i)
    const fit = leastSquares(
      steps.map((i) => [1, 1e8 + i]),
      steps.map((i) => 3 + 2 * i),
    )
    expect(fit.coefficients(0, 0)[1]).toBeCloseTo(2, 6)
    expect(fit.objective).toBeLessThan(1e-9)
  })

  test('leave out a column that others explain', () => {
    const rows = Array.from({ length: 30 }, (_, i) => [1, i % 7, 3 - 2 * (i % 7), i % 5])
    const fit = leastSquares(
      rows,
      rows.map(([, a, , b]) => 4 + a - b),
    )
    expect([0, 1, 2, 3].map((k) => fit.isAliased(0, 0, k))).toEqual([false, false, true, false])
    expect(fit.variance(0, 0, unit(4, 2))).toBe(Number.POSITIVE_INFINITY)
    expect(fit.nCoefficients).toBe(3)
    expect(fit.objective).toBeLessThan(1e-18)
  })
})

/** Shop: columns 1 and 2; three groups: columns 0 and 1; series: column 0. */
function levels(seriesGroup: number[], penalties: number[]): Level[] {
  return [
    { nNodes: 1, parentOf: [], features: [1, 2], penalties: [0.1, 0.1] },
    { nNodes: 3, parentOf: [0, 0, 0], features: [0, 1], penalties: [penalties[0], penalties[1]] },
    { nNodes: seriesGroup.length, parentOf: seriesGroup, features: [0], penalties: [penalties[2]] },
  ]
}

describe('nested coefficients', () => {
  test('are those of the whole penalised system at once, with its variances', () => {
    const observation = fc.record({
      series: fc.integer({ min: 0, max: 4 }),
      x: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 2 }),
      y: fc.double({ min: -5, max: 5, noNaN: true }),
    })
    const seriesGroup = [0, 0, 1, 2, 2]
    fc.assert(
      fc.property(
        fc.array(observation, { minLength: 1, maxLength: 80 }),
        fc.array(fc.double({ min: 0.2, max: 4, noNaN: true }), { minLength: 3, maxLength: 3 }),
        (rows, penalties) => {
          const nested = levels(seriesGroup, penalties)
          const leaves = reduceRows(
            5,
            rows.map(({ series }) => series),
            4,
            (r, into) => into.set([1, ...rows[r].x, rows[r].y]),
          )
          const fit = fitNested(nested, leaves, 4)
          const dense = rows.map(({ series, x }) => denseRow(series, seriesGroup[series], x))
          const penalty = [
            0.1,
            0.1,
            ...[0, 1, 2].flatMap(() => penalties.slice(0, 2)),
            ...seriesGroup.map(() => penalties[2]),
          ]
          const design = new Matrix(dense)
          const covariance = inverse(
            design
              .transpose()
              .mmul(design)
              .add(Matrix.diag(penalty.map((value) => value ** 2))),
          )
          const theta = covariance.mmul(design.transpose()).mmul(Matrix.columnVector(rows.map(({ y }) => y)))
          const found = [
            ...fit.coefficients(0, 0),
            ...[0, 1, 2].flatMap((g) => [...fit.coefficients(1, g)]),
            ...[0, 1, 2, 3, 4].flatMap((s) => [...fit.coefficients(2, s)]),
          ]
          found.forEach((value, k) => {
            expect(value).toBeCloseTo(theta.get(k, 0), 6)
          })
          expect(fit.variance(2, 3, [1])).toBeCloseTo(covariance.get(11, 11), 7)
          expect(fit.variance(1, 2, [0, 1])).toBeCloseTo(covariance.get(7, 7), 7)
          // A group's whole slope: its own and the shop's.
          const total = covariance.get(7, 7) + covariance.get(0, 0) + 2 * covariance.get(0, 7)
          expect(fit.variance(1, 2, [0, 1], [0, 1, 0, 0])).toBeCloseTo(total, 7)
        },
      ),
      { seed: 62, numRuns: 60 },
    )
  })
})

function denseRow(series: number, group: number, [a, b]: number[]): number[] {
  const groups = [0, 1, 2].flatMap((g) => (g === group ? [1, a] : [0, 0]))
  return [a, b, ...groups, ...unit(5, series)]
}
