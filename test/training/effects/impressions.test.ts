import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_INDEX } from '../../../training/duckdb.ts'
import { readImpressions } from '../../../training/effects/impressions.ts'
import { parseDecision, weightOf } from '../../../training/effects/logged-choices.ts'
import { NO_OFFER } from '../../../training/effects/response-rows.ts'
import { boughtWithin, pairOrder } from '../../../training/effects/shown-and-bought.ts'
import { DAY_MS, temporaryFolder } from '../small-shop.ts'
import { CHOICE, decisionLine, eventLine, writeLogs } from './log-folder.ts'

const START = 1_700_000_000_000
const day = (days: number) => START + days * DAY_MS
const LATE = eventLine(day(60), 'view', 'tea', { shopper: 'ann' })
const DRAWN = { reason: 'explored', discountMinor: 100 } as const

async function read(decisions: string[], events: string[], { until = null as number | null, mostHeld = 1e6 } = {}) {
  const logs = await temporaryFolder()
  await writeLogs(logs, decisions, [...events, LATE])
  return readImpressions({
    logs,
    shop: 'default',
    until,
    windowMs: 7 * DAY_MS,
    mostHeld,
    items: ['cup', 'tea'],
    shoppers: ['ann', 'bob'],
    elasticity: [-2, -3],
    category: [7, 7],
    usualMinor: [0, 1000],
  })
}

describe('an impression', () => {
  it('holds what the response is learned from', async () => {
    const { rows, decisions, firstMs } = await read(
      [
        decisionLine(day(0), { shopper: 'bob' }, [
          { item: 'tea', reason: 'incremental_value', discountMinor: 200 },
          { item: 'cup', reason: 'no_incremental_value' },
        ]),
      ],
      [eventLine(day(1), 'purchase', 'tea', { shopper: 'bob' })],
    )
    expect({ decisions, firstMs }).toEqual({ decisions: 1, firstMs: day(0) })
    // Pairs come in the order in which their items do.
    const harmonic = 3 / (2 + 4 + 4)
    expect(rows).toEqual({
      shopper: Uint32Array.of(1, 1),
      campaign: Int32Array.of(NO_OFFER, 0),
      discount: Float64Array.of(0, 0.2),
      timeMs: Float64Array.of(day(0), day(0)),
      elasticity: Float64Array.of(-2, -3),
      // The other item of the category is a fifth cheaper; the usual price of cups is not known.
      rivals: Float64Array.of(0.2, 0),
      nRivals: Uint16Array.of(1, 1),
      category: Uint32Array.of(7, 7),
      listed: Float64Array.of(0, -0),
      offset: new Float64Array(2).fill(Math.log(0.1 / 0.9) - 0.5),
      weight: Float64Array.of(harmonic / 0.5, harmonic / 0.25),
      bought: Uint8Array.of(0, 1),
      campaigns: [{ id: 'spring', mechanism: 'coupon' }],
    })
  })

  it('is bought within seven days, by the same shopper, before the item is shown again', async () => {
    const shown = (time: number) => decisionLine(time, { shopper: 'ann' }, [{ item: 'tea', ...DRAWN }])
    const bought = (time: number, shopper = 'ann', item = 'tea') => eventLine(time, 'purchase', item, { shopper })
    const outcome = async (decisions: string[], events: string[]) => [...(await read(decisions, events)).rows.bought]
    expect(await outcome([shown(day(0))], [bought(day(0))])).toEqual([1])
    expect(await outcome([shown(day(0))], [bought(day(7) - 1)])).toEqual([1])
    expect(await outcome([shown(day(0))], [bought(day(7)), bought(day(0) - 1)])).toEqual([0])
    expect(await outcome([shown(day(0))], [bought(day(1), 'bob'), bought(day(1), 'ann', 'cup')])).toEqual([0])
    expect(await outcome([shown(day(0))], [eventLine(day(1), 'cart', 'tea', { shopper: 'ann' })])).toEqual([0])
    expect(await outcome([shown(day(3)), shown(day(0))], [bought(day(4))])).toEqual([0, 1])
    expect(await outcome([shown(day(3)), shown(day(0))], [bought(day(2)), bought(day(4))])).toEqual([1, 1])
  })

  it('is a session’s where no shopper is known, and a purchase then counts by its session', async () => {
    const decisions = [
      decisionLine(day(0), { session: 'x' }, [{ item: 'tea', ...DRAWN }]),
      decisionLine(day(0), { shopper: 'zoe' }, [{ item: 'tea', ...DRAWN }]),
    ]
    const { rows } = await read(decisions, [eventLine(day(1), 'purchase', 'tea', { shopper: 'ann', session: 'x' })])
    expect([...rows.shopper]).toEqual([NO_INDEX, NO_INDEX])
    expect([...rows.bought].sort()).toEqual([0, 1])
  })

  it('teaches nothing where the choice was not drawn, and is counted by why', async () => {
    const decisions = [
      decisionLine(day(0), { shopper: 'ann' }, [
        { item: 'tea', reason: 'kept', discountMinor: 100 },
        { item: 'cup', reason: 'contact_cap' },
        { item: 'gone', ...DRAWN },
      ]),
      decisionLine(day(1), { shopper: 'bob' }, [
        { item: 'tea', reason: 'holdout' },
        {
          item: 'cup',
          reason: 'no_incremental_value',
          propensity: 1,
          choice: { actions: ['spring#0'], probabilities: [1, 0] },
        },
      ]),
      decisionLine(day(2), {}, [{ item: 'tea', ...DRAWN }]),
      decisionLine(day(55), { shopper: 'ann' }, [{ item: 'tea', ...DRAWN }]),
      decisionLine(day(20), { shopper: 'ann' }, [{ item: 'tea', ...DRAWN }]),
      decisionLine(day(20), { shopper: 'ann' }, [{ item: 'tea', ...DRAWN }]),
    ]
    const { rows, leftOut, holdout } = await read(decisions, [eventLine(day(2), 'purchase', 'tea', { shopper: 'bob' })])
    expect(leftOut).toEqual({
      kept: 1,
      closed: 1,
      not_drawn: 1,
      nobody: 1,
      unknown_item: 1,
      shown_twice: 1,
      not_over: 1,
    })
    expect(rows.bought.length).toBe(1)
    expect(holdout).toEqual({
      shopper: Uint32Array.of(1),
      offset: Float64Array.of(Math.log(0.1 / 0.9) - 0.5),
      bought: Uint8Array.of(1),
    })
  })

  it('is not read from the instant on that training is to end at', async () => {
    const decisions = [0, 10].map((at) => decisionLine(day(at), { shopper: 'ann' }, [{ item: 'tea', ...DRAWN }]))
    const events = [eventLine(day(9), 'view', 'tea', { shopper: 'ann' })]
    const { rows, leftOut } = await read(decisions, events, { until: day(10) })
    expect([rows.bought.length, leftOut.not_over]).toEqual([1, 0])
    expect((await read(decisions, [], { until: day(5) })).leftOut.not_over).toBe(1)
  })
})

