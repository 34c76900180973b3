import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ArmTally, differenceOfMeans } from '../../core/evaluation/effect.ts'
import { qini } from '../../core/evaluation/qini.ts'
import { chiSquareTail, sampleRatio } from '../../core/evaluation/sample-ratio.ts'

it('tells the difference of means with its standard error, as computed by hand', () => {
  const arm = (values: number[]) => {
    const tally = new ArmTally()
    for (const each of values) tally.add(each)
    return tally
  }
  // Variances 1 and 4; 1/3 + 4/3.
  expect(differenceOfMeans(arm([1, 2, 3]), arm([0, 2, 4]))).toEqual({ effect: 0, standardError: Math.sqrt(5 / 3) })
})

it('tells a sample ratio that is off', () => {
  expect(sampleRatio([21307, 21387, 21306], [1 / 3, 1 / 3, 1 / 3]).chiSquare).toBeCloseTo(0.2025, 4)
  expect(sampleRatio([21307, 21387, 21306], [1 / 3, 1 / 3, 1 / 3]).p).toBeCloseTo(0.9037, 4)
  expect(chiSquareTail(3.841459, 1)).toBeCloseTo(0.05, 6)
})

const trial = fc
  .array(fc.record({ y: fc.nat(1), t: fc.nat(1), p: fc.nat(4) }), { minLength: 6, maxLength: 60 })
  .filter((rows) => new Set(rows.map(({ t }) => t)).size === 2)

/** Every prefix by itself; ties are averaged over by walking their whole run at once. */
function naiveQini(rows: { y: number; t: number; p: number }[]): number {
  const area = (score: (row: (typeof rows)[0]) => number) => {
    const levels = [...new Set(rows.map(score))].sort((a, b) => b - a)
    const points = [[0, 0]]
    for (const level of levels) {
      const taken = rows.filter((row) => score(row) >= level)
      const [treated, control] = [1, 0].map((arm) => taken.filter(({ t }) => t === arm))
      const sum = (arm: typeof rows) => arm.reduce((total, { y }) => total + y, 0)
      const lost = control.length === 0 ? 0 : (sum(control) * treated.length) / control.length
      points.push([taken.length, sum(treated) - lost])
    }
    return points.slice(1).reduce((sum, [x, y], i) => sum + ((x - points[i][0]) * (y + points[i][1])) / 2, 0)
  }
  const diagonal = area(() => 0)
  return (area(({ p }) => p) - diagonal) / (area(({ y, t }) => (t === 1 ? y : -y)) - diagonal)
}

it('gives the Qini of a naive reading, with ties', () => {
  fc.assert(
    fc.property(trial, (rows) => {
      const found = qini(
        { outcome: Float64Array.from(rows, ({ y }) => y), treated: Uint8Array.from(rows, ({ t }) => t) },
        Float64Array.from(rows, ({ p }) => p),
      )
      const expected = naiveQini(rows)
      if (Number.isFinite(expected)) expect(found).toBeCloseTo(expected, 9)
      else expect(Number.isFinite(found)).toBe(false)
    }),
    { seed: 4, numRuns: 300 },
  )
})

it('is 1 for the perfect order', () => {
  const outcome = Float64Array.from([1, 1, 0, 0, 0, 1])
  const treated = Uint8Array.from([1, 1, 1, 0, 0, 0])
  expect(
    qini(
      { outcome, treated },
      outcome.map((y, i) => (treated[i] === 1 ? y : -y)),
    ),
  ).toBe(1)
})
