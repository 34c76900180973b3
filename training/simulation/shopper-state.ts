/**
 * What earlier visits leave behind in a shopper. Both fade by themselves, e^(−age / days):
 *   offersSeen    visits in which an offer was seen
 *   stockedUp     by category: the shares taken off what was bought of it
 */
import type { TruthParameters } from './parameters.ts'

interface Fading {
  level: number
  day: number
}

export class ShopperState {
  private readonly categories: number
  private readonly seenDays: number
  private readonly stockDays: number
  private readonly seen: Float32Array
  private readonly seenDay: Uint16Array
  /** By shopper · categories + category: only those who bought at a discount. */
  private readonly stocked = new Map<number, Fading>()

  constructor({ shoppers, categories, habituation, forwardBuying }: TruthParameters) {
    this.categories = categories.length
    this.seenDays = habituation.days
    this.stockDays = forwardBuying.days
    this.seen = new Float32Array(shoppers)
    this.seenDay = new Uint16Array(shoppers)
  }

  offersSeen(shopper: number, day: number): number {
    const level = this.seen[shopper]
    return level === 0 ? 0 : level * Math.exp((this.seenDay[shopper] - day) / this.seenDays)
  }

  stockedUp(shopper: number, category: number, day: number): number {
    const at = this.stocked.get(shopper * this.categories + category)
    return at === undefined ? 0 : at.level * Math.exp((at.day - day) / this.stockDays)
  }

  /** A visit in which the shopper saw at least one offer. */
  sawOffer(shopper: number, day: number): void {
    this.seen[shopper] = this.offersSeen(shopper, day) + 1
    this.seenDay[shopper] = day
  }

  /** `share` of the price was taken off what was bought. */
  bought(shopper: number, category: number, day: number, share: number): void {
    if (share === 0) return
    const level = this.stockedUp(shopper, category, day) + share
    this.stocked.set(shopper * this.categories + category, { level, day })
  }
}
