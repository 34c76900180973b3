/**
 * decide(): which items to show and which promotion, if any, to give with each. Pure: everything that changes while
 * serving is an argument, so a decision can be made again from its log row and its snapshot.
 *
 *   candidates → eligible → scored → offered → chosen
 */
import type { BasketOffer, ItemOffer, OfferReason } from '../contract/answers.ts'
import { OfferwrightError } from '../contract/errors.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { LiveShopperColumns } from '../contract/live.ts'
import type { DecideRequest } from '../contract/requests.ts'
import { basketOffer, offerForBasket } from './basket.ts'
import type { BasketStep, CompiledCampaigns, ItemStep } from './campaigns.ts'
import { type Choice, type Choosing, closed, type Drawn } from './choice.ts'
import { eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import { type GuardState, runningOf } from './guards.ts'
import { gatherHistory, type History } from './history.ts'
import { type Identity, identify, isHeldOut } from './identity.ts'
import { itemIndexOf, subjectOf } from './keys.ts'
import { merchandiseAt } from './merchandise.ts'
import { itemOffer, offerForItem } from './offers.ts'
import { type Ranked, rank } from './rank.ts'
import { readAhead } from './read-ahead.ts'
import { type Reason, reasonsFor } from './reasons.ts'
import { purchaseProbability } from './score.ts'

export const DEFAULT_SLOTS = 10

/** Everything of a decision that is not in the snapshot. Catalogue changes are live in the generation itself. */
export interface DecideArguments {
  request: DecideRequest
  /** Milliseconds since 1970. */
  time: number
  live: LiveShopperColumns
  campaigns: CompiledCampaigns
  /** By position in the campaign file; Infinity where a campaign has no budget limit. */
  remainingMinor: Float64Array
  /** By position in the campaign file: price of one minor unit of that budget. */
  dualPrices: Float64Array
}

/** What an offer may come to cost, to be held back from its budget until `validUntil`. */
export interface Reservation {
  position: number
  amountMinor: number
  validUntil: number
}

/** What was decided, in indexes; `answer.ts` writes it as it is answered. */
export interface Decision {
  identity: Identity
  time: number
  personalised: boolean
  holdout: boolean
  slots: DecidedSlot[]
  basketChoice: Choice<BasketStep>
  basketOffer: BasketOffer | null
  drawnItems: Drawn<ItemStep>
  drawnBasket: Drawn<BasketStep>
  /** Whether the choices tell every action. */
  explained: boolean
  reservations: Reservation[]
}

export interface DecidedSlot {
  item: ItemIndex
  score: number
  purchaseProbability: number
  priceMinor: number
  reasons: Reason[]
  choice: Choice<ItemStep>
  offer: ItemOffer | null
}

export function decide(g: Generation, args: DecideArguments): Decision {
  const { request, time, campaigns } = args
  refuseUnknown(g, request)
  const history = gatherHistory(g, request, args.live, time)
  const allowed = eligible(g, request, history.purchased)
  const ranked = rank(g, history, allowed, request.slots ?? DEFAULT_SLOTS, request, merchandiseAt(campaigns, time))

  const subject = subjectOf(request)
  const holdout = isHeldOut(g, subject, campaigns.policy.holdoutBps)
  const barred: OfferReason | null = request.personalise === false ? 'not_personal' : holdout ? 'holdout' : null
  const choosing = choosingOf(g, args, subject !== null)
  const drawnItems: Drawn<ItemStep> = { steps: [], probabilities: [] }
  const drawnBasket: Drawn<BasketStep> = { steps: [], probabilities: [] }
  const slots = decideItems(choosing, drawnItems, args, history, ranked, barred)
  const basket = decideBasket(choosing, drawnBasket, args, slots.length, barred)
  return {
    identity: choosing.identity,
    time,
    personalised: history.length > 0 && request.personalise !== false,
    holdout,
    slots,
    basketChoice: basket.choice,
    basketOffer: basket.offer,
    drawnItems,
    drawnBasket,
    explained: choosing.explain,
    reservations: reservationsOf(slots, basket),
  }
}

function choosingOf(g: Generation, args: DecideArguments, identified: boolean): Choosing {
  const { request, time, campaigns, live, remainingMinor, dualPrices } = args
  const guards: GuardState = { time, identified, live, remainingMinor: remainingMinor.slice() }
  const identity = identify(g, request, time, campaigns.revision)
  return { g, policy: campaigns.policy, dualPrices, guards, identity, explain: request.explain === true }
}

/** Later slots see budgets without what earlier ones may cost. */
function decideItems(
  choosing: Choosing,
  drawn: Drawn<ItemStep>,
  { campaigns, time }: DecideArguments,
  history: History,
  ranked: Ranked,
  barred: OfferReason | null,
): DecidedSlot[] {
  const { g, guards } = choosing
  readAhead(g, ranked.items)
  const running = barred ? [] : runningOf(guards, campaigns.onItems)
  return ranked.items.map((item, slot) => {
    const probability = purchaseProbability(ranked.calibration, ranked.plainScores[slot])
    const choice = barred ? closed(drawn, barred) : offerForItem(choosing, drawn, running, slot, item, probability)
    const { step, discountMinor } = choice
    const priceMinor = g.live.priceMinor[item]
    const offer = step === null ? null : itemOffer(step, discountMinor, priceMinor, time)
    if (step !== null) guards.remainingMinor[step.on.position] -= discountMinor
    const reasons = reasonsFor(g, history, ranked.found, item)
    reasons.push(...ranked.merchandised[slot])
    return { item, score: ranked.scores[slot], purchaseProbability: probability, priceMinor, reasons, choice, offer }
  })
}

interface DecidedBasket {
  choice: Choice<BasketStep>
  offer: BasketOffer | null
}

function decideBasket(
  choosing: Choosing,
  drawn: Drawn<BasketStep>,
  { request, campaigns, time }: DecideArguments,
  slot: number,
  barred: OfferReason | null,
): DecidedBasket {
  if (barred) return { choice: closed(drawn, barred), offer: null }
  const cart = request.cart ?? []
  const choice = offerForBasket(choosing, drawn, runningOf(choosing.guards, campaigns.onBasket), slot, cart)
  return { choice, offer: choice.step === null ? null : basketOffer(choosing.g, choice.step, cart, time) }
}

function reservationsOf(slots: DecidedSlot[], basket: DecidedBasket): Reservation[] {
  const reservations: Reservation[] = []
  const reserve = ({ step, discountMinor }: Choice<ItemStep | BasketStep>, offer: { validUntil: number } | null) => {
    if (step !== null && offer !== null)
      reservations.push({ position: step.on.position, amountMinor: discountMinor, validUntil: offer.validUntil })
  }
  for (const { choice, offer } of slots) reserve(choice, offer)
  reserve(basket.choice, basket.offer)
  return reservations
}

/** Keys that stand for one thing must be known; keys in lists that are not simply do not count. */
export function refuseUnknown(g: Generation, request: { shop?: string; currency?: string; item?: string }): void {
  const { shop, currency } = g.image.manifest
  if (request.shop !== undefined && request.shop !== shop)
    throw new OfferwrightError('unknown_shop', `unknown shop: ${request.shop}`, { field: 'shop', value: request.shop })
  if (request.currency !== undefined && request.currency !== currency)
    throw new OfferwrightError('currency_mismatch', `currency ${request.currency}: this shop sells in ${currency}`, {
      field: 'currency',
      value: request.currency,
    })
  if (request.item !== undefined && itemIndexOf(g, request.item) < 0)
    throw new OfferwrightError('unknown_item', `unknown item: ${request.item}`, { field: 'item', value: request.item })
}
