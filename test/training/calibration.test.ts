import { describe, expect, test } from 'vitest'
import { calibrate, UNCALIBRATED } from '../../training/calibration.ts'
import { visitsAfter } from '../../training/evaluation/visits.ts'
import { fitLogistic, probability } from '../../training/logistic.ts'
import { popularityOf } from '../../training/stages/popularity.ts'
import { DAY_MS, type SmallEvent, tableOf } from './small-shop.ts'

/** Labels that follow the truth exactly: at each x, the share of positives is the probability. */
function exactSample(truth: { intercept: number; slope: number }) {
  const logScores: number[] = []
  const labels: number[] = []
  for (const x of [-6, -5, -4, -3, -2, -1]) {
    const positives = Math.round(20_000 * probability(truth, x))
    for (let n = 0; n < 20_000; n++) {
      logScores.push(x)
      labels.push(n < positives ? 1 : 0)
    }
  }
  return { logScores, labels }
}

describe('calibration', () => {
  test('finds the probabilities that the labels follow', () => {
    const truth = { intercept: -1, slope: 0.7 }
    const { logScores, labels } = exactSample(truth)
    const fit = fitLogistic(logScores, labels)
    expect(fit.intercept).toBeCloseTo(-1, 1)
    expect(fit.slope).toBeCloseTo(0.7, 1)
    const mean = logScores.reduce((sum, x) => sum + probability(fit, x), 0) / logScores.length
    expect(mean).toBeCloseTo(labels.reduce((sum, label) => sum + label, 0) / labels.length, 8)
  })

  test('falls back where there are too few positives, and says so', () => {
    const few = { logScores: [-1, -2, -3], labels: [1, 0, 0] }
    const { logistic, metrics } = calibrate(few, UNCALIBRATED.history)
    expect(logistic).toEqual(UNCALIBRATED.history)
    expect(metrics).toMatchObject({ answers: 3, positives: 1, fitted: 0 })
  })

  test('never lets a better score lower the probability', () => {
    const { logScores, labels } = exactSample({ intercept: -4, slope: -0.7 })
    const { logistic } = calibrate({ logScores, labels }, UNCALIBRATED.history)
    expect(logistic.slope).toBe(0)
    const rate = labels.reduce((sum, label) => sum + label, 0) / labels.length
    expect(probability(logistic, -1)).toBeCloseTo(rate, 10)
  })
})

describe('visits after a cut', () => {
  const at = (day: number, shopper: number, item: number, kind: SmallEvent['kind'] = 'purchase'): SmallEvent => ({
    shopper,
    item,
    kind,
    timeMs: day * DAY_MS,
  })

  test('begin with the first event and hold what is bought within the window', () => {
    const table = tableOf([at(1, 0, 9), at(10, 0, 1, 'view'), at(12, 0, 2), at(16.5, 0, 3), at(17, 0, 4), at(30, 1, 5)])
    const visits = visitsAfter(table, 9 * DAY_MS, 7 * DAY_MS, 10)
    expect(visits).toEqual([{ shopper: 0, items: [1], bought: new Set([2, 3]) }])
  })

  test('are thinned evenly to the limit', () => {
    const events = Array.from({ length: 100 }, (_, shopper) => at(10 + shopper / 1000, shopper, 1))
    const visits = visitsAfter(tableOf([...events, at(40, 0, 1)]), 9 * DAY_MS, 7 * DAY_MS, 30)
    expect(visits.length).toBe(25)
    expect(visits[1].shopper - visits[0].shopper).toBe(4)
  })
})

describe('popularity', () => {
  test('halves with each half-life and is 1 for the most popular item', () => {
    const purchase = (item: number, day: number): SmallEvent => ({
      shopper: 0,
      item,
      kind: 'purchase',
      timeMs: day * DAY_MS,
    })
    const table = tableOf([purchase(0, 60), purchase(1, 30), purchase(2, 0), { ...purchase(3, 60), kind: 'view' }])
    const score = popularityOf(table, 5, 60 * DAY_MS, 30)
    expect([...score.subarray(0, 3)]).toEqual([1, 0.5, 0.25])
    expect(score[3]).toBeCloseTo(0.01, 6)
    expect(score[4]).toBe(0)
  })
})