describe('where memory is short', () => {
  const visitor = (n: number) => ({ session: `visitor ${n}` })
  const decisions = Array.from({ length: 400 }, (_, n) =>
    decisionLine(day(n / 20), visitor(n % 100), [
      { item: 'tea', ...DRAWN },
      { item: 'cup', ...DRAWN },
    ]),
  )
  const events = Array.from({ length: 100 }, (_, n) => eventLine(day(1 + n / 10), 'purchase', 'tea', visitor(n)))

  it('some shoppers are learned from, each with all that they were shown and bought', async () => {
    const all = await read(decisions, events)
    const some = await read(decisions, events, { mostHeld: 300 })
    expect(all.sampled).toBe(1)
    expect([0.5, 0.25]).toContain(some.sampled)
    expect(some.rows.bought.length % 8).toBe(0)
    const share = some.rows.bought.length / all.rows.bought.length
    expect(Math.abs(share - some.sampled)).toBeLessThan(0.15)
    const rate = ({ rows }: typeof all) => rows.bought.reduce((sum, each) => sum + each, 0) / rows.bought.length
    expect(Math.abs(rate(some) - rate(all))).toBeLessThan(0.05)
    expect(await read(decisions, events, { mostHeld: 300 })).toEqual(some)
  })
})

describe('a damaged row', () => {
  const whole = decisionLine(day(0), { shopper: 'ann' }, [{ item: 'tea', ...DRAWN }])

  it.each([
    ['decisions.invalid_json', whole.slice(0, 80)],
    ['decisions.invalid_value.v', whole.replace('"v":2', '"v":1')],
    ['decisions.unknown_shop.shop', whole.replace('"shop":"default"', '"shop":"other"')],
    ['decisions.missing_field.time', whole.replace(/"time":\d+,/, '')],
    ['decisions.invalid_type.answer.items.priceMinor', whole.replace('"priceMinor":1000', '"priceMinor":"1000"')],
    [
      'decisions.invalid_value.answer.items.purchaseProbability',
      whole.replace('"purchaseProbability":0.1', '"purchaseProbability":1'),
    ],
    ['decisions.invalid_value.offer.discountMinor', whole.replace('"discountMinor":100', '"discountMinor":1001')],
    ['decisions.invalid_value.propensities', whole.replace('[0.25,2]', '[0.25,3]')],
    ['decisions.invalid_value.propensities', whole.replace('[0.5,[0.25,2]]', '[1]')],
    ['decisions.invalid_value.propensities', whole.replace(',{"actions":[],"probabilities":[1]}', '')],
    ['decisions.invalid_value.propensity', whole.replace('"propensity":0.25', '"propensity":0.3')],
    ['decisions.invalid_value.propensities.actions', whole.replace('spring#0-1', 'spring')],
    ['decisions.invalid_value.propensities.actions', whole.replace('spring#0-1', 'spring#0-99999999')],
    ['decisions.invalid_type.propensities.probabilities', whole.replace('[0.25,2]', '[0.25,99999999]')],
  ])('is counted as %s, and the others are read', async (what, line) => {
    expect(line).not.toBe(whole)
    const { damaged, rows } = await read([line, whole], [])
    expect(damaged).toEqual({ [what]: 1 })
    expect(rows.bought.length).toBe(1)
  })

  it('of the event log is counted too', async () => {
    const event = eventLine(day(1), 'purchase', 'tea', { shopper: 'ann' })
    const { damaged, rows } = await read([whole], [event.replace('purchase', 'gift'), '', event])
    expect(damaged).toEqual({ 'events.invalid_value.kind': 1, 'events.invalid_json': 1 })
    expect([...rows.bought]).toEqual([1])
  })
})

