/**
 * Held-out visits as questions with known answers, one list for each context that has a blend of its own.
 *
 *   known     a shopper of the snapshot at their first visit after the cut; relevant: what they buy within the window that
 *             they had not bought before
 *   session   the same visit by somebody unknown: the first half of its items is the history; relevant: the other half
 */
import type { RecommendRequest } from '../../core/contract/requests.ts'
import type { Generation } from '../../core/scoring/generation.ts'
import { itemKeyOf, shopperKeyOf } from '../../core/scoring/keys.ts'
import { PURCHASE } from '../elasticity.ts'
import type { Visit } from './visits.ts'

export interface RankingCase {
  request: RecommendRequest
  relevant: ReadonlySet<number>
}

/** Longest list that an objective looks at. */
export const CASE_SLOTS = 20

export function knownCases(g: Generation, visits: Visit[], repurchase: boolean): RankingCase[] {
  return visits.flatMap(({ shopper, bought }) => {
    const before = purchasedBefore(g, shopper)
    const relevant = new Set([...bought].filter((item) => repurchase || !before.has(item)))
    if (relevant.size === 0 || isNew(g, shopper)) return []
    // Told, although known, so that a list that is not personal leaves them out too.
    const exclude = repurchase ? [] : Array.from(before, (item) => itemKeyOf(g, item))
    return [{ request: { shopper: shopperKeyOf(g, shopper), exclude, repurchase, slots: CASE_SLOTS }, relevant }]
  })
}

export function sessionCases(g: Generation, visits: Visit[]): RankingCase[] {
  return visits.flatMap(({ items }) => {
    const half = Math.ceil(items.length / 2)
    if (items.length < 2) return []
    const history = items.slice(0, half).reverse()
    const request = { history: history.map((item) => ({ item: itemKeyOf(g, item) })), slots: CASE_SLOTS }
    return [{ request, relevant: new Set(items.slice(half)) }]
  })
}

function isNew(g: Generation, shopper: number): boolean {
  const { historyIndptr } = g.tables.shoppers
  return historyIndptr.view[shopper] === historyIndptr.view[shopper + 1]
}

function purchasedBefore(g: Generation, shopper: number): Set<number> {
  const { historyIndptr, historyItems, historyKinds } = g.tables.shoppers
  const before = new Set<number>()
  for (let p = historyIndptr.view[shopper]; p < historyIndptr.view[shopper + 1]; p++)
    if (historyKinds.view[p] === PURCHASE) before.add(historyItems.view[p])
  return before
}
