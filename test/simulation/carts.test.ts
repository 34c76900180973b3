import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CartsResult, chanceOfReaching, simulateCarts } from '../../training/simulation/carts.ts'
import { DEFAULT_SCENARIO } from '../../training/simulation/loop/scenario.ts'

const Item = fc.record({
  priceMinor: fc.integer({ min: 1, max: 50 }),
  probability: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('the chance that a cart reaches a threshold', () => {
  it('is that of all that may be bought together', () => {
    fc.assert(
      fc.property(fc.array(Item, { maxLength: 8 }), fc.integer({ min: 1, max: 200 }), (items, missing) => {
        let expected = 0
        for (let bought = 0; bought < 1 << items.length; bought++) {
          const has = (i: number) => ((bought >> i) & 1) === 1
          const sum = items.reduce((total, { priceMinor }, i) => total + (has(i) ? priceMinor : 0), 0)
          const chance = items.reduce((p, { probability }, i) => p * (has(i) ? probability : 1 - probability), 1)
          if (sum >= missing) expected += chance
        }
        expect(chanceOfReaching(items, missing)).toBeCloseTo(expected, 10)
      }),
    )
  })

  it('is 1 where nothing is missing and 0 where nothing is promised', () => {
    expect(chanceOfReaching([], 0)).toBe(1)
    expect(chanceOfReaching([{ priceMinor: 5, probability: 1 }], Number.POSITIVE_INFINITY)).toBe(0)
  })
})

describe('carts below a threshold', () => {
  let folder: string
  let results: CartsResult[]

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'simulated-carts-'))
    const scenario = { ...DEFAULT_SCENARIO, items: 300, shoppers: 400, events: 8000, days: 2, visitsPerDay: 300 }
    results = []
    for (const run of ['first', 'second']) results.push(await simulateCarts(join(folder, run), scenario, 7))
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('are promised the same, whichever is chosen first, and reach it by what is shown', () => {
    const { items_first, joint } = results[0].byRanking
    expect(joint.promised).toBe(items_first.promised)
    expect(joint.promised).toBeGreaterThan(100)
    expect(joint.reached).not.toBe(items_first.reached)
    expect(joint.rewardMinor).toBeGreaterThan(0)
  })

  it('come out the same for the same seed', () => {
    expect(results[1]).toEqual(results[0])
  })
})
