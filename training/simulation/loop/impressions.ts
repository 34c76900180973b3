/** The log of the learning period as arrays: what was shown to whom with which offer, and what came of it. */
import type { Decision } from '../../../core/scoring/decide.ts'
import { NO_CODE } from '../../../core/snapshot/layout.ts'
import type { Market } from './market.ts'
import type { Visit } from './plan.ts'

/** One row for each shown item whose offer was drawn; in order of time. */
export class Impressions {
  readonly shopper: number[] = []
  readonly item: number[] = []
  /** Milliseconds since 1970. */
  readonly time: number[] = []
  readonly priceMinor: number[] = []
  readonly discountMinor: number[] = []
  /** Of buying without an offer, as the scorer says of anybody. */
  readonly logOdds: number[] = []
  /** Position in the campaign file; -1: no offer. */
  readonly campaign: number[] = []
  /** Shares taken off the other shown items of its category, added up. */
  readonly rivals: number[] = []
  /** How many there are. */
  readonly nRivals: number[] = []
  readonly bought: number[] = []

  get length(): number {
    return this.shopper.length
  }

  /** `category`: by item. */
  add(visit: Visit, { slots, base }: Decision, { bought }: Market, category: Uint32Array): void {
    const shares = slots.map(({ priceMinor, choice }) => (choice.step === null ? 0 : choice.discountMinor / priceMinor))
    slots.forEach(({ item, priceMinor, purchaseProbability: p, choice }, slot) => {
      if (!LOGGED.has(choice.reason)) return
      const isRival = (other: number) =>
        other !== slot && category[item] !== NO_CODE && category[slots[other].item] === category[item]
      this.shopper.push(visit.shopper)
      this.item.push(item)
      this.time.push(visit.time)
      this.priceMinor.push(priceMinor)
      this.discountMinor.push(choice.step === null ? 0 : choice.discountMinor)
      this.logOdds.push(Math.log(p / (1 - p)) - base)
      this.campaign.push(choice.step === null ? -1 : choice.step.on.position)
      this.rivals.push(shares.reduce((sum, share, other) => (isRival(other) ? sum + share : sum), 0))
      this.nRivals.push(slots.filter((_, other) => isRival(other)).length)
      this.bought.push(bought[slot])
    })
  }
}

const LOGGED = new Set<string>(['no_incremental_value', 'explored', 'incremental_value'])
