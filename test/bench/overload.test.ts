import { expect, test } from 'vitest'
import { overloadFigures } from '../../bench/overload/figures.ts'
import type { LoadAnswer } from '../../bench/overload/load-child.ts'
import { arrivalsMs } from '../../bench/overload/schedule.ts'

test('arrivals come in order, at the rate of their stretch, and the same again from the same seed', () => {
  const stretches = [
    { perSecond: 100, seconds: 50 },
    { perSecond: 1000, seconds: 10 },
  ]
  const at = arrivalsMs(stretches, 7)
  expect([...at]).toEqual([...at].sort((a, b) => a - b))
  const early = at.filter((ms) => ms < 50_000).length
  // Five standard deviations of a Poisson count.
  expect(Math.abs(early - 5000)).toBeLessThan(5 * Math.sqrt(5000))
  expect(Math.abs(at.length - early - 10_000)).toBeLessThan(5 * Math.sqrt(10_000))
  expect(at.at(-1)).toBeLessThan(60_000)
  expect(arrivalsMs(stretches, 7)).toEqual(at)
})

/** One request at each time: `[set, sent, took, status]`. */
function answersOf(rows: [number, number, number, number][]): LoadAnswer {
  const column = (i: number) => Float64Array.from(rows, (row) => row[i])
  const status = Int16Array.from(rows, (row) => row[3])
  return { atMs: column(0), sentMs: column(1), tookMs: column(2), status, compared: 0, wrong: 0, generatorShare: 0.25 }
}

test('figures are those of the overload alone, and normal is when all later windows are', () => {
  const load = answersOf([
    [500, 500, 5, 200],
    [1000, 1000, 10, 200],
    [1200, 1201, 40, 200],
    [1500, 1600, 90, 200],
    [1900, 1900, 1, 503],
    // Windows of 250 ms from 2000 on: refused in the first, late in the third.
    [2100, 2100, 1, 503],
    [2300, 2300, 10, 200],
    [2600, 2600, 101, 200],
    [2900, 2900, 99, 200],
  ])
  expect(overloadFigures(load, 1000, 2000, 100)).toEqual({
    sentShare: 0.75,
    generatorShare: 0.25,
    offeredPerSecond: 4,
    goodputPerSecond: 3,
    acceptedP99Ms: 90,
    refused: 1,
    failed: 0,
    normalAfterMs: 750,
  })
})

test('a run that is not normal at its end was never', () => {
  const load = answersOf([
    [0, 0, 1, 200],
    [1000, 1000, 1, 0],
  ])
  expect(overloadFigures(load, 0, 1000, 100)).toMatchObject({ failed: 1, normalAfterMs: null })
})
