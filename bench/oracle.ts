/**
 * The naive decision that a measured one is checked against: the ranking of naive-ranking.ts, the offer formulas of
 * core/scoring/choice.ts in plain doubles. It shares the tables and the money rules with the scorer, not its code.
 * Scores must agree bit for bit, probabilities to 1e-9.
 *
 * Covered: requests of a shopper or a session history, plain filters too, without cart or candidates, at dual prices of 0. Of a
 * cart only what follows from it by itself (`cartFault`): its offer and its items move the ranking in ways that the formulas in
 * core/scoring/offers/joint.ts tell. Where naive-ranking.ts does not cover a ranking, only what holds of any (`orderFault`); where
 * a snapshot has learned responses, nothing of offers.
 */
import type { DecideAnswer, DecidedItem, OfferReason } from '../core/contract/answers.ts'
import type { CampaignFile } from '../core/contract/campaigns.ts'
import { POLICY_DEFAULTS } from '../core/contract/campaigns.ts'
import { BPS, percentDiscount } from '../core/contract/money.ts'
import type { DecideRequest } from '../core/contract/requests.ts'
import type { Generation } from '../core/scoring/generation.ts'
import { brandOf, categoryOf, indexOfKey, isAmong } from './naive-keys.ts'
import { historyOf, naiveRanking, passes, rankingFault } from './naive-ranking.ts'

interface Weighed {
  campaign: string
  discountMinor: number
  valueMinor: number
}

const FLOOR = POLICY_DEFAULTS.explorationFloor

/** What of an answer's parts the oracle can compute. */
export interface Covered {
  ranking: boolean
  offers: boolean
}

export function coverageOf(g: Generation, request: DecideRequest, time: number): Covered {
  const isPlain = request.cart === undefined
  return {
    ranking: isPlain && naiveRanking(g, request, time) !== null,
    offers: isPlain && g.tables.response === null,
  }
}

/** What is wrong with an answer, as far as it is covered; null when nothing is. */
export function faultOf(
  g: Generation,
  file: CampaignFile,
  request: DecideRequest,
  answer: DecideAnswer,
  time: number,
): string | null {
  if (request.cart !== undefined) return cartFault(g, file, request, answer)
  const covered = coverageOf(g, request, time)
  const wrongRanking = covered.ranking
    ? rankingFault(g, request, answer.items, time)
    : orderFault(g, request, answer.items)
  if (wrongRanking !== null || !covered.offers) return wrongRanking
  const scored = historyOf(g, request, time).items.length > 0
  for (const [slot, given] of answer.items.entries()) {
    const fault = offerFault(g, file, request, answer, given, itemOf(g, given.item), scored)
    if (fault !== null) return `slot ${slot}: ${fault}`
  }
  return basketFault(g, file, request, answer)
}

const itemOf = (g: Generation, key: string) => indexOfKey(g.tables.catalogue, key)

/** Different items by falling score, each of them sold and asked for. */
function orderFault(g: Generation, request: DecideRequest, items: DecidedItem[]): string | null {
  const { stock, available } = g.tables.catalogue
  if (new Set(items.map(({ item }) => item)).size !== items.length) return 'an item stands twice'
  for (const [slot, { item: key, score }] of items.entries()) {
    const item = itemOf(g, key)
    if (item < 0 || available.view[item] === 0 || stock.view[item] === 0) return `slot ${slot}: ${key} is not sold`
    if (!passes(g, request, item)) return `slot ${slot}: ${key} is not asked for`
    if (slot > 0 && score > items[slot - 1].score) return `slot ${slot}: score ${score} above the slot before`
  }
  return null
}

