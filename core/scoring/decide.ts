/**
 * decide(): which items to show and which promotion, if any, to give with each. Pure: everything that changes while
 * serving is an argument, so a decision can be made again from its log row and its snapshot.
 *
 *   candidates → eligible → scored → offered → chosen
 */
import type { BasketOffer, ItemOffer, OfferReason } from '../contract/answers.ts'
import type { CodeOf } from '../contract/codes.ts'
import { OfferwrightError } from '../contract/errors.ts'
import type { ItemIndex } from '../contract/ids.ts'
import type { LiveShopperColumns } from '../contract/live.ts'
import { type DecideRequest, LIMITS } from '../contract/requests.ts'
import type { BasketStep, CompiledCampaigns, ItemStep, Live } from './campaigns/compile.ts'
import { areFree, type DualPrices, pricePerMinor } from './dual-prices.ts'
import { eligible } from './eligible.ts'
import type { Generation } from './generation.ts'
import { gatherHistory, type History } from './history.ts'
import { type Identity, identify, isHeldOut } from './identity.ts'
import { itemIndexOf, subjectOf } from './keys.ts'
import { merchandiseAt } from './merchandise.ts'
import { type Choice, type Choosing, closed } from './offers/actions.ts'
import { barredAt, type GuardState, take } from './offers/guards.ts'
import { itemOffer, offerForItem, publicProbability } from './offers/item.ts'
import { JointBasket } from './offers/joint.ts'
import { keptItemOffer } from './offers/kept.ts'
import { atListPrice, responseOf } from './offers/response.ts'
import { rivalMinors } from './offers/rivals.ts'
import { type Ranked, rank } from './rank.ts'
import { readAhead } from './read-ahead.ts'
import { type Reason, reasonsFor } from './reasons.ts'
import { purchaseProbability } from './score.ts'

export const DEFAULT_SLOTS = 10
/** Number of the basket's draw: behind those of all slots. */
const BASKET_DRAW = LIMITS.slots

/** Everything of a decision that is not in the snapshot. Catalogue changes are live in the generation itself. */
export interface DecideArguments {
  request: DecideRequest
  /** Milliseconds since 1970. */
  time: number
  live: LiveShopperColumns
  campaigns: CompiledCampaigns
  /** By position in the campaign file; Infinity where a campaign has no budget limit. */
  remainingMinor: Float64Array
  /** By position in the campaign file: offers that it may still give; Infinity where there is no limit. */
  remainingUses: Float64Array
  dualPrices: DualPrices
  /** The shopper's own code of a campaign that gives such; absent: there is nobody to give one to. */
  codeOf?: CodeOf
}

/** An offer that this decision gave: what it may come to cost is held back from its budget until `validUntil`. */
export interface IssuedOffer {
  on: Live
  /** -1: the basket's. */
  item: ItemIndex
  amountMinor: number
  /** Probability with which it will be used. */
  useProbability: number
  /** What it is expected to add to the margin, after what it costs. */
  marginMinor: number
  /** 0 for an item. */
  thresholdMinor: number
  validUntil: number
}

/** What was decided, in indexes; `answer.ts` writes it as it is answered. */
export interface Decision {
  identity: Identity
  time: number
  personalised: boolean
  holdout: boolean
  /** The shopper's segment of responses and what it adds to the log-odds of buying. */
  segment: number
  base: number
  slots: DecidedSlot[]
  basketChoice: Choice<BasketStep>
  basketOffer: BasketOffer | null
  /** Whether the choices tell every action. */
  explained: boolean
  issued: IssuedOffer[]
  /** Positions of the campaigns whose budget, or whose number of offers, dropped an action. */
  spent: { budgets: number[]; uses: number[] }
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

  const subject = subjectOf(request)
  const samePrices = campaigns.policy.prices === 'same_for_all'
  const holdout = !samePrices && isHeldOut(g, subject, campaigns.policy.holdoutBps)
  const barred: OfferReason | null =
    request.personalise === false && !samePrices ? 'not_personal' : holdout ? 'holdout' : null
  const choosing = choosingOf(g, args, history.shopper, subject)
  const k = request.slots ?? DEFAULT_SLOTS
  const basket = new JointBasket(choosing, campaigns, request.cart ?? [], k, BASKET_DRAW, barred)
  const ranked = rank(g, history, allowed, k, request, merchandiseAt(campaigns, time), basket.raise)
  basket.settle()
  const slots = decideItems(choosing, args, history, ranked, barred, basket)
  return {
    identity: choosing.identity,
    time,
    personalised: history.length > 0 && request.personalise !== false,
    holdout,
    segment: choosing.shopper.segment,
    base: choosing.shopper.base,
    slots,
    basketChoice: basket.choice,
    basketOffer: basket.offer,
    explained: choosing.explain,
    issued: issuedOf(slots, basket),
    spent: choosing.guards.spent,
  }
}

