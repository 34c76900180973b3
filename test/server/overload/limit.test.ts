import fc from 'fast-check'
import { expect, test } from 'vitest'
import { GradientLimit, type LimitSettings } from '../../../server/admission/limit.ts'

const SETTINGS: LimitSettings = { targetMs: 50, workers: 1, least: 2, rest: 128, most: 4096 }

test('follows the formula computed by hand', () => {
  const limit = new GradientLimit(SETTINGS)
  limit.noteRun(1, 0.1)
  limit.noteWait(100, 900, 0)
  // Nobody was refused, and requests waited twice as long as aimed at: 900 · 1/2 + √900.
  limit.noteWait(100, 900, 100)
  expect(limit.limit).toBe(480)
  // 480 · 50/60 + √480.
  limit.noteRefusal()
  limit.noteWait(60, 480, 200)
  expect(limit.limit).toBeCloseTo(400 + Math.sqrt(480), 10)
  // The gradient goes up to 3/2: 421.9 · 3/2 + √421.9.
  limit.noteRefusal()
  limit.noteWait(1, 300, 300)
  expect(limit.limit).toBeCloseTo(1.5 * (400 + Math.sqrt(480)) + Math.sqrt(400 + Math.sqrt(480)), 10)
  // 653.4 · 3/2 + √653.4 would be 1005.6: pressure does not raise it above what it is at rest, 2 · 50 / 0.1.
  limit.noteRefusal()
  limit.noteWait(1, 300, 400)
  expect(limit.limit).toBe(1000)
  limit.noteWait(1, 3, 500)
  expect(limit.limit).toBe(1000)
})

test('at rest as many are taken as ever, however slow they are', () => {
  const limit = new GradientLimit(SETTINGS)
  limit.noteRun(1, 1)
  limit.noteWait(0, 1, 0)
  // 2 · 50 / 1 is less.
  limit.noteWait(1, 3, 100)
  expect(limit.limit).toBe(128)
})

test('the least wait of an interval counts: a burst that drains is no pressure', () => {
  const limit = new GradientLimit(SETTINGS)
  limit.noteRun(1, 0.1)
  limit.noteWait(0, 1, 0)
  for (let ms = 10; ms <= 100; ms += 10) limit.noteWait(500, 2000, ms)
  expect(limit.limit).toBe(1000)
})

test('stalls of the machine do not go below what is always taken, pressure that lasts does', () => {
  const limit = new GradientLimit(SETTINGS)
  limit.noteWait(0, 1, 0)
  for (const ms of [100, 200, 300, 400]) limit.noteWait(800, 10, ms)
  expect(limit.limit).toBe(128)
  limit.noteWait(0, 10, 500)
  expect(limit.limit).toBe(4096)
  for (const ms of [600, 700]) {
    limit.noteRefusal()
    limit.noteWait(800, 10, ms)
  }
  // 4096 · 1/2 + √4096, and once more of that.
  expect(limit.limit).toBeCloseTo(2112 / 2 + Math.sqrt(2112), 10)
  for (let ms = 800; ms <= 2000; ms += 100) limit.noteWait(800, 1, ms)
  expect(limit.limit).toBe(2)
})

test('an interval begins anew after a pause', () => {
  const limit = new GradientLimit(SETTINGS)
  limit.noteWait(0, 1, 0)
  limit.noteWait(800, 900, 5000)
  expect(limit.limit).toBe(4096)
})

test('a lane that is fed more than it can do settles where requests wait about as long as is aimed at', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.05, max: 20, noNaN: true }),
      fc.integer({ min: 1, max: 4 }),
      (serviceMs, workers) => {
        const limit = new GradientLimit({ ...SETTINGS, workers, least: 2 * workers, rest: 128 * workers, most: 1e6 })
        let now = 0
        for (let batch = 0; batch < 4000; batch++) {
          // The lane is always full: who comes is let in up to the limit, and waits for all before.
          limit.noteRefusal()
          limit.noteWait((limit.limit * serviceMs) / workers, limit.limit, now)
          limit.noteRun(8, 8 * serviceMs)
          now += 10
        }
        const waitMs = (limit.limit * serviceMs) / workers
        // The root that is added each time holds the limit above target/service: by as many, or where that is little by the least.
        const exact = (50 * workers) / serviceMs
        expect(limit.limit).toBeLessThanOrEqual(exact + 2 * Math.sqrt(exact) + 2 * workers + 3)
        expect(waitMs).toBeGreaterThanOrEqual(50 - 1e-9)
      },
    ),
    { seed: 1, numRuns: 200 },
  )
})

test('stays within its bounds whatever it is told', () => {
  const note = fc.record({
    waitMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    held: fc.nat(5000),
    ms: fc.nat(300),
    refused: fc.boolean(),
    runMs: fc.double({ min: 0, max: 1e4, noNaN: true }),
  })
  fc.assert(
    fc.property(fc.array(note, { maxLength: 100 }), (notes) => {
      const limit = new GradientLimit(SETTINGS)
      let now = 0
      for (const { waitMs, held, ms, refused, runMs } of notes) {
        now += ms
        if (refused) limit.noteRefusal()
        limit.noteRun(1 + (held % 64), runMs)
        limit.noteWait(waitMs, held, now)
        expect(limit.limit).toBeGreaterThanOrEqual(SETTINGS.least)
        expect(limit.limit).toBeLessThanOrEqual(SETTINGS.most)
      }
    }),
    { seed: 2, numRuns: 500 },
  )
})
