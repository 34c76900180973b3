/** A decision as a merchandiser reads it. */
import type { ConsideredAction, DecideAnswer, DecidedItem, ItemReason, OfferReason } from '../core/contract/answers.ts'
import { formatMinor, roundMinor } from '../core/contract/money.ts'
import { type ColumnLayout, table } from './table.ts'

const WHY: Record<OfferReason, string> = {
  not_personal: 'asked not to be personal',
  holdout: 'shopper is in the hold-out',
  no_campaign: 'no campaign for it',
  audience: 'not for this shopper',
  cost_unknown: 'cost unknown',
  contact_cap: 'shown often enough',
  limit_reached: 'used as often as allowed',
  stock: 'none left of it',
  offers_held: 'holds as many offers as possible',
  budget_exhausted: 'budget used up',
  margin_floor: 'margin would be too thin',
  prior_price: 'no lower than in the last 30 days',
  price_gap: 'too far below what others pay',
  no_incremental_value: 'would not pay for itself',
  explored: 'tried out, to learn',
  incremental_value: 'pays for itself',
  kept: 'given earlier, still holds',
  already_reached: 'threshold is reached already',
}

export function decisionText(answer: DecideAnswer): string[] {
  return [
    heading(answer),
    '',
    ...itemTable(answer),
    '',
    basketLine(answer),
    ...answer.items.flatMap(({ title, purchaseProbability, considered }, slot) =>
      considered?.length
        ? ['', `${slot + 1}. ${title}`, ...weighed(considered, answer.currency, share(purchaseProbability))]
        : [],
    ),
    ...(answer.basketConsidered?.length
      ? ['', 'Basket', ...weighed(answer.basketConsidered, answer.currency, '')]
      : []),
  ]
}

function heading({ decisionId, snapshot, personalised, holdout }: DecideAnswer): string {
  const how = [personalised ? 'personalised' : 'not personalised', ...(holdout ? ['hold-out'] : [])]
  return `decision ${decisionId}, snapshot ${snapshot.slice(0, 12)}, ${how.join(', ')}`
}

const ITEM_COLUMNS: ColumnLayout[] = [
  { title: '#', align: 'right' },
  { title: 'item', maxWidth: 24 },
  { title: 'title', maxWidth: 36 },
  { title: 'price', align: 'right' },
  { title: 'offer' },
  { title: 'why this item', maxWidth: 48 },
  { title: 'why this offer' },
]

function itemTable({ items, currency }: DecideAnswer): string[] {
  const rows = items.map((item, slot) => [
    String(slot + 1),
    item.item,
    item.title,
    formatMinor(item.priceMinor, currency),
    offerText(item, currency),
    item.reasons.map(itemReason).join(', '),
    WHY[item.offerReason],
  ])
  return items.length === 0 ? ['nothing to show: no item passed the filters'] : table(ITEM_COLUMNS, rows)
}

function offerText({ offer }: DecidedItem, currency: string): string {
  if (offer === null) return '–'
  const code = offer.code === undefined ? '' : ` with ${offer.code}`
  return `−${percent(offer.percentBps)} = ${formatMinor(offer.priceMinor, currency)}${code} (${offer.campaign})`
}

function itemReason(reason: ItemReason): string {
  switch (reason.code) {
    case 'because_you_bought':
      return `bought ${reason.item}`
    case 'because_you_viewed':
      return `viewed ${reason.item}`
    case 'because_in_cart':
      return `${reason.item} is in the cart`
    case 'similar_to':
      return `like ${reason.item}`
    case 'popular':
      return 'popular'
    case 'trending':
      return 'sells more of late'
    case 'new':
      return 'new'
    case 'bought_together':
      return `bought with ${reason.item}`
    case 'due_again':
      return `bought ${reason.days} days ago`
    case 'reaches_threshold':
      return `takes the cart over ${reason.campaign}`
    case 'boosted':
      return `raised by ${reason.campaign}`
    case 'pinned':
      return `put there by ${reason.campaign}`
    case 'near_your_taste':
      return 'near the taste'
    case 'similar_visits':
      return 'from visits like this one'
    case 'similar_shoppers':
      return 'liked by similar shoppers'
    case 'linked_shoppers':
      return 'liked by linked shoppers'
  }
}

function basketLine({ basketOffer, basketReason, currency }: DecideAnswer): string {
  if (basketOffer === null) return `Basket: no offer, ${WHY[basketReason]}`
  const { thresholdMinor, rewardMinor, missingMinor, campaign } = basketOffer
  const [threshold, reward, missing] = [thresholdMinor, rewardMinor, missingMinor].map((m) => formatMinor(m, currency))
  return `Basket: ${reward} off from ${threshold}, ${missing} to go (${campaign}): ${WHY[basketReason]}`
}

const WEIGHED_COLUMNS: ColumnLayout[] = [
  { title: '  offer' },
  { title: 'off', align: 'right' },
  { title: 'would buy', align: 'right' },
  { title: 'extra margin', align: 'right' },
  { title: 'doubt', align: 'right' },
  { title: 'limit prices', align: 'right' },
  { title: 'value', align: 'right' },
  { title: 'chance', align: 'right' },
  { title: '' },
]

/** Money of an action is per 1,000 shoppers who see it: per shopper it is a fraction of a penny. */
function weighed(actions: ConsideredAction[], currency: string, wouldBuyAnyway: string): string[] {
  const left = 1 - actions.reduce((sum, { propensity }) => sum + propensity, 0)
  const nothing = ['  no offer', '', wouldBuyAnyway, '', '', '', '', share(left, 1), '']
  const perThousand = (minor: number) => formatMinor(roundMinor(minor * 1000), currency)
  const rows = actions.map((action) => [
    `  ${action.campaign}`,
    formatMinor(action.discountMinor, currency),
    share(action.purchaseProbability),
    perThousand(action.incrementalMarginMinor),
    perThousand(action.uncertaintyMinor),
    perThousand(action.resourcePriceMinor),
    perThousand(action.valueMinor),
    share(action.propensity, 1),
    action.droppedBy === null ? scarcity(action, currency) : `dropped: ${WHY[action.droppedBy]}`,
  ])
  return [
    ...table(WEIGHED_COLUMNS, [nothing, ...rows]),
    `  ${currency} per 1,000 shoppers who see it; chance: of being chosen`,
  ]
}

/** What of the campaign is scarce, and costs the action most. */
function scarcity(
  { bindingResource, budgetDualPrice, stockDualPrice, returnDualPrice }: ConsideredAction,
  currency: string,
): string {
  switch (bindingResource) {
    case null:
      return ''
    case 'budget':
      return `budget at ${budgetDualPrice.toFixed(2)}`
    case 'stock':
      return `offers at ${formatMinor(roundMinor(stockDualPrice), currency)} each`
    case 'return':
      return `return floor at ${returnDualPrice.toFixed(2)}`
  }
}

function share(value: number, digits = 2): string {
  return `${(100 * value).toFixed(digits)} %`
}

function percent(bps: number): string {
  return `${bps % 100 === 0 ? bps / 100 : (bps / 100).toFixed(2)} %`
}