describe('the weight of a choice', () => {
  const chances = fc
    .array(fc.double({ min: 0.01, max: 1, noNaN: true }), { minLength: 2, maxLength: 12 })
    .map((parts) => parts.map((part) => part / parts.reduce((sum, each) => sum + each, 0)))

  it('makes every action count alike in expectation, is bounded, and tells honest variances', () => {
    fc.assert(
      fc.property(chances, (probabilities) => {
        const choice = { actions: probabilities.slice(1).map((_, step) => `spring#${step}`), probabilities }
        const weights = probabilities.map((each) => weightOf(choice, each))
        weights.forEach((weight, action) => {
          expect(weight * probabilities[action]).toBeCloseTo(weights[0] * probabilities[0], 12)
          expect(weight).toBeLessThanOrEqual(probabilities.length + 1e-9)
        })
        const mean = weights.reduce((sum, weight, action) => sum + probabilities[action] * weight, 0)
        const square = weights.reduce((sum, weight, action) => sum + probabilities[action] * weight ** 2, 0)
        expect(mean).toBeCloseTo(square, 9)
      }),
      { seed: 31, numRuns: 200 },
    )
  })

  it('is 1 where all actions were as likely, and 0 where nothing else could have come', () => {
    expect(weightOf({ actions: ['a#0-2'], probabilities: [[0.25, 4]] }, 0.25)).toBeCloseTo(1, 12)
    expect(weightOf({ actions: ['a#0'], probabilities: [0, 1] }, 1)).toBe(0)
    expect(weightOf({ actions: ['a#0-1'], probabilities: [0.5, 0.5 - 1e-5, 1e-5] }, 0.5)).toBeCloseTo(1, 3)
    expect(weightOf({ actions: ['a#0-1'], probabilities: [0.5, 0.5 - 1e-5, 1e-5] }, 1e-5)).toBe(0)
    expect(
      parseDecision(decisionLine(1, {}, [{ item: 'tea', ...DRAWN, choice: CHOICE }])).impressions[0],
    ).toMatchObject({
      kind: 'drawn',
      offer: { campaign: 'spring', mechanism: 'coupon', discount: 0.1 },
    })
  })
})

it('finds the purchases that a search through all of them finds', () => {
  const times = fc.array(fc.record({ pair: fc.nat(3), timeMs: fc.nat(30) }), { maxLength: 30 })
  const columns = (rows: { pair: number; timeMs: number }[]) => ({
    pair: rows.map(({ pair }) => pair),
    timeMs: rows.map(({ timeMs }) => timeMs),
  })
  fc.assert(
    fc.property(times, times, fc.integer({ min: 1, max: 20 }), (shown, bought, window) => {
      const found = boughtWithin(columns(shown), pairOrder(columns(shown)), columns(bought), window)
      shown.forEach(({ pair, timeMs }, row) => {
        const later = shown.filter(
          (other, o) => other.pair === pair && (other.timeMs > timeMs || (other.timeMs === timeMs && o > row)),
        )
        const end = Math.min(timeMs + window, ...later.map((other) => other.timeMs))
        const isBought = bought.some((each) => each.pair === pair && each.timeMs >= timeMs && each.timeMs < end)
        expect(found[row]).toBe(isBought ? 1 : 0)
      })
    }),
    { seed: 41, numRuns: 300 },
  )
})
