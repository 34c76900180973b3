/** Rebuilds live state from the logs when the server starts. A row that cannot be read is counted and told, not used. */
import Type, { type TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import type { DecisionRow } from '../../core/contract/decision-row.ts'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type EventRow, ShopperEvent } from '../../core/contract/events.ts'
import { parseAs, parseJson } from '../../core/contract/parse.ts'
import { hashOf, type KeyRoom, subjectOf } from '../../core/scoring/keys.ts'
import { effectOfEvent } from '../../core/scoring/live-events.ts'
import { CAMPAIGN_SLOTS, limitKey } from '../../core/store/budget-words.ts'
import { Erasures } from '../../core/store/erasure/erasures.ts'
import { lineWithoutErased } from '../../core/store/erasure/rows.ts'
import { readLog } from '../../core/store/log/reader.ts'
import type { ServingGeneration } from '../generations/generation.ts'
import { spendingOf } from '../work/events.ts'
import type { LiveCampaigns } from './campaigns.ts'
import type { ItemRow } from './catalogue.ts'
import type { LogName } from './logs.ts'
import type { LiveState } from './state.ts'

export interface ReplayReport {
  rows: number
  badRows: number
  /** The first of each log, as `file:line: message`. */
  faults: string[]
}

type Schema = Validator<Record<never, never>, TSchema>

const Time = Type.Integer({ minimum: 0 })
const { time: _, ...eventFields } = ShopperEvent.properties
const eventRow = Compile(
  Type.Object({ ...eventFields, v: Type.Literal(1), shop: Type.String(), time: Time, receivedAt: Time }),
)
const itemRow = Compile(
  Type.Object({
    v: Type.Literal(1),
    shop: Type.String(),
    time: Time,
    item: Type.String(),
    priceMinor: Type.Optional(Time),
    stock: Type.Optional(Type.Union([Time, Type.Null()])),
    available: Type.Optional(Type.Boolean()),
  }),
)
const Offer = Type.Object({ campaign: Type.String(), validUntil: Type.Number() })
const OrNone = <T extends TSchema>(offer: T) => Type.Union([offer, Type.Null()])
const decisionRow = Compile(
  Type.Object({
    v: Type.Union([Type.Literal(1), Type.Literal(2)]),
    time: Time,
    request: Type.Object({ shopper: Type.Optional(Type.String()), session: Type.Optional(Type.String()) }),
    answer: Type.Object({
      items: Type.Array(
        Type.Object({
          item: Type.String(),
          offer: OrNone(Type.Object({ ...Offer.properties, discountMinor: Type.Number() })),
          offerReason: Type.String(),
        }),
      ),
      basketOffer: OrNone(
        Type.Object({ ...Offer.properties, rewardMinor: Type.Number(), thresholdMinor: Type.Number() }),
      ),
      basketReason: Type.String(),
    }),
  }),
)

/** Decisions before events: a purchase turns the reservation of its offer into spending. */
export async function replay(
  folder: string,
  state: LiveState,
  campaigns: LiveCampaigns,
  generation: Pick<ServingGeneration, 'room'>,
  now: number,
): Promise<ReplayReport> {
  const report: ReplayReport = { rows: 0, badRows: 0, faults: [] }
  await eachRow<ItemRow>(folder, 'items', itemRow, report, ({ v, shop, time, ...change }) =>
    state.catalogue.keep(change, time),
  )
  const holds = (text: string) => holdsOffers(text, now)
  const restore = (row: DecisionRow) => restoreOffers(generation.room, row, state, now)
  await eachRow<DecisionRow>(folder, 'decisions', decisionRow, report, restore, holds)
  await eachRow<EventRow>(folder, 'events', eventRow, report, (row) => {
    if (row.id !== undefined) {
      if (state.eventIds.has(row.id)) return
      state.eventIds.add(row.id)
    }
    const effect = effectOfEvent(generation.room, row, row.time, campaigns.isRedeemed(row.campaign))
    if (effect !== null) state.applyChange(effect)
    const spending = spendingOf(generation.room, row)
    if (spending !== null) state.applySpending(spending, campaigns)
  })
  return report
}

const VALID_UNTIL = '"validUntil":'

/**
 * Whether a row of ours tells of an offer that may still hold. Most do not, and parsing them would be most of a start. What does
 * not begin as our rows do is for the parser to refuse.
 */
function holdsOffers(text: string, now: number): boolean {
  if (!text.startsWith('{"v":') || !text.endsWith('}')) return true
  for (let at = text.indexOf(VALID_UNTIL); at >= 0; at = text.indexOf(VALID_UNTIL, at + 1)) {
    const start = at + VALID_UNTIL.length
    if (!(Number.parseFloat(text.slice(start, start + 20)) <= now)) return true
  }
  return false
}

/** What offers that still hold may cost stays reserved, and their shoppers keep them. */
function restoreOffers(room: KeyRoom, row: DecisionRow, state: LiveState, now: number): void {
  for (const offer of issuedOffers(row)) {
    const { campaign, amountMinor, thresholdMinor, validUntil, item } = offer
    if (validUntil <= now) continue
    for (const slot of CAMPAIGN_SLOTS) {
      const key = limitKey(campaign, slot)
      if (state.budgets.knows(key)) state.budgets.restoreReserved(key, slot === 'minor' ? amountMinor : 1, validUntil)
    }
    const subject = subjectOf(row.request)
    if (subject === null) continue
    const { lo: itemLo, hi: itemHi } = item === null ? { lo: 0, hi: 0 } : hashOf(room, item)
    const campaignHash = hashOf(room, campaign).lo
    const kept = { itemLo, itemHi, campaignHash, minor: amountMinor, thresholdMinor, validUntil }
    state.keptOffers.add(hashOf(room, subject), kept, now)
  }
}

/** Offers that a decision gave, not those that it found kept. */
function issuedOffers({ answer }: DecisionRow) {
  const offers = answer.items.flatMap(({ item, offer, offerReason }) =>
    offer === null || offerReason === 'kept'
      ? []
      : [{ ...offer, item: item as string | null, amountMinor: offer.discountMinor, thresholdMinor: 0 }],
  )
  const { basketOffer, basketReason } = answer
  if (basketOffer === null || basketReason === 'kept') return offers
  const { campaign, thresholdMinor, rewardMinor: amountMinor, validUntil } = basketOffer
  return [...offers, { campaign, item: null, amountMinor, thresholdMinor, validUntil }]
}

async function eachRow<Row>(
  folder: string,
  name: LogName,
  schema: Schema,
  report: ReplayReport,
  take: (row: Row) => void,
  matters: (text: string) => boolean = () => true,
): Promise<void> {
  let faults = 0
  const erasures = Erasures.read(folder)
  await readLog(folder, name, ({ file, at, text: logged }) => {
    const text = lineWithoutErased(logged, erasures)
    if (text === null) return
    try {
      if (matters(text)) take(parseAs<Row>(schema, parseJson(text)))
      report.rows++
    } catch (error) {
      if (!(error instanceof OfferwrightError)) throw error
      report.badRows++
      if (faults++ === 0) report.faults.push(`${file}:${at}: ${error.message}`)
    }
  })
}
