/**
 * decide(): which items to show and which promotion, if any, to give with each. Pure: everything that changes while
 * serving is an argument, so a decision can be made again from its log row and its snapshot.
 *
 *   candidates → eligible → scored → offered → chosen
 */
import type { DecideAnswer, DecidedItem, OfferReason } from '../contract/answers.ts'
import { OfferwrightError } from '../contract/errors.ts'
import type { LiveShopperColumns } from '../contract/live.ts'
import type { DecideRequest } from '../contract/requests.ts'
import { stringAt } from '../snapshot/strings.ts'
import { basketOffer, offerForBasket } from './basket.ts'
import type { CompiledCampaigns } from './campaigns.ts'
import { type Action, type Choice, closed } from './choice.ts'
import { eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import type { GuardState } from './guards.ts'
import { gatherHistory } from './history.ts'
import { identify, isHeldOut } from './identity.ts'
import { itemIndexOf, itemKeyOf, subjectOf } from './keys.ts'
import { itemOffer, offerForItem } from './offers.ts'
import { reasonsFor } from './reasons.ts'
import { purchaseProbability, rank } from './score.ts'

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

export interface Decision {
  answer: DecideAnswer
  reservations: Reservation[]
  /** Per slot, then for the basket. */
  propensities: { actions: string[]; probabilities: number[] }[]
}

export function decide(g: Generation, args: DecideArguments): Decision {
  const { request, time, campaigns } = args
  refuseUnknown(g, request)
  const history = gatherHistory(g, request, args.live)
  const allowed = eligible(g, request, history.purchased)
  const ranked = rank(g, history, allowed, request.slots ?? DEFAULT_SLOTS, request.candidates)
  const identity = identify(g, request, time, campaigns.revision)

  const explain = request.explain === true
  const subject = subjectOf(request)
  const holdout = isHeldOut(g, subject, campaigns.policy.holdoutBps)
  const barred: OfferReason | null = request.personalise === false ? 'not_personal' : holdout ? 'holdout' : null
  const state: GuardState = {
    time,
    identified: subject !== null,
    live: args.live,
    remainingMinor: args.remainingMinor.slice(),
  }

  const given = new Given(state)
  const items = ranked.items.map((item, slot): DecidedItem => {
    const probability = purchaseProbability(ranked.calibration, ranked.scores[slot])
    const choice = barred
      ? closed(barred)
      : offerForItem(g, campaigns, state, args.dualPrices, identity, slot, item, probability, explain)
    const priceMinor = g.live.priceMinor[item]
    const offer = choice.action === null ? null : itemOffer(choice.action, priceMinor, time)
    given.add(choice, offer?.validUntil)
    const decided: DecidedItem = {
      item: itemKeyOf(g, item),
      title: stringAt(g.tables.catalogue.titlesBytes.view, g.tables.catalogue.titlesOffsets.view, item),
      score: ranked.scores[slot],
      purchaseProbability: probability,
      priceMinor,
      priorPriceMinor: g.tables.catalogue.priorPriceMinor.view[item],
      reasons: reasonsFor(g, history, item),
      offer,
      offerReason: choice.reason,
      propensity: choice.propensity,
    }
    if (explain) decided.considered = choice.considered
    return decided
  })
  const basketChoice = barred
    ? closed(barred)
    : offerForBasket(g, campaigns, state, args.dualPrices, identity, items.length, request.cart ?? [], explain)
  const basket = basketChoice.action === null ? null : basketOffer(basketChoice.action, time)
  given.add(basketChoice, basket?.validUntil)

  const answer: DecideAnswer = {
    decisionId: identity.decisionId,
    snapshot: g.image.id,
    shop: g.image.manifest.shop,
    time,
    currency: g.image.manifest.currency,
    personalised: history.length > 0 && request.personalise !== false,
    holdout,
    items,
    basketOffer: basket,
    basketReason: basketChoice.reason,
    basketPropensity: basketChoice.propensity,
  }
  if (explain) answer.basketConsidered = basketChoice.considered
  return { answer, reservations: given.reservations, propensities: given.propensities }
}

/** Offers given so far in one decision: later slots see budgets without what earlier ones may cost. */
class Given {
  readonly reservations: Reservation[] = []
  readonly propensities: { actions: string[]; probabilities: number[] }[] = []
  readonly #state: GuardState

  constructor(state: GuardState) {
    this.#state = state
  }

  add({ action, actions, probabilities }: Choice<Action>, validUntil: number | undefined): void {
    this.propensities.push({ actions, probabilities })
    if (action === null || validUntil === undefined) return
    this.#state.remainingMinor[action.position] -= action.discountMinor
    this.reservations.push({ position: action.position, amountMinor: action.discountMinor, validUntil })
  }
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