function choosingOf(g: Generation, args: DecideArguments, shopper: number, subject: string | null): Choosing {
  const { request, time, campaigns, live, remainingMinor, remainingUses, dualPrices } = args
  const { policy, left, perMinor } = campaigns
  const isFree = areFree(dualPrices)
  if (!isFree) pricePerMinor(campaigns.all, dualPrices, perMinor)
  for (let p = 0; p < left.minor.length; p++) {
    left.minor[p] = remainingMinor[p]
    left.uses[p] = remainingUses[p]
  }
  const guards: GuardState = {
    time,
    subject,
    shopper,
    toldTraits: request.traits,
    channel: request.channel,
    live,
    policy,
    remainingMinor: left.minor,
    remainingUses: left.uses,
    spent: { budgets: [], uses: [] },
    givesCodes: args.codeOf !== undefined,
    offerRoom: subject !== null && policy.prices === 'personal' ? live.offerRoom : Number.POSITIVE_INFINITY,
  }
  return {
    g,
    policy,
    dualPrices,
    isFree,
    perMinor,
    guards,
    identity: identify(g, request, time, campaigns.revision),
    shopper: responseOf(g, policy.prices === 'personal' ? shopper : -1),
    explain: request.explain === true,
  }
}

const NO_RIVALS = new Float64Array(LIMITS.slots)

/** Later slots see budgets without what earlier ones may cost. */
function decideItems(
  choosing: Choosing,
  { campaigns, time, live, codeOf }: DecideArguments,
  history: History,
  ranked: Ranked,
  barred: OfferReason | null,
  basket: JointBasket,
): DecidedSlot[] {
  const { g, guards, policy, shopper } = choosing
  readAhead(g, ranked.items)
  const barredOf = barred ? [] : barredAt(g, guards, campaigns.onItems, campaigns.all.length)
  const isPersonal = policy.prices === 'personal'
  const n = ranked.items.length
  const probabilities = new Array<number>(n)
  const weighed = new Array<number>(n)
  for (let slot = 0; slot < n; slot++) {
    const item = ranked.items[slot]
    const probability = purchaseProbability(ranked.calibration, ranked.plainScores[slot], shopper.base)
    probabilities[slot] = probability
    weighed[slot] = isPersonal ? atListPrice(g, shopper, item, probability) : publicProbability(g, item)
  }
  // Without a section of responses nothing is known of what rivals lose.
  const rivals = g.tables.response === null ? NO_RIVALS : rivalMinors(g, ranked.items, weighed)
  const slots: DecidedSlot[] = []
  for (let slot = 0; slot < n; slot++) {
    const item = ranked.items[slot]
    const reasons = reasonsFor(g, history, ranked.found, item)
    for (const more of [basket.reasons(item), ranked.merchandised[slot]]) if (more.length > 0) reasons.push(...more)
    const kept = barred || !isPersonal ? null : keptItemOffer(g, campaigns, live, item, codeOf)
    const closedBy = kept === null ? barred : 'kept'
    const choice = closedBy
      ? closed(closedBy)
      : offerForItem(
          choosing,
          campaigns.plans,
          barredOf,
          slot,
          item,
          weighed[slot],
          rivals[slot],
          basket.stackedBps(item),
        )
    slots.push({
      item,
      score: ranked.scores[slot],
      purchaseProbability: probabilities[slot],
      priceMinor: g.live.priceMinor[item],
      reasons,
      choice,
      offer: kept ?? offerOf(choosing, choice, item, time, codeOf),
    })
  }
  return slots
}

/** The offer that was chosen, taken from what is left. */
function offerOf(
  { g, guards }: Choosing,
  choice: Choice<ItemStep>,
  item: ItemIndex,
  time: number,
  codeOf?: CodeOf,
): ItemOffer | null {
  const { step, discountMinor } = choice
  if (step === null) return null
  take(guards, step.on, discountMinor)
  return itemOffer(g, step.on, item, discountMinor, Math.min(step.on.endsAt, time + step.on.validMs), codeOf)
}

function issuedOf(slots: DecidedSlot[], basket: JointBasket): IssuedOffer[] {
  const issued: IssuedOffer[] = []
  const issue = (
    choice: Choice<ItemStep | BasketStep>,
    item: ItemIndex,
    thresholdMinor: number,
    validUntil: number,
  ) => {
    if (choice.step !== null)
      issued.push({
        on: choice.step.on,
        item,
        amountMinor: choice.discountMinor,
        useProbability: choice.useProbability,
        marginMinor: choice.marginMinor,
        thresholdMinor,
        validUntil,
      })
  }
  for (const { item, choice, offer } of slots) if (offer !== null) issue(choice, item, 0, offer.validUntil)
  const { choice, offer } = basket
  if (offer !== null) issue(choice, -1, offer.thresholdMinor, offer.validUntil)
  return issued
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
