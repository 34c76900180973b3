import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitMix32 } from '../../../core/evaluation/bootstrap.ts'
import { Mixing, normalise, type ShopperColumns } from '../../../training/effects/class-mixing.ts'
import type { ClassRows } from '../../../training/effects/class-rows.ts'
import { answerOf, lineOf, meanParameter, segmentsOfClasses } from '../../../training/effects/class-segments.ts'
import {
  baseAt,
  CLASSES,
  type LatentClasses,
  learnClasses,
  showAt,
  slopeAt,
} from '../../../training/effects/latent-classes.ts'

const SCALE = 3 * CLASSES
const PAST = SCALE + 1

/** Nothing is known of anybody: one column that is 1. */
const strangers = (nShoppers: number): ShopperColumns => ({
  nShoppers,
  nCols: 1,
  perShopper: 1,
  columns: new Uint32Array(nShoppers),
})

/** Every other shopper answers prices three times as much as the others, and buys less anyway; nobody is told which. */
function drawnRows(nShoppers: number, rowsEach: number, seed: number): ClassRows {
  const next = splitMix32(seed)
  const uniform = () => (next() + 0.5) / 2 ** 32
  const n = nShoppers * rowsEach
  const column = () => new Float64Array(n)
  const rows: ClassRows = {
    indptr: Uint32Array.from({ length: nShoppers + 1 }, (_, s) => s * rowsEach),
    offered: new Uint8Array(n),
    move: column(),
    known: column(),
    score: column(),
    isPast: new Uint8Array(n),
    weight: column().fill(1),
    bought: new Uint8Array(n),
  }
  for (let row = 0; row < n; row++) {
    const answers = Math.floor(row / rowsEach) % 2 === 1
    rows.isPast[row] = uniform() < 0.3 ? 1 : 0
    rows.offered[row] = uniform() < 0.6 ? 1 : 0
    rows.move[row] = rows.offered[row] * uniform() + 0.2 * (uniform() - 0.5)
    rows.known[row] = 0.2 * (uniform() - 0.5)
    rows.score[row] = rows.isPast[row] === 1 ? 0 : uniform() - 0.5
    const own = answers ? -2.4 + 2.1 * rows.move[row] : -1.2 + 0.7 * rows.move[row]
    const z = own + rows.known[row] + 0.5 * rows.score[row] + 0.8 * rows.isPast[row]
    rows.bought[row] = uniform() < 1 / (1 + Math.exp(-z)) ? 1 : 0
  }
  return rows
}

/** Straight from the formula. */
function logLikelihood(rows: ClassRows, parameters: Float64Array, s: number, k: number): number {
  let sum = 0
  for (let row = rows.indptr[s]; row < rows.indptr[s + 1]; row++) {
    const known = rows.known[row] + parameters[SCALE] * rows.score[row] + parameters[PAST] * rows.isPast[row]
    const offer = parameters[showAt(k)] * rows.offered[row] + parameters[slopeAt(k)] * rows.move[row]
    const p = 1 / (1 + Math.exp(-(known + parameters[baseAt(k)] + offer)))
    sum += Math.log(rows.bought[row] === 1 ? p : 1 - p)
  }
  return sum
}

