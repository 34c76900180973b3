/**
 * What the scorer tells of the items that a shopper is shown, on the scale of the truth: the line a + b ln(odds) that is nearest, in
 * squares, to the true log-odds of quality, taste and season over all that was shown.
 */
import { itemLogOdds, type Truth } from '../truth.ts'
import type { Period } from './period.ts'
import { NOTHING_SHOWN } from './shown.ts'

export interface Reading {
  intercept: number
  slope: number
}

export function learnReading({ world: { truth, truthItem, shoppers }, visits, shown }: Period): Reading {
  let [n, x, y, xx, xy] = [0, 0, 0, 0, 0]
  for (const { index, shopper, day } of visits)
    for (let at = index * shown.slots; at < (index + 1) * shown.slots; at++) {
      if (shown.item[at] === NOTHING_SHOWN) continue
      const moment = { day, due: false, stockedUp: 0, rivals: 0 }
      const told = itemLogOdds(truth, shoppers.at(shopper), truthItem[shown.item[at]], moment)
      n++
      x += shown.logOdds[at]
      y += told
      xx += shown.logOdds[at] ** 2
      xy += shown.logOdds[at] * told
    }
  const slope = (n * xy - x * y) / (n * xx - x * x)
  return { intercept: (y - slope * x) / n, slope }
}

/** What was bought at a discount of late is known to every shop. */
export function readLogOdds(
  { parameters }: Truth,
  { intercept, slope }: Reading,
  logOdds: number,
  stockedUp: number,
): number {
  return intercept + slope * logOdds - parameters.forwardBuying.logOdds * stockedUp
}
