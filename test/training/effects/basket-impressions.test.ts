import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BasketReading } from '../../../training/effects/basket-impressions.ts'
import type { LoggedEvent } from '../../../training/effects/log-rows.ts'
import { basketOf } from '../../../training/effects/logged-baskets.ts'
import { DAY_MS } from '../small-shop.ts'

const START = 100 * DAY_MS
const WINDOW = 7 * DAY_MS
const END = START + 100 * DAY_MS

interface Ask {
  hour: number
  cartMinor: number
}
interface Purchase {
  hour: number
  minor: number
  order: string | undefined
}

const at = (hour: number) => START + hour * 3_600_000
const TIER = { thresholdMinor: 5000, rewardMinor: 500, missingMinor: 4000, weight: 1 }

function read(
  asks: Ask[],
  purchases: Purchase[],
  subject: { shopper?: string; session?: string } = { shopper: 'ann' },
) {
  const source = { windowMs: WINDOW, mostHeld: 1e6, items: ['tea'], usualMinor: [700] }
  const reading = new BasketReading(source, new Map([['tea', 0]]))
  for (const { hour, minor, order } of purchases) {
    const event: LoggedEvent = {
      v: 1,
      shop: 'default',
      kind: 'purchase',
      time: at(hour),
      item: 'tea',
      priceMinor: minor,
    }
    reading.takeEvent({ ...event, ...subject, order })
  }
  for (const { hour, cartMinor } of asks)
    reading.takeDecision({
      shop: 'default',
      time: at(hour),
      ...subject,
      cart: [{ item: 'anything', priceMinor: cartMinor }],
      basket: { campaign: null, tiers: [TIER] },
    })
  return reading.finish(END)
}

/** Spelt out for one shopper: asks at different hours. */
function naivelyReached(asks: Ask[], purchases: Purchase[]): number[] {
  return asks
    .toSorted((a, b) => a.hour - b.hour)
    .map(({ hour }) => {
      const later = asks.filter((other) => other.hour > hour).sort((a, b) => a.hour - b.hour)[0]
      const end = Math.min(hour + 7 * 24, later?.hour ?? Number.POSITIVE_INFINITY)
      const within = purchases.filter((purchase) => purchase.hour >= hour && purchase.hour < end)
      const keyOf = ({ order, hour }: Purchase) => order ?? `day ${Math.floor(at(hour) / DAY_MS)}`
      const orders = [...new Set(within.map(keyOf))].map((key) =>
        within.filter((purchase) => keyOf(purchase) === key).reduce((sum, { minor }) => sum + minor, 0),
      )
      const cart = later !== undefined && later.hour < hour + 7 * 24 ? later.cartMinor : 0
      return Math.max(cart, ...orders) >= TIER.thresholdMinor ? 1 : 0
    })
}

describe('a basket', () => {
  it('reaches a tier by one order, or by the cart at the next page', () => {
    const Hour = fc.integer({ min: 0, max: 400 })
    const Minor = fc.integer({ min: 1, max: 6000 })
    const Asks = fc.uniqueArray(fc.record({ hour: Hour, cartMinor: Minor }), {
      selector: ({ hour }) => hour,
      minLength: 1,
    })
    const Orders = fc.array(fc.record({ hour: Hour, minor: Minor, order: fc.constantFrom('a', 'b', undefined) }))
    fc.assert(
      fc.property(Asks, Orders, (asks, purchases) => {
        const { rows, choices } = read(asks, purchases)
        expect([...rows.reached]).toEqual(naivelyReached(asks, purchases))
        expect(choices).toBe(asks.length)
      }),
    )
  })

  it('is a session’s where no shopper is known, and teaches nothing where it was asked twice or lies too late', () => {
    const bought = [{ hour: 1, minor: 5000, order: 'a' }]
    expect([...read([{ hour: 0, cartMinor: 0 }], bought, { session: 'x' }).rows.reached]).toEqual([1])
    const twice = read(
      [0, 0, 99 * 24].map((hour) => ({ hour, cartMinor: 0 })),
      bought,
    )
    expect(twice).toMatchObject({ choices: 1, leftOut: { asked_twice: 1, not_over: 1 } })
  })
})

describe('a logged choice of tiers', () => {
  const tiers: [number, number, number][] = [
    [3000, 300, 1000],
    [5000, 600, 3000],
  ]
  const choice = { actions: ['full#0-1'], probabilities: [0.5, 0.3, 0.2] }
  const offer = { campaign: 'full', mechanism: 'spend_threshold', thresholdMinor: 5000, rewardMinor: 600 }

  it('compares each tier with nothing, and either side counts as much', () => {
    const none = basketOf({ basketOffer: null }, choice, tiers)
    const second = basketOf({ basketOffer: offer }, choice, tiers)
    expect(none.tiers.map(({ thresholdMinor }) => thresholdMinor)).toEqual([3000, 5000])
    expect(second.campaign).toEqual({ id: 'full', mechanism: 'spend_threshold' })
    expect(second.tiers).toEqual([{ thresholdMinor: 5000, rewardMinor: 600, missingMinor: 3000, weight: 1 / 0.7 }])
    expect(0.5 * none.tiers[1].weight).toBeCloseTo(0.2 * second.tiers[0].weight, 12)
  })

  it('teaches nothing without tiers, as in older rows, or where it could not have come out differently', () => {
    expect(basketOf({ basketOffer: offer }, choice, undefined)).toEqual({ campaign: null, tiers: [] })
    const certain = { actions: ['full#0-1'], probabilities: [1, 0, 0] }
    expect(basketOf({ basketOffer: null }, certain, tiers).tiers).toEqual([])
  })

  it('is refused where its parts do not belong together', () => {
    const refused = (run: () => unknown, field: string) =>
      expect(run).toThrow(expect.objectContaining({ code: 'invalid_value', field }))
    refused(() => basketOf({ basketOffer: null }, choice, tiers.slice(1)), 'tiers')
    refused(() => basketOf({ basketOffer: { ...offer, thresholdMinor: 4999 } }, choice, tiers), 'basketOffer')
    refused(() => basketOf({ basketOffer: null }, choice, [tiers[0], [100, 101, 50]]), 'tiers')
  })
})
