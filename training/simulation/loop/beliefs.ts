/**
 * What purchases reveal of a shopper's nature, by Bayes' rule; `knowing.ts` has the formula. Natures are types, each with
 * three own sensitivities: nodes −√3, 0, √3 of a standard normal variable with weights 1/6, 2/3, 1/6.
 */
import { categoryOf, itemLogOdds, leverOf, type Nature, natureLogOdds, probabilityOf, type Truth } from '../truth.ts'
import type { Knowledge } from './knowing.ts'
import type { Market, World } from './market.ts'
import { lookChance, type Shoppers, type Visit } from './plan.ts'
import { type Given, NOTHING_SHOWN, type Shown } from './shown.ts'

const NODES = [
  { at: -Math.sqrt(3), weight: 1 / 6 },
  { at: 0, weight: 2 / 3 },
  { at: Math.sqrt(3), weight: 1 / 6 },
]

export class Beliefs implements Knowledge {
  private readonly all: Nature[]
  /** Logarithms up to a constant, by shopper, then nature. */
  private readonly logWeights: Float64Array
  private readonly current: Float64Array

  constructor(truth: Truth, shoppers: Shoppers) {
    const { types, sensitivitySd, shoppers: count } = truth.parameters
    this.all = types.flatMap((type) => NODES.map(({ at }) => natureAt(type, at, sensitivitySd)))
    this.current = new Float64Array(this.all.length)
    this.logWeights = new Float64Array(count * this.all.length)
    for (let shopper = 0; shopper < count; shopper++) {
      const prior = truth.traits.typeGivenTier[shoppers.at(shopper).tier]
      this.all.forEach((_, n) => {
        const chance = prior[Math.floor(n / NODES.length)] * NODES[n % NODES.length].weight
        this.logWeights[shopper * this.all.length + n] = Math.log(chance)
      })
    }
  }

  /** What was learned so far, to go on from apart. */
  copy(truth: Truth, shoppers: Shoppers): Beliefs {
    const copy = new Beliefs(truth, shoppers)
    copy.logWeights.set(this.logWeights)
    return copy
  }

  natures(): Nature[] {
    return this.all
  }

  weights(shopper: number): Float64Array {
    const from = shopper * this.all.length
    let most = Number.NEGATIVE_INFINITY
    for (let n = 0; n < this.all.length; n++) most = Math.max(most, this.logWeights[from + n])
    let total = 0
    for (let n = 0; n < this.all.length; n++) {
      this.current[n] = Math.exp(this.logWeights[from + n] - most)
      total += this.current[n]
    }
    for (let n = 0; n < this.all.length; n++) this.current[n] /= total
    return this.current
  }

  update(world: World, visit: Visit, market: Market, shown: Shown, given: Given, offersSeen: number): void {
    const { truth, truthItem, shoppers } = world
    const from = visit.shopper * this.all.length
    for (let slot = 0; slot < shown.slots; slot++) {
      const at = visit.index * shown.slots + slot
      if (shown.item[at] === NOTHING_SHOWN) continue
      const item = truthItem[shown.item[at]]
      const stockedUp = market.state.stockedUp(visit.shopper, categoryOf(truth, item), visit.day)
      const moment = { day: visit.day, due: false, stockedUp, rivals: 0 }
      const logOdds = itemLogOdds(truth, shoppers.at(visit.shopper), item, moment)
      const lever = leverOf(truth, item, shown.priceMinor[at], given.discountMinor[slot], offersSeen)
      for (let n = 0; n < this.all.length; n++) {
        const seen = lookChance(slot) * probabilityOf(logOdds + natureLogOdds(this.all[n], lever))
        this.logWeights[from + n] += Math.log(market.bought[slot] === 1 ? seen : 1 - seen)
      }
    }
  }
}

function natureAt({ logOdds, priceResponse, offerLogOdds }: Nature, node: number, sensitivitySd: number): Nature {
  const own = Math.exp(sensitivitySd * node - sensitivitySd ** 2 / 2)
  return { logOdds, priceResponse: priceResponse * own, offerLogOdds }
}

/** Every shopper's nature as it is. */
export function everyNature(shoppers: Shoppers): Knowledge {
  const certain = [1]
  return { natures: (shopper) => [shoppers.at(shopper)], weights: () => certain }
}
