/**
 * From the shop's own logs to what the response to a basket's offer is learned from: every tier that was promised by chance, or could
 * have been, with whether the basket passed it.
 *
 *   reached = an order of at least T in [asked, end), or a cart of at least T when the shopper asks again at `end`
 *   end     = min(asked + window, asked again)
 *
 * As with items, any page ends the window of the one before, also one that shows a promise that is kept: with a promise
 * and without one, what counts is then the same stretch. The cart at the next page counts because a cart that has passed the tier
 * ends the choice: nothing is drawn there any more. Purchases without an order key belong to the order of their subject and day.
 * Orders and carts are taken whole, also where a campaign targets a part of the shop.
 */

import type { CartLine } from '../../core/contract/requests.ts'
import { subjectOf } from '../../core/scoring/keys.ts'
import type { LoggedEvent } from './log-rows.ts'
import type { LoggedBasketTier } from './logged-baskets.ts'
import type { LoggedDecision } from './logged-choices.ts'
import { SubjectSample } from './subject-sample.ts'

const DAY_MS = 86_400_000
const NO_CAMPAIGN = -1
/** A decision or purchase takes this many times the memory of an item's. */
const TIMES_ITEMS = 4

export interface BasketSource {
  windowMs: number
  mostHeld: number
  items: readonly string[]
  usualMinor: ArrayLike<number>
}

/** Columns of equal length, those of one subject together and by time. */
export interface BasketRows {
  /** Numbers of shoppers and sessions, below `nSubjects`. */
  subject: Uint32Array
  nSubjects: number
  timeMs: Float64Array
  /** Position in `campaigns`, or -1 where nothing was promised. */
  campaign: Int32Array
  thresholdMinor: Float64Array
  rewardMinor: Float64Array
  missingMinor: Float64Array
  weight: Float64Array
  reached: Uint8Array
  campaigns: { id: string; mechanism: string }[]
}

export interface BasketImpressions {
  rows: BasketRows
  /** Choices that were drawn and learned from. */
  choices: number
  /** Share of the shoppers and sessions that is learned from. */
  sampled: number
  /** Those that were drawn and teach nothing, by why. */
  leftOut: Record<'asked_twice' | 'not_over', number>
}

/** One decision. */
interface Asked {
  subject: number
  timeMs: number
  cartMinor: number
  campaign: number
  tiers: LoggedBasketTier[]
}

interface Bought {
  subject: number
  timeMs: number
  order: string
  minor: number
}

export class BasketReading {
  readonly #source: BasketSource
  readonly #itemOf: ReadonlyMap<string, number>
  readonly #sample = new SubjectSample()
  readonly #campaigns = new Map<string, { id: string; mechanism: string; code: number }>()
  #asked: Asked[] = []
  #bought: Bought[] = []
  #held = 0

  constructor(source: BasketSource, itemOf: ReadonlyMap<string, number>) {
    this.#source = source
    this.#itemOf = itemOf
  }

  /** A purchase counts for the shopper, and for the session if there is one. */
  takeEvent({ kind, time: timeMs, shopper, session, ...line }: LoggedEvent): void {
    const minor = kind === 'purchase' && line.item !== undefined ? this.#worth({ ...line, item: line.item }) : 0
    if (minor === 0) return
    for (const key of [subjectOf({ shopper }), subjectOf({ session })]) {
      const subject = key === null ? null : this.#sample.numberOf(key)
      if (subject === null) continue
      const order = line.order ?? ` ${Math.floor(timeMs / DAY_MS)}`
      this.#bought.push({ subject, timeMs, order, minor })
      this.#makeRoom(1)
    }
  }