/** Nothing in the cart is shown, nothing twice, and a threshold lacks what the cart's lines that it counts leave. */
function cartFault(
  g: Generation,
  { campaigns }: CampaignFile,
  { cart = [], slots }: DecideRequest,
  { items, basketOffer }: DecideAnswer,
): string | null {
  const shown = new Set(items.map(({ item }) => item))
  if (shown.size !== items.length || items.length !== slots) return `${shown.size} different items in ${items.length}`
  const again = cart.find(({ item }) => shown.has(item))
  if (again !== undefined) return `item ${again.item} is in the cart`
  if (basketOffer === null) return null
  const campaign = campaigns.find(({ id }) => id === basketOffer.campaign)
  if (campaign === undefined) return `basket: no campaign ${basketOffer.campaign}`
  const counted = cart
    .filter(({ item }) => targets(g, campaign, itemOf(g, item)))
    .reduce((sum, { quantity = 1, priceMinor = 0 }) => sum + quantity * priceMinor, 0)
  const missing = basketOffer.thresholdMinor - counted
  return basketOffer.missingMinor === missing
    ? null
    : `basket: missing ${basketOffer.missingMinor}, expected ${missing}`
}

function offerFault(
  g: Generation,
  file: CampaignFile,
  request: DecideRequest,
  answer: DecideAnswer,
  given: DecidedItem,
  item: number,
  scored: boolean,
): string | null {
  const { history, popular } = g.image.manifest.model.calibration
  const { intercept, slope } = scored ? history : popular
  const p0 = 1 / (1 + Math.exp(-(intercept + slope * Math.log(Math.max(given.score, 1e-4)))))
  if (!near(given.purchaseProbability, p0)) return `purchase probability ${given.purchaseProbability}, expected ${p0}`
  const costMinor = g.tables.catalogue.costMinor.view[item]
  const targeting = file.campaigns.filter(
    (campaign) => campaign.mechanism !== 'spend_threshold' && targets(g, campaign, item),
  )
  const shut = closedBecause(request, answer, targeting.length, costMinor < 0)
  const weighed = shut ? [] : itemActions(g, targeting, item, costMinor, p0, stackedBps(g, file, answer, item))
  const chosen = given.offer && { campaign: given.offer.campaign, discountMinor: given.offer.discountMinor }
  return choiceFault(weighed, chosen, given.offerReason, given.propensity, shut)
}

function closedBecause(
  request: DecideRequest,
  answer: DecideAnswer,
  campaigns: number,
  costUnknown: boolean,
): OfferReason | null {
  if (answer.holdout) return 'holdout'
  if (campaigns === 0) return 'no_campaign'
  if (costUnknown) return 'cost_unknown'
  return request.shopper === undefined && request.session === undefined ? 'contact_cap' : null
}

type Campaign = CampaignFile['campaigns'][number]

const laddersOf = (campaign: Campaign) => ('ladder' in campaign ? campaign.ladder : [])

function targets(g: Generation, { targets }: Campaign, item: number): boolean {
  const { categories, brands } = targets ?? {}
  return isAmong(categories, categoryOf(g, item)) && isAmong(brands, brandOf(g, item))
}

/** What the basket's offer may still take off the item, rounded up: its margin has to bear that too. */
function stackedBps(g: Generation, { campaigns }: CampaignFile, { basketOffer }: DecideAnswer, item: number): number {
  const campaign = campaigns.find(({ id }) => id === basketOffer?.campaign)
  if (basketOffer === null || campaign === undefined || !targets(g, campaign, item)) return 0
  return Math.ceil((basketOffer.rewardMinor * BPS) / basketOffer.thresholdMinor)
}

function itemActions(
  g: Generation,
  campaigns: Campaign[],
  item: number,
  costMinor: number,
  p0: number,
  stackedBps: number,
): Weighed[] {
  const priceMinor = g.tables.catalogue.priceMinor.view[item]
  const priorPriceMinor = g.tables.catalogue.priorPriceMinor.view[item]
  const { elasticity, elasticitySe } = g.tables.prices
  return campaigns.flatMap((campaign) =>
    laddersOf(campaign).flatMap((step) => {
      if (!('percentBps' in step)) return []
      const discountMinor = percentDiscount(priceMinor, step.percentBps)
      const askedMinor = priceMinor - discountMinor
      const netMinor = askedMinor - percentDiscount(askedMinor, stackedBps)
      const marginMinor = netMinor - costMinor
      if (marginMinor < 0 || marginMinor * BPS < netMinor * (campaign.marginFloorBps ?? 0)) return []
      if (askedMinor >= priorPriceMinor) return []
      const share = step.percentBps / BPS
      const response = { elasticity: elasticity.view[item], se: elasticitySe.view[item] }
      const valueMinor = value(p0, priceMinor - costMinor, discountMinor, share, response)
      return [{ campaign: campaign.id, discountMinor, valueMinor }]
    }),
  )
}

