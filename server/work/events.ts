/** POST /v1/events: rows for the log, and what they change once they are in it: live state, spending of budgets. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { EVENT_ROW_VERSION, type EventRow, type EventsRequest, type ShopperEvent } from '../../core/contract/events.ts'
import { hashOf, itemIndexOf, type KeyRoom, subjectOf } from '../../core/scoring/keys.ts'
import { effectOfEvent } from '../../core/scoring/live-events.ts'
import { requestOf, SCHEMAS, textOf, timeOf } from './asked.ts'
import type { WorkContext } from './context.ts'
import type { Spending } from './messages.ts'

/** All events of a request count, or none. */
export function answerEvents(context: WorkContext, body: Buffer, trusted: boolean, now: number): void {
  const { results } = context
  const { shop, events } = requestOf<EventsRequest>(SCHEMAS.events, textOf(body))
  const served = context.generation.image.manifest.shop
  if (shop !== undefined && shop !== served)
    throw new OfferwrightError('unknown_shop', `unknown shop: ${shop}`, { field: 'shop', value: shop })
  const times = events.map((event, i) => checkedTime(event, `events[${i}]`, trusted, now))
  const start = results.out.length
  for (const [i, event] of events.entries()) take(context, event, times[i], now)
  const end = results.out.length
  // The answer is the HTTP thread's, which knows the ids that came before.
  results.answer(200, end, end, { start, end, count: events.length })
}

function checkedTime(event: ShopperEvent, field: string, trusted: boolean, now: number): number {
  if (event.item === undefined && event.kind !== 'shown' && event.kind !== 'clicked')
    throw new OfferwrightError('missing_field', `missing field: ${field}.item (a ${event.kind} is of an item)`, {
      field: `${field}.item`,
    })
  return timeOf(event.time, trusted, now, `${field}.time`)
}

function take(context: WorkContext, event: ShopperEvent, time: number, receivedAt: number): void {
  const { effects, out, request } = context.results
  const row: EventRow = {
    v: EVENT_ROW_VERSION,
    shop: context.generation.image.manifest.shop,
    ...event,
    time,
    receivedAt,
  }
  const start = out.length
  out.text(JSON.stringify(row))
  effects.events.push({
    request,
    id: event.id ?? null,
    start,
    end: out.length,
    isUnknown: event.item !== undefined && itemIndexOf(context.generation, event.item) < 0,
    change: effectOfEvent(context.generation, event, time, context.isRedeemed(event.campaign)),
    spending: spendingOf(context.generation, event),
  })
}

/** A purchase that names the campaign it used. The decision's id begins with its time. */
export function spendingOf(room: KeyRoom, event: Omit<ShopperEvent, 'time'>): Spending | null {
  const { kind, campaign, item, quantity = 1, discountMinor = 0, decisionId } = event
  if (kind !== 'purchase' || campaign === undefined || item === undefined) return null
  const decidedAt = decisionId === undefined ? 0 : Number.parseInt(decisionId.slice(0, 12), 16)
  const subject = subjectOf(event)
  const hash = (text: string) => hashOf(room, text)
  const holder = subject === null ? null : { subject: hash(subject), item: hash(item), campaignHash: hash(campaign).lo }
  return { campaign, amountMinor: discountMinor, units: quantity, holder, decidedAt }
}