describe('latent classes', () => {
  const rows = drawnRows(2000, 60, 7)
  const learned = learnClasses(rows, strangers(2000))
  const answer = (s: number, t: number) => {
    const { shares, segment } = segments
    return answerOf(learned.parameters, shares.subarray(segment[s] * CLASSES, (segment[s] + 1) * CLASSES), t)
  }
  const segments = segmentsOfClasses(learned, 0.5)

  it("weigh classes by Bayes' rule", () => {
    const { weights, parameters } = learned
    for (const s of [1, 2, 57, 1999])
      for (let k = 1; k < CLASSES; k++) {
        const odds = (of: number) => Math.log(weights[of * CLASSES + k] / weights[of * CLASSES])
        const told = (of: number) => logLikelihood(rows, parameters, of, k) - logLikelihood(rows, parameters, of, 0)
        expect(odds(s) - odds(0)).toBeCloseTo(told(s) - told(0), 6)
      }
  })

  it('find those who answer, from what they did alone', () => {
    const of = (parity: number) => Array.from({ length: 1000 }, (_, i) => answer(2 * i + parity, 0.5))
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length
    expect(mean(of(1))).toBeGreaterThan(0.75)
    expect(mean(of(1))).toBeLessThan(1.1)
    expect(mean(of(0))).toBeGreaterThan(0.2)
    expect(mean(of(0))).toBeLessThan(0.6)
  })

  it('find how far the score tells, and that what was looked at is bought more', () => {
    expect(learned.parameters[SCALE]).toBeCloseTo(0.5, 0)
    expect(Math.abs(learned.parameters[SCALE] - 0.5)).toBeLessThan(0.1)
    expect(Math.abs(learned.parameters[PAST] - 0.8)).toBeLessThan(0.1)
  })

  it('are told of shoppers whom nothing was learned from', () => {
    const part = learnClasses(rows, strangers(2000), 1000)
    const correct = Array.from({ length: 1000 }, (_, i) => i + 1000).filter((s) => {
      const own = part.weights.subarray(s * CLASSES, (s + 1) * CLASSES)
      const steep = meanParameter(part.parameters, own, slopeAt)
      return steep > 1.4 === (s % 2 === 1)
    })
    expect(correct.length).toBeGreaterThan(750)
  })

  it('tell more of shoppers whose past is known too', () => {
    const isKept = rows.isPast.map((past) => 1 - past)
    const only = <Column extends { filter(keeps: (value: number, row: number) => boolean): Column }>(column: Column) =>
      column.filter((_, row) => isKept[row] === 1)
    const kept = new Uint32Array(isKept.length + 1)
    for (const [row, own] of isKept.entries()) kept[row + 1] = kept[row] + own
    const without = learnClasses(
      {
        indptr: rows.indptr.map((row) => kept[row]),
        offered: only(rows.offered),
        move: only(rows.move),
        known: only(rows.known),
        score: only(rows.score),
        isPast: only(rows.isPast),
        weight: only(rows.weight),
        bought: only(rows.bought),
      },
      strangers(2000),
    )
    const right = ({ weights, parameters }: LatentClasses) =>
      Array.from({ length: 2000 }, (_, s) => s).filter((s) => {
        const steep = meanParameter(parameters, weights.subarray(s * CLASSES, (s + 1) * CLASSES), slopeAt)
        return steep > 1.4 === (s % 2 === 1)
      }).length
    expect(right(learned)).toBeGreaterThan(right(without))
  })

  it('do not lose anybody without rows, and are the same for the same rows', () => {
    const few = drawnRows(200, 40, 9)
    const none = { ...few, indptr: Uint32Array.of(...few.indptr, few.indptr[200]) }
    const { weights } = learnClasses(none, strangers(201))
    expect(weights.subarray(200 * CLASSES).reduce((a, b) => a + b)).toBeCloseTo(1, 12)
    expect(learnClasses(none, strangers(201)).weights).toEqual(weights)
  })
})

describe('what is known of a shopper', () => {
  it('never tells less of classes after a step than before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ columns: fc.tuple(fc.nat(2), fc.nat(3)), weights: fc.tuple(share, share, share) }), {
          minLength: 1,
          maxLength: 20,
        }),
        (drawn) => {
          const columns = Uint32Array.from(drawn.flatMap(({ columns: [a, b] }) => [a, 3 + b]))
          const mixing = new Mixing({ nShoppers: drawn.length, nCols: 7, perShopper: 2, columns }, 3)
          const weights = Float64Array.from(drawn.flatMap(({ weights: own }) => own.map((w) => w / sum(own))))
          let before = objective(mixing, weights)
          for (let step = 0; step < 5; step++) {
            mixing.maximise(weights, drawn.length)
            const after = objective(mixing, weights)
            expect(after).toBeGreaterThanOrEqual(before - 1e-9)
            before = after
          }
        },
      ),
      { seed: 3, numRuns: 100 },
    )
  })

  const share = fc.double({ min: 0.01, max: 1, noNaN: true })
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b)

  function objective(mixing: Mixing, weights: Float64Array): number {
    const shares = new Float64Array(3)
    let total = -mixing.beta.reduce((squares, beta) => squares + beta ** 2, 0)
    for (let s = 0; s < weights.length / 3; s++) {
      mixing.shares(s, shares)
      for (let k = 0; k < 3; k++) total += weights[3 * s + k] * Math.log(shares[k])
    }
    return total
  }
})

