/** A folder of logs as a server writes them, made by hand. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { OfferReason } from '../../../core/contract/answers.ts'
import { DECISION_ROW_VERSION, type LoggedChoice } from '../../../core/contract/decision-row.ts'
import type { EventKind } from '../../../core/contract/events.ts'

export interface ShownItem {
  item: string
  reason: OfferReason
  /** Taken off a price of 1,000. */
  discountMinor?: number
  propensity?: number
  choice?: LoggedChoice
}

/** Nothing, or one of two steps. */
export const CHOICE: LoggedChoice = { actions: ['spring#0-1'], probabilities: [0.5, [0.25, 2]] }
const CLOSED: LoggedChoice = { actions: [], probabilities: [1] }

export function decisionLine(time: number, asked: { shopper?: string; session?: string }, shown: ShownItem[]): string {
  const items = shown.map(({ item, reason, discountMinor, propensity = discountMinor === undefined ? 0.5 : 0.25 }) => ({
    item,
    purchaseProbability: 0.1,
    priceMinor: 1000,
    offer: discountMinor === undefined ? null : { campaign: 'spring', mechanism: 'coupon', discountMinor },
    offerReason: reason,
    propensity,
  }))
  const isOpen = (reason: string) => ['no_incremental_value', 'explored', 'incremental_value'].includes(reason)
  const propensities = shown.map(({ reason, choice }) => choice ?? (isOpen(reason) ? CHOICE : CLOSED))
  return JSON.stringify({
    v: DECISION_ROW_VERSION,
    shop: 'default',
    time,
    base: 0.5,
    request: asked,
    answer: { items },
    propensities: [...propensities, CLOSED],
  })
}

export function eventLine(time: number, kind: EventKind, item: string, who: { shopper?: string; session?: string }) {
  return JSON.stringify({ v: 1, shop: 'default', kind, item, ...who, time, receivedAt: time })
}

export async function writeLogs(folder: string, decisions: string[], events: string[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'decisions-000001.ndjson'), decisions.map((line) => `${line}\n`).join(''))
  await writeFile(join(folder, 'events-000001.ndjson'), events.map((line) => `${line}\n`).join(''))
}