  takeDecision({ time: timeMs, shopper, session, cart, basket }: Omit<LoggedDecision, 'impressions'>): void {
    const key = subjectOf({ shopper, session })
    const subject = key === null ? null : this.#sample.numberOf(key)
    if (subject === null) return
    const { campaign, tiers } = basket
    const code = campaign === null || tiers.length === 0 ? NO_CAMPAIGN : this.#codeOf(campaign.id, campaign.mechanism)
    const cartMinor = cart.reduce((sum, line) => sum + this.#worth(line), 0)
    this.#asked.push({ subject, timeMs, cartMinor, campaign: code, tiers })
    this.#makeRoom(1 + tiers.length)
  }

  finish(lastMs: number): BasketImpressions {
    const asked = this.#asked.map((own, at) => ({ own, at })).sort((a, b) => before(a.own, b.own) || a.at - b.at)
    const bought = this.#bought.toSorted(before)
    const leftOut = { asked_twice: 0, not_over: 0 }
    const kept: { own: Asked; tier: LoggedBasketTier; reached: boolean }[] = []
    let choices = 0
    let first = 0
    for (const [place, { own }] of asked.entries()) {
      const next = asked[place + 1]?.own
      while (first < bought.length && before(bought[first], own) < 0) first++
      if (own.tiers.length === 0) continue
      const again = next !== undefined && next.subject === own.subject ? next : null
      if (again?.timeMs === own.timeMs) leftOut.asked_twice++
      else if (own.timeMs + this.#source.windowMs > lastMs) leftOut.not_over++
      else {
        choices++
        const largestMinor = this.#largest(own, again, bought, first)
        for (const tier of own.tiers) kept.push({ own, tier, reached: largestMinor >= tier.thresholdMinor })
      }
    }
    return { rows: this.#rowsOf(kept), choices, sampled: this.#sample.share, leftOut }
  }

  /** What came of a basket at the most: an order before its window ends, or the cart at the page that ends it. */
  #largest(own: Asked, again: Asked | null, bought: Bought[], first: number): number {
    const windowEnd = own.timeMs + this.#source.windowMs
    const end = Math.min(windowEnd, again?.timeMs ?? Number.POSITIVE_INFINITY)
    const orders = new Map<string, number>()
    for (let p = first; p < bought.length; p++) {
      const { subject, timeMs, order, minor } = bought[p]
      if (subject !== own.subject || timeMs >= end) break
      orders.set(order, (orders.get(order) ?? 0) + minor)
    }
    const cartMinor = again !== null && again.timeMs < windowEnd ? again.cartMinor : 0
    return Math.max(cartMinor, ...orders.values())
  }

  #rowsOf(kept: { own: Asked; tier: LoggedBasketTier; reached: boolean }[]): BasketRows {
    const numbers = new Map<number, number>()
    for (const { own } of kept) if (!numbers.has(own.subject)) numbers.set(own.subject, numbers.size)
    return {
      subject: Uint32Array.from(kept, ({ own }) => numbers.get(own.subject) ?? 0),
      nSubjects: numbers.size,
      timeMs: Float64Array.from(kept, ({ own }) => own.timeMs),
      campaign: Int32Array.from(kept, ({ own }) => own.campaign),
      thresholdMinor: Float64Array.from(kept, ({ tier }) => tier.thresholdMinor),
      rewardMinor: Float64Array.from(kept, ({ tier }) => tier.rewardMinor),
      missingMinor: Float64Array.from(kept, ({ tier }) => tier.missingMinor),
      weight: Float64Array.from(kept, ({ tier }) => tier.weight),
      reached: Uint8Array.from(kept, ({ reached }) => (reached ? 1 : 0)),
      campaigns: [...this.#campaigns.values()].map(({ id, mechanism }) => ({ id, mechanism })),
    }
  }

  /** At the price that was told, else at the usual one. */
  #worth({ item, priceMinor, quantity = 1 }: Pick<CartLine, 'item' | 'priceMinor' | 'quantity'>): number {
    const index = this.#itemOf.get(item)
    return (priceMinor ?? (index === undefined ? 0 : this.#source.usualMinor[index])) * quantity
  }

  #codeOf(id: string, mechanism: string): number {
    const code = this.#campaigns.get(id)?.code ?? this.#campaigns.size
    this.#campaigns.set(id, { id, mechanism, code })
    return code
  }

  #makeRoom(more: number): void {
    this.#held += more
    while (this.#held > this.#source.mostHeld / TIMES_ITEMS) {
      this.#sample.halve()
      this.#asked = this.#asked.filter(({ subject }) => this.#sample.has(subject))
      this.#bought = this.#bought.filter(({ subject }) => this.#sample.has(subject))
      this.#held = this.#asked.reduce((sum, { tiers }) => sum + 1 + tiers.length, this.#bought.length)
    }
  }
}

function before(a: { subject: number; timeMs: number }, b: { subject: number; timeMs: number }): number {
  return a.subject - b.subject || a.timeMs - b.timeMs
}
