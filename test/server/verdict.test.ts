import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WATCH } from '../../server/config.ts'
import { verdict } from '../../server/generations/verdict.ts'
import { Vitals } from '../../server/generations/vitals.ts'
import { Watch } from '../../server/generations/watch.ts'

interface Traffic {
  requests: number
  errors?: number
  latencyMs?: number
  empty?: number
  fallbacks?: number
  /** Taken off every second answer. */
  discount?: number
}

function vitalsOf({ requests, errors = 0, latencyMs = 2, empty = 0, fallbacks = 0, discount = 0 }: Traffic): Vitals {
  const vitals = new Vitals()
  for (let r = 0; r < requests; r++) {
    vitals.addRequest(r < errors, latencyMs)
    const discountMinor = r % 2 === 0 ? discount : 0
    vitals.addAnswers({
      answers: 1,
      empty: r < empty ? 1 : 0,
      fallbacks: r < fallbacks ? 1 : 0,
      discountMinor,
      discountSquares: discountMinor ** 2,
    })
  }
  return vitals
}

const judged = (now: Traffic, before: Traffic) => verdict(vitalsOf(now), vitalsOf(before), WATCH)

describe('a snapshot is worse than the one before', () => {
  test.each<[string, Traffic, Traffic, string]>([
    ['when requests fail', { requests: 400, errors: 60 }, { requests: 400 }, 'failed requests 0.1500 of 400, before 0'],
    [
      'when answers are empty',
      { requests: 200, empty: 200 },
      { requests: 900, empty: 9 },
      'empty answers 1.0000 of 200',
    ],
    ['when it knows nobody', { requests: 500, fallbacks: 450 }, { requests: 500, fallbacks: 100 }, 'fall-backs 0.9000'],
    [
      'when it gives too much',
      { requests: 300, discount: 500 },
      { requests: 300, discount: 100 },
      '250.00 minor units, before 50',
    ],
    ['when it gives where nothing was given', { requests: 300, discount: 100 }, { requests: 300 }, 'mean discount'],
    [
      'when it is slow',
      { requests: 300, latencyMs: 600 },
      { requests: 300, latencyMs: 5 },
      '95th percentile of latency',
    ],
  ])('%s', (_, now, before, reason) => {
    expect(judged(now, before)).toContain(reason)
    expect(judged(before, now)).toBeNull()
  })
})

describe('it is not', () => {
  test.each<[string, Traffic, Traffic]>([
    ['when it has answered too little to tell', { requests: 99, empty: 99 }, { requests: 900 }],
    ['when the one before has', { requests: 900, empty: 900 }, { requests: 99 }],
    ['when chance explains the rise', { requests: 100, errors: 4 }, { requests: 100 }],
    ['when a rise is certain and small', { requests: 40_000, errors: 500 }, { requests: 40_000 }],
    ['when a budget has run out', { requests: 900 }, { requests: 900, discount: 500 }],
    ['when it is slow and was', { requests: 900, latencyMs: 900 }, { requests: 900, latencyMs: 600 }],
  ])('%s', (_, now, before) => {
    expect(judged(now, before)).toBeNull()
  })

  test('against itself, whatever it answers', () => {
    const share = fc.nat(500)
    const traffic = fc.record({
      requests: fc.constant(500),
      errors: share,
      empty: share,
      fallbacks: share,
      discount: fc.nat(5000),
      latencyMs: fc.integer({ min: 1, max: 5000 }),
    })
    fc.assert(
      fc.property(traffic, (same) => {
        expect(judged(same, same)).toBeNull()
      }),
      { seed: 7 },
    )
  })
})

test('a quantile of latency is told to a fifth of itself', () => {
  const latency = fc.array(fc.double({ min: 0.3, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(latency, fc.constantFrom(0.5, 0.95, 1), (values, quantile) => {
      const vitals = new Vitals()
      for (const value of values) vitals.addRequest(false, value)
      const naive = values.toSorted((a, b) => a - b)[Math.ceil(quantile * values.length) - 1]
      const told = vitals.latencyMs(quantile)
      expect(told).toBeGreaterThanOrEqual(naive * 0.999)
      expect(told).toBeLessThanOrEqual(naive * 1.2)
    }),
    { seed: 11 },
  )
})

describe('the watch', () => {
  const batch = (empty: boolean) => ({
    errors: Array<boolean>(10).fill(false),
    latencyMs: Array<number>(10).fill(2),
    tally: { answers: 10, empty: empty ? 10 : 0, fallbacks: 0, discountMinor: 0, discountSquares: 0 },
  })

  function served(watch: Watch, id: string, batches: number, empty: boolean, at: number): string | null {
    for (let b = 0; b < batches; b++) watch.count(id, batch(empty), 'r1', at)
    return watch.look(at)
  }

  test('returns once, and not what was returned to', () => {
    const watch = new Watch(WATCH)
    watch.begin('a', true, 0)
    expect(served(watch, 'a', 20, false, 1)).toBeNull()
    watch.begin('b', true, 2)
    expect(served(watch, 'b', 20, true, 3)).toContain('empty answers')
    expect(watch.look(4)).toBeNull()
    watch.begin('a', false, 5)
    expect(served(watch, 'a', 20, true, 6)).toBeNull()
  })

  test('is over after its window, and stays open while too few have asked', () => {
    const watch = new Watch(WATCH)
    watch.begin('a', true, 0)
    served(watch, 'a', 20, false, 1)
    watch.begin('b', true, 0)
    expect(served(watch, 'b', 5, false, WATCH.windowMs + 1)).toBeNull()
    expect(watch.isWatching).toBe(true)
    expect(served(watch, 'b', 5, false, WATCH.windowMs + 2)).toBeNull()
    expect(watch.isWatching).toBe(false)
    expect(served(watch, 'b', 500, true, WATCH.windowMs + 3)).toBeNull()
  })

  test('does not count what the snapshot before still answers', () => {
    const watch = new Watch(WATCH)
    watch.begin('a', true, 0)
    served(watch, 'a', 20, false, 1)
    watch.begin('b', true, 2)
    expect(served(watch, 'a', 50, true, 3)).toBeNull()
  })

  test('compares with what was answered lately, not long ago', () => {
    const watch = new Watch(WATCH)
    watch.begin('a', true, 0)
    served(watch, 'a', 500, false, 1)
    served(watch, 'a', 50, true, 2 * WATCH.windowMs)
    served(watch, 'a', 50, true, 4 * WATCH.windowMs)
    watch.begin('b', true, 5 * WATCH.windowMs)
    expect(served(watch, 'b', 50, true, 5 * WATCH.windowMs + 1)).toBeNull()
  })

  test('does not compare discounts of different campaigns', () => {
    const giving = (discountMinor: number) => ({
      ...batch(false),
      tally: { answers: 10, empty: 0, fallbacks: 0, discountMinor, discountSquares: discountMinor ** 2 / 10 },
    })
    const told = (revision: string) => {
      const watch = new Watch(WATCH)
      watch.begin('a', true, 0)
      for (let b = 0; b < 20; b++) watch.count('a', giving(10), 'r1', 1)
      watch.begin('b', true, 2)
      for (let b = 0; b < 20; b++) watch.count('b', giving(1000), revision, 3)
      return watch.look(4)
    }
    expect(told('r1')).toContain('mean discount')
    expect(told('r2')).toBeNull()
  })
})