describe('segments of classes', () => {
  const parameters = new Float64Array(3 * CLASSES + 3)
  for (let k = 0; k < CLASSES; k++) parameters.set([Math.log(k + 1), 0.1 * k, k], 3 * k)

  it('hold a base and shares by what each class buys', () => {
    const weights = Float64Array.of(0.5, 0.5, 0, 0, 0, 0, 0, 1)
    const { base, shares, segment, nSegments } = segmentsOfClasses(classes(weights), 0.3)
    expect(nSegments).toBe(3)
    expect([...segment]).toEqual([1, 2])
    expect(base[0]).toBeCloseTo(Math.log(1.5), 12)
    expect(base[1]).toBeCloseTo(Math.log(4), 12)
    expect(base[2]).toBeCloseTo(Math.log((1.5 + 4) / 2), 12)
    expect(shares[CLASSES]).toBeCloseTo(1 / 3, 12)
    expect(shares[CLASSES + 1]).toBeCloseTo(2 / 3, 12)
    expect(shares[3]).toBeCloseTo(4 / 5.5, 12)
  })

  it('are in the order of how much their shoppers answer', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(weight, weight, weight, weight), { minLength: 1, maxLength: 90 }), (drawn) => {
        const weights = Float64Array.from(drawn.flatMap((own) => sharesOf(own)))
        const { segment } = segmentsOfClasses(classes(weights), 0.3)
        const one = (s: number) =>
          segmentsOfClasses(classes(weights.slice(s * CLASSES, (s + 1) * CLASSES)), 0.3).shares.slice(0, CLASSES)
        const answers = drawn.map((_, s) => answerOf(parameters, one(s), 0.3))
        for (const [a, low] of answers.entries())
          for (const [b, high] of answers.entries())
            if (segment[a] < segment[b]) expect(low).toBeLessThanOrEqual(high + 1e-9)
      }),
      { seed: 5, numRuns: 50 },
    )
  })

  it('have the line of a class where there is no other, and one between them where there is', () => {
    const [show, slope] = lineOf(parameters, [0, 0, 1, 0], [0.1, 0.2, 0.4])
    expect(show).toBeCloseTo(0.2, 12)
    expect(slope).toBeCloseTo(2, 12)
    const [, between] = lineOf(parameters, [0, 0.5, 0, 0.5], [0.1, 0.2, 0.4])
    expect(between).toBeGreaterThan(1)
    expect(between).toBeLessThan(3)
    expect(lineOf(parameters, [0, 0, 1, 0], [0.3])).toEqual([expect.closeTo(0.8, 12), 0])
  })

  const weight = fc.double({ min: 0, max: 5, noNaN: true })
  function sharesOf(logarithms: readonly number[]): number[] {
    const shares = Float64Array.from(logarithms)
    normalise(shares)
    return [...shares]
  }
  function classes(weights: Float64Array): Pick<LatentClasses, 'weights' | 'parameters'> {
    return { weights, parameters }
  }
})

it('logarithms become shares, however far below 0 they are', () => {
  const values = Float64Array.of(-1000, -1000 + Math.log(3))
  expect(normalise(values)).toBeCloseTo(-1000 + Math.log(4), 9)
  expect([...values]).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.75, 12)])
})
