import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'

function real(min: number, max: number): fc.Arbitrary<number> {
  return fc.double({ min, max, noNaN: true })
}

const action = fc.record({
  discount: fc.nat(5000),
  oddsFactor: real(0, 20),
  factorSe: real(0, 2),
  borrowed: real(0, 1),
  displaced: real(0, 0.5),
  dual: real(0, 3),
  stockDual: fc.oneof(fc.constant(0), real(0, 2000)),
  returnDual: fc.oneof(fc.constant(0), real(0, 50)),
})
const offers = fc.record({
  unitMargin: fc.integer({ min: -500, max: 20_000 }),
  oddsNone: fc.oneof(real(0, 5), fc.constant(0)),
  z: real(0, 3),
  rivals: real(0, 500),
  actions: fc.array(action, { maxLength: 20 }),
})

const draw = fc.record({
  values: fc.array(fc.oneof(real(-1000, 1000), fc.integer({ min: -2, max: 2 })), { minLength: 1, maxLength: 30 }),
  temperature: fc.oneof(fc.constant(0), real(0.01, 500), real(1e-300, 1e-3)),
  floor: fc.oneof(fc.constant(0), real(0, 0.2)),
  u: real(0, 1 - 2 ** -53),
})

function naivePropensities(values: number[], temperature: number, floor: number): number[] {
  const n = values.length
  const top = Math.max(...values)
  const best = values.indexOf(top)
  const weights = values.map((v, a) => (temperature === 0 ? Number(a === best) : Math.exp((v - top) / temperature)))
  const total = weights.reduce((sum, w) => sum + w, 0)
  const least = Math.min(floor, 1 / n)
  return weights.map((w) => least + (1 - n * least) * (w / total))
}

