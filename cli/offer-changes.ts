/** What the same shoppers are given by two snapshots, under the same campaigns, live state and time. */
import type { DecideAnswer } from '../core/contract/answers.ts'
import type { SnapshotId } from '../core/contract/ids.ts'
import type { ShopFolders } from './home.ts'
import { LocalDecisions } from './local-decisions.ts'

export interface OfferChanges {
  /** How many were asked for. */
  shoppers: number
  before: OfferTotals
  after: OfferTotals
  /** Shoppers whose offers are not the same. */
  differ: number
  /** Items of both answers as a share of the items of either. */
  meanItemOverlap: number
  /** The first few of those that differ; an offer as `item campaign discountMinor`. */
  examples: { shopper: string; before: string[]; after: string[] }[]
}

interface OfferTotals {
  empty: number
  withOffer: number
  /** Of an answer's item offers together. */
  meanDiscountMinor: number
}

const EXAMPLES = 5
const SLOTS = 10

/** Every n-th shopper of the second snapshot that has a history, so that about `most` are asked for. */
export async function offerChanges(
  folders: ShopFolders,
  ids: [before: SnapshotId, after: SnapshotId],
  most: number,
  time: number,
): Promise<OfferChanges> {
  const [before, after] = [await LocalDecisions.open(folders, ids[0]), await LocalDecisions.open(folders, ids[1])]
  const known = [...after.shoppersWithHistory(1)]
  const step = Math.max(1, Math.ceil(known.length / Math.max(1, most)))
  const asked = most === 0 ? [] : known.filter((_, i) => i % step === 0)
  const pairs = asked.map(({ shopper }) => {
    const request = JSON.stringify({ shopper, slots: SLOTS, time, preview: true })
    return { shopper, before: before.decide(request, time), after: after.decide(request, time) }
  })
  const changed = pairs
    .map((pair) => ({ shopper: pair.shopper, before: offersOf(pair.before), after: offersOf(pair.after) }))
    .filter((offers) => offers.before.join() !== offers.after.join())
  return {
    shoppers: pairs.length,
    before: totals(pairs.map((pair) => pair.before)),
    after: totals(pairs.map((pair) => pair.after)),
    differ: changed.length,
    meanItemOverlap: mean(pairs.map((pair) => overlap(pair.before, pair.after))),
    examples: changed.slice(0, EXAMPLES),
  }
}

function totals(answers: DecideAnswer[]): OfferTotals {
  const discountOf = ({ items }: DecideAnswer) => items.reduce((sum, { offer }) => sum + (offer?.discountMinor ?? 0), 0)
  return {
    empty: answers.filter(({ items }) => items.length === 0).length,
    withOffer: answers.filter(({ items }) => items.some(({ offer }) => offer !== null)).length,
    meanDiscountMinor: mean(answers.map(discountOf)),
  }
}

function offersOf({ items, basketOffer }: DecideAnswer): string[] {
  const offers = items.flatMap(({ item, offer }) =>
    offer === null ? [] : [`${item} ${offer.campaign} ${offer.discountMinor}`],
  )
  return basketOffer === null ? offers : [...offers, `basket ${basketOffer.campaign} ${basketOffer.rewardMinor}`]
}

function overlap(before: DecideAnswer, after: DecideAnswer): number {
  const keys = new Set([...before.items, ...after.items].map(({ item }) => item))
  return keys.size === 0 ? 1 : (before.items.length + after.items.length - keys.size) / keys.size
}

function mean(values: number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
}