/** τ(P − c) − p_a δ − z · se, se of τ by the delta method in the logarithm of the odds. */
function value(
  p0: number,
  unitMargin: number,
  discount: number,
  share: number,
  { elasticity, se }: { elasticity: number; se: number },
): number {
  const logPrice = Math.log(1 - Math.min(share, 0.95))
  const odds = (p0 / (1 - p0)) * Math.exp(elasticity * logPrice)
  const pa = odds / (1 + odds)
  const uncertainty = POLICY_DEFAULTS.uncertaintyZ * pa * (1 - pa) * -se * logPrice * Math.abs(unitMargin - discount)
  return (pa - p0) * unitMargin - pa * discount - uncertainty
}

function choiceFault(
  weighed: Weighed[],
  chosen: { campaign: string; discountMinor: number } | null,
  reason: OfferReason,
  propensity: number,
  shut: OfferReason | null,
): string | null {
  if (shut !== null || weighed.length === 0) {
    if (chosen !== null) return `offer of ${chosen.campaign}, expected none`
    return shut === null || shut === reason ? null : `reason ${reason}, expected ${shut}`
  }
  const values = [0, ...weighed.map(({ valueMinor }) => valueMinor)]
  const at = chosen === null ? 0 : 1 + weighed.findIndex((action) => sameOffer(action, chosen))
  if (chosen !== null && at === 0) return `offer ${chosen.campaign} of ${chosen.discountMinor}, not among the actions`
  const most = Math.max(...values)
  const isBest = at === values.findIndex((worth) => worth >= most - 1e-9)
  if (isBest === (reason === 'explored')) return `reason ${reason} of an action worth ${values[at]}`
  const floor = Math.min(FLOOR, 1 / values.length)
  const expected = floor + (isBest ? 1 - values.length * floor : 0)
  return near(propensity, expected) ? null : `propensity ${propensity}, expected ${expected}`
}

function sameOffer(a: { campaign: string; discountMinor: number }, b: { campaign: string; discountMinor: number }) {
  return a.campaign === b.campaign && a.discountMinor === b.discountMinor
}

function basketFault(g: Generation, file: CampaignFile, request: DecideRequest, answer: DecideAnswer): string | null {
  const { meanOrderMinor, marginRate, elasticity, elasticitySe } = g.image.manifest.model.basket
  const campaigns = file.campaigns.filter(({ mechanism }) => mechanism === 'spend_threshold')
  const rate = marginRate ?? 0
  const weighed = campaigns.flatMap((campaign) =>
    laddersOf(campaign).flatMap((tier) => {
      const { id, marginFloorBps } = campaign
      if (!('thresholdMinor' in tier)) return []
      const { thresholdMinor, rewardMinor } = tier
      const marginMinor = thresholdMinor * rate - rewardMinor
      if (marginMinor < 0 || marginMinor * BPS < (thresholdMinor - rewardMinor) * (marginFloorBps ?? 0)) return []
      const response = { elasticity, se: elasticitySe }
      const p0 = Math.exp(-thresholdMinor / meanOrderMinor)
      const valueMinor = value(p0, thresholdMinor * rate, rewardMinor, rewardMinor / thresholdMinor, response)
      return [{ campaign: id, discountMinor: rewardMinor, valueMinor }]
    }),
  )
  const shut = closedBecause(request, answer, campaigns.length, marginRate === null)
  const { basketOffer, basketReason, basketPropensity } = answer
  const chosen = basketOffer && { campaign: basketOffer.campaign, discountMinor: basketOffer.rewardMinor }
  const fault = choiceFault(shut ? [] : weighed, chosen, basketReason, basketPropensity, shut)
  return fault === null ? null : `basket: ${fault}`
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b))
}
