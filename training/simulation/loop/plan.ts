/**
 * Who comes when, and what each visit's luck is: drawn once for a seed, the same for every policy (common random numbers).
 * A shopper looks at slot s with probability LOOK · FADE^s.
 */
import { isHeldOut } from '../../../core/scoring/identity.ts'
import { subjectOf } from '../../../core/scoring/keys.ts'
import { DAY_MS } from '../calendar.ts'
import { poisson, type Random, STREAM } from '../random.ts'
import { drawShopper, emptyShopper, itemKey, type ShopperTruth, shopperKey, type Truth } from '../truth.ts'
import { categoryAt, itemAt } from '../visit.ts'
import type { OpenShop } from './shop.ts'

export const LOOK = 0.6
export const FADE = 0.9

export const lookChance = (slot: number): number => LOOK * FADE ** slot

export interface Visit {
  /** Position in its period. */
  index: number
  /** Days since the truth began. */
  day: number
  /** Milliseconds since 1970. */
  time: number
  shopper: number
  /** Of this shopper's visits of the day. */
  ordinal: number
  heldOut: boolean
  /** Item of the page that the shopper is on. */
  pageItem: string
}

/** Visits of `days` days from `firstDay` on, in order of time. */
export function planVisits(
  truth: Truth,
  { g, campaigns }: OpenShop,
  random: Random,
  { firstDay, days, visitsPerDay }: { firstDay: number; days: number; visitsPerDay: number },
): Visit[] {
  const { shoppers, startMs } = truth.parameters
  const shopper = emptyShopper(truth)
  const planned: Visit[] = []
  for (let index = 0; index < shoppers; index++) {
    drawShopper(truth, index, shopper)
    const heldOut = isHeldOut(g, subjectOf({ shopper: shopperKey(index) }), campaigns.policy.holdoutBps)
    for (let day = firstDay; day < firstDay + days; day++) {
      random.block(STREAM.visit, index, day, 0)
      const visits = poisson((visitsPerDay / shoppers) * shopper.activity, random.uniform(0))
      for (let ordinal = 0; ordinal < visits; ordinal++) {
        random.block(STREAM.visit, index, day, luckOf(ordinal, PAGE))
        const time = startMs + day * DAY_MS + Math.floor(random.uniform(2) * DAY_MS)
        const pageItem = itemKey(itemAt(truth, categoryAt(truth, shopper, random.uniform(0)), random.uniform(1)))
        planned.push({ index: 0, day, time, shopper: index, ordinal, heldOut, pageItem })
      }
    }
  }
  planned.sort((a, b) => a.time - b.time || a.shopper - b.shopper)
  planned.forEach((visit, index) => {
    visit.index = index
  })
  return planned
}

/** Draws of one visit: one for each slot, one for the page. */
const PAGE = 126
const luckOf = (ordinal: number, draw: number): number => 1 + ordinal * 128 + draw

/** Fills `looks` and `luck` of the first `slots` slots. */
export function drawLuck(random: Random, visit: Visit, slots: number, looks: Uint8Array, luck: Float64Array): void {
  for (let slot = 0; slot < slots; slot++) {
    random.block(STREAM.visit, visit.shopper, visit.day, luckOf(visit.ordinal, slot))
    looks[slot] = random.uniform(0) < lookChance(slot) ? 1 : 0
    luck[slot] = random.uniform(1)
  }
}

/** One object for each shopper, drawn when first asked for. */
export class Shoppers {
  private readonly truth: Truth
  private readonly drawn: ShopperTruth[] = []

  constructor(truth: Truth) {
    this.truth = truth
  }

  at(index: number): ShopperTruth {
    let shopper = this.drawn[index]
    if (shopper === undefined) {
      shopper = emptyShopper(this.truth)
      drawShopper(this.truth, index, shopper)
      this.drawn[index] = shopper
    }
    return shopper
  }
}