describe.each(BUILDS)('offers, %s build', (build) => {
  const arena = new Arena(build)
  const { kernel } = arena

  function choose(values: number[], temperature: number, floor: number, u: number) {
    arena.reset()
    const out = arena.room(values.length * 8)
    const chosen = kernel.chooseOffer(values.length, arena.f64(values), temperature, floor, u, out)
    return { chosen, propensities: arena.readF64(out, values.length) }
  }

  it('are worth what the formulas say, to the bit', () => {
    fc.assert(
      fc.property(offers, ({ unitMargin, oddsNone, rivals, z, actions }) => {
        arena.reset()
        const n = actions.length
        const column = (name: keyof (typeof actions)[0]) => arena.f64(actions.map((a) => a[name]))
        const [discount, factor, se, borrowed, displaced, dual, stockDual, returnDual] = [
          column('discount'),
          column('oddsFactor'),
          column('factorSe'),
          column('borrowed'),
          column('displaced'),
          column('dual'),
          column('stockDual'),
          column('returnDual'),
        ]
        const [p, margin, band, price, value] = Array.from({ length: 5 }, () => arena.room(n * 8))
        const out = [p, margin, band, price, value] as const
        const prices = [dual, stockDual, returnDual] as const
        const moved = [factor, se, borrowed, displaced] as const
        kernel.offerValues(n, unitMargin, oddsNone, discount, ...moved, rivals, z, ...prices, ...out)
        const none = (oddsNone / (1 + oddsNone)) * unitMargin
        const expected = actions.map((a) => {
          const odds = oddsNone * a.oddsFactor
          const pa = odds / (1 + odds)
          const won = (1 - a.borrowed) * unitMargin - a.discount
          const m = pa * won - none - a.displaced * rivals
          const b = z * (pa * (1 - pa) * a.factorSe * Math.abs(won))
          const c = a.dual * (pa * a.discount) + a.stockDual * pa - a.returnDual * m
          return [pa, m, b, c, m - b - c]
        })
        const columns = out.map((pointer) => arena.readF64(pointer, n))
        expect(actions.map((_, a) => columns.map((values) => values[a]))).toEqual(expected)
      }),
      SEEDED,
    )
  })

  it('are charged as by their budget alone, to the bit, where offers and returns have no price', () => {
    fc.assert(
      fc.property(offers, ({ unitMargin, oddsNone, rivals, z, actions }) => {
        arena.reset()
        const n = actions.length
        const column = (of: (one: (typeof actions)[0]) => number) => arena.f64(actions.map(of))
        const given = (['discount', 'oddsFactor', 'factorSe', 'borrowed', 'displaced'] as const).map((name) =>
          column((one) => one[name]),
        ) as [number, number, number, number, number]
        const prices = [column(({ dual }) => dual), column(() => 0), column(() => 0)] as const
        const out = Array.from({ length: 5 }, () => arena.room(n * 8)) as [number, number, number, number, number]
        kernel.offerValues(n, unitMargin, oddsNone, ...given, rivals, z, ...prices, ...out)
        const [p, , , price] = out.map((pointer) => arena.readF64(pointer, n))
        expect(price).toEqual(actions.map((one, a) => one.dual * (p[a] * one.discount)))
      }),
      SEEDED,
    )
  })

  it('that are the same move are worth the same as one by one, to the bit', () => {
    const prices = fc.record({ dual: real(0, 3), stockDual: real(0, 900), returnDual: real(0, 3) })
    const steps = fc.array(fc.tuple(fc.nat(1000), prices), { maxLength: 40 })
    fc.assert(
      fc.property(offers, steps, ({ unitMargin, oddsNone, rivals, z, actions }, steps) => {
        fc.pre(actions.length > 0)
        arena.reset()
        const priced = steps.map(([move, prices]) => ({ ...actions[move % actions.length], ...prices }))
        const rooms = (n: number) =>
          Array.from({ length: 5 }, () => arena.room(n * 8)) as [number, number, number, number, number]
        const weigh = (each: typeof actions, out: ReturnType<typeof rooms>) => {
          const column = (name: keyof (typeof actions)[0]) => arena.f64(each.map((a) => a[name]))
          const discount = column('discount')
          const moved = [column('oddsFactor'), column('factorSe'), column('borrowed'), column('displaced')] as const
          const charged = [column('dual'), column('stockDual'), column('returnDual')] as const
          kernel.offerValues(each.length, unitMargin, oddsNone, discount, ...moved, rivals, z, ...charged, ...out)
          return { discount, charged }
        }
        const [moves, alone] = [rooms(actions.length), rooms(steps.length)]
        const free = actions.map((a) => ({ ...a, dual: 0, stockDual: 0, returnDual: 0 }))
        const { discount } = weigh(free, moves)
        const { charged } = weigh(priced, alone)
        const moveOf = arena.u32(steps.map(([move]) => move % actions.length))
        const out = arena.room(steps.length * 8)
        kernel.stepValues(steps.length, moveOf, discount, moves[0], moves[1], moves[4], ...charged, out)
        expect(arena.readF64(out, steps.length)).toEqual(arena.readF64(alone[4], steps.length))
      }),
      SEEDED,
    )
  })

  it('of tiers are worth the same as one by one, to the bit', () => {
    const tier = fc.record({ margin: fc.integer({ min: -500, max: 20_000 }), odds: real(0, 5), action })
    fc.assert(
      fc.property(fc.array(tier, { maxLength: 20 }), real(0, 3), (tiers, z) => {
        arena.reset()
        const n = tiers.length
        const column = (of: (one: (typeof tiers)[0]) => number) => arena.f64(tiers.map(of))
        const [margin, odds] = [column((one) => one.margin), column((one) => one.odds)]
        const given = (['discount', 'oddsFactor', 'factorSe', 'borrowed', 'displaced'] as const).map((name) =>
          column(({ action }) => action[name]),
        ) as [number, number, number, number, number]
        const prices = (['dual', 'stockDual', 'returnDual'] as const).map((name) =>
          column(({ action }) => action[name]),
        ) as [number, number, number]
        const rooms = () =>
          Array.from({ length: 5 }, () => arena.room(n * 8)) as [number, number, number, number, number]
        const [together, alone] = [rooms(), rooms()]
        kernel.tierValues(n, margin, odds, ...given, z, ...prices, ...together)
        tiers.forEach((one, t) => {
          const [discount, factor, se, borrowed, displaced] = given.map((pointer) => pointer + 8 * t)
          const out = alone.map((pointer) => pointer + 8 * t) as typeof alone
          const columns = [discount, factor, se, borrowed, displaced] as const
          const own = prices.map((pointer) => pointer + 8 * t) as typeof prices
          kernel.offerValues(1, one.margin, one.odds, ...columns, 0, z, ...own, ...out)
        })
        const read = (pointers: number[]) => pointers.map((pointer) => arena.readF64(pointer, n))
        expect(read(together)).toEqual(read(alone))
      }),
      SEEDED,
    )
  })

  it('are drawn with the propensities of a floored softmax, which add up to 1', () => {
    fc.assert(
      fc.property(draw, ({ values, temperature, floor, u }) => {
        const { propensities } = choose(values, temperature, floor, u)
        const expected = naivePropensities(values, temperature, floor)
        for (const [a, propensity] of propensities.entries()) expect(propensity).toBeCloseTo(expected[a], 13)
        expect(Math.abs(propensities.reduce((sum, p) => sum + p, 0) - 1)).toBeLessThan(1e-12)
      }),
      SEEDED,
    )
  })

  it('are drawn by the first cumulative sum above u, and never with propensity 0', () => {
    fc.assert(
      fc.property(draw, ({ values, temperature, floor, u }) => {
        const { chosen, propensities } = choose(values, temperature, floor, u)
        let cumulative = 0
        const sums = propensities.map((p) => (cumulative += p))
        const first = sums.findIndex((sum) => sum > u)
        expect(chosen).toBe(first === -1 ? propensities.findLastIndex((p) => p > 0) : first)
        expect(propensities[chosen]).toBeGreaterThan(0)
      }),
      { ...SEEDED, numRuns: 1000 },
    )
  })

  it('at temperature 0 without a floor are the best, the first of equals', () => {
    expect(choose([1, 7, 7, 2], 0, 0, 0.99)).toEqual({ chosen: 1, propensities: [0, 1, 0, 0] })
    expect(choose([0], 0, 0, 0.5)).toEqual({ chosen: 0, propensities: [1] })
  })

  it('share equally when the floor leaves nothing to the softmax', () => {
    expect(choose([9, 0, 0, 0], 0, 0.4, 0.6)).toEqual({ chosen: 2, propensities: [0.25, 0.25, 0.25, 0.25] })
  })

  it('weigh by an exponential that is right to 50 bits, down to the smallest numbers', () => {
    fc.assert(
      fc.property(real(-800, 0), (x) => {
        const [, low] = choose([0, x], 1, 0, 0).propensities
        const exact = Math.exp(x)
        const expected = exact / (1 + exact)
        expect(Math.abs(low - expected)).toBeLessThanOrEqual(expected * 2 ** -50 + 2 ** -1073)
      }),
      { ...SEEDED, numRuns: 2000 },
    )
  })
})
