/**
 * Who buys what, and what a promotion changes: the one definition that the generator and the closed loop share.
 *
 *   ln(p / (1 - p)) = base + quality_i + w <t_u, v_i> / sqrt(D) + due + s (season - mean) - f stocked - k rivals      item
 *                     + type_u + r_u e_c ln(list / reference_i)                                                    shopper
 *                     - h seen                                             where no offer is shown
 *                     + e^(-b seen) (r_u e_c ln(1 - d) + g_u)              where one is
 *
 * e_c < 0 is the elasticity of the category, r_u the type's price response times the shopper's own sensitivity, g_u the
 * type's response to being offered anything (negative for sleeping dogs), d the share of the list price taken off.
 * `seen`: visits with offers of late, which dull the response and make the shopper wait. `stocked`: shares taken off
 * what was bought of the category of late, so that part of what a discount sells is borrowed from later. `rivals`: shares
 * taken off others of the category in the same visit. Prices in minor units, probabilities per item looked at.
 */
import { BPS, roundMinor } from '../../core/contract/money.ts'
import type { TruthParameters } from './parameters.ts'
import { Random, STREAM } from './random.ts'
import { MEAN_SEASON, seasonOf } from './season.ts'
import { type TraitTable, traitTable } from './traits.ts'

export interface Truth {
  parameters: TruthParameters
  random: Random
  referencePriceMinor: Int32Array
  /** True also of the items whose cost the merchant does not tell. */
  costMinor: Int32Array
  quality: Float32Array
  /** `items` rows of `tasteDimensions`. */
  vectors: Float32Array
  days: number
  traits: TraitTable
}

/** How a shopper answers prices and offers. */
export interface Nature {
  logOdds: number
  /** Type's response times own sensitivity; multiplies the category's elasticity. */
  priceResponse: number
  offerLogOdds: number
}

/** What of a purchase probability depends on when it is asked. */
export interface Moment {
  day: number
  /** A consumable that is used up. */
  due: boolean
  offersSeen: number
  stockedUp: number
  rivals: number
}

/** One shopper's nature; `drawShopper` fills it again and again. */
export interface ShopperTruth extends Nature {
  index: number
  /** Position in SHOPPER_TYPES. */
  type: number
  /** Positions in the parameters' tiers and channels. */
  tier: number
  channel: number
  /** Visits relative to the average shopper's. */
  activity: number
  favourites: number[]
  taste: Float32Array
}

/** Chances of the favourite categories; what is left goes to any category at all. */
export const FAVOURITE_SHARES = [0.42, 0.24, 0.14, 0.1]

export function openTruth(parameters: TruthParameters): Truth {
  const { items, tasteDimensions } = parameters
  const truth: Truth = {
    parameters,
    random: new Random(parameters.seed),
    referencePriceMinor: new Int32Array(items),
    costMinor: new Int32Array(items),
    quality: new Float32Array(items),
    vectors: new Float32Array(items * tasteDimensions),
    days: parameters.weeks * 7,
    traits: traitTable(parameters),
  }
  for (let item = 0; item < items; item++) drawItem(truth, item)
  return truth
}

function drawItem(truth: Truth, item: number): void {
  const { random, parameters } = truth
  const category = parameters.categories[categoryOf(truth, item)]
  random.block(STREAM.item, item, 0, 0)
  truth.referencePriceMinor[item] = shelfPrice(category.priceMinor * Math.exp(0.35 * random.normal(0)))
  truth.quality[item] = parameters.qualitySd * random.normal(2)
  random.block(STREAM.item, item, 1, 0)
  const margin = category.marginBps / BPS + 0.1 * (random.uniform(0) - 0.5)
  truth.costMinor[item] = Math.max(1, roundMinor(truth.referencePriceMinor[item] * (1 - margin)))
  random.normals(
    STREAM.itemVector,
    item,
    0,
    truth.vectors,
    item * parameters.tasteDimensions,
    parameters.tasteDimensions,
  )
}

/** Categories take turns, so that item, category and place on the shelf need no table. */
export function categoryOf(truth: Truth, item: number): number {
  return item % truth.parameters.categories.length
}

/** Prices end in 9, and none is below 0.99 of the currency. */
function shelfPrice(amount: number): number {
  return Math.max(99, roundMinor(amount / 10) * 10 - 1)
}

/** What the shop asked for an item in a week; it changes every few weeks, at random and for everyone. */
export function listPriceMinor(truth: Truth, item: number, week: number): number {
  const { random, parameters } = truth
  const period = Math.floor((week + (item % parameters.pricePeriodWeeks)) / parameters.pricePeriodWeeks)
  random.block(STREAM.price, item, period, 0)
  const change = Math.max(-0.25, Math.min(0.25, parameters.priceSd * random.normal(0)))
  return shelfPrice(truth.referencePriceMinor[item] * Math.exp(change))
}

export function emptyShopper(truth: Truth): ShopperTruth {
  return {
    index: -1,
    type: 0,
    tier: 0,
    channel: 0,
    logOdds: 0,
    priceResponse: 0,
    offerLogOdds: 0,
    activity: 0,
    favourites: FAVOURITE_SHARES.map(() => 0),
    taste: new Float32Array(truth.parameters.tasteDimensions),
  }
}

export function drawShopper(truth: Truth, index: number, shopper: ShopperTruth): void {
  const { random, parameters } = truth
  random.block(STREAM.shopper, index, 0, 0)
  const type = shareAt(parameters.types, random.uniform(0))
  const nature = parameters.types[type]
  shopper.index = index
  shopper.type = type
  shopper.logOdds = nature.logOdds
  shopper.offerLogOdds = nature.offerLogOdds
  const { activitySd, sensitivitySd } = parameters
  shopper.activity = Math.exp(activitySd * random.normal(2) - activitySd ** 2 / 2)
  random.block(STREAM.shopper, index, 1, 0)
  shopper.priceResponse = nature.priceResponse * Math.exp(sensitivitySd * random.normal(0) - sensitivitySd ** 2 / 2)
  random.block(STREAM.shopper, index, 2, 0)
  for (let i = 0; i < shopper.favourites.length; i++)
    shopper.favourites[i] = Math.floor(random.uniform(i) ** 1.5 * parameters.categories.length)
  random.block(STREAM.shopper, index, 3, 0)
  shopper.tier = indexAt(truth.traits.tierGivenType[type], random.uniform(0))
  shopper.channel = shareAt(parameters.channels, random.uniform(1))
  random.normals(STREAM.taste, index, 0, shopper.taste, 0, parameters.tasteDimensions)
}

function shareAt(parts: { share: number }[], u: number): number {
  return indexAt(
    parts.map(({ share }) => share),
    u,
  )
}

/** The part of shares that add up to 1 in which `u` falls. */
function indexAt(shares: number[], u: number): number {
  let cumulative = 0
  for (let part = 0; part < shares.length - 1; part++) {
    cumulative += shares[part]
    if (u < cumulative) return part
  }
  return shares.length - 1
}

/** w <t_u, v_i> / sqrt(D): what the item's style adds to the log-odds. */
export function tasteLogOdds(truth: Truth, shopper: ShopperTruth, item: number): number {
  const { tasteDimensions, tasteWeight } = truth.parameters
  const from = item * tasteDimensions
  let sum = 0
  for (let d = 0; d < tasteDimensions; d++) sum += shopper.taste[d] * truth.vectors[from + d]
  return (tasteWeight * sum) / Math.sqrt(tasteDimensions)
}

/** Nothing left from earlier visits, nothing else on offer, in a season as any. */
export function calm(): Moment {
  return { day: -1, due: false, offersSeen: 0, stockedUp: 0, rivals: 0 }
}

/** Probability that the shopper buys the item looked at, for `listMinor` less `discountMinor`; 0 discount is no offer. */
export function purchaseProbability(
  truth: Truth,
  shopper: ShopperTruth,
  item: number,
  listMinor: number,
  discountMinor: number,
  moment: Moment,
): number {
  const lever = leverOf(truth, item, listMinor, discountMinor, moment.offersSeen)
  return probabilityOf(itemLogOdds(truth, shopper, item, moment) + natureLogOdds(shopper, lever))
}

export function probabilityOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds))
}

/** The part that does not depend on how the shopper answers prices. */
export function itemLogOdds(
  truth: Truth,
  shopper: ShopperTruth,
  item: number,
  moment: Omit<Moment, 'offersSeen'>,
): number {
  const { parameters } = truth
  const { day, due, stockedUp, rivals } = moment
  const { peakWeek } = parameters.categories[categoryOf(truth, item)]
  const season = day < 0 ? 0 : seasonOf(day, peakWeek) - MEAN_SEASON
  return (
    parameters.logOdds +
    truth.quality[item] +
    tasteLogOdds(truth, shopper, item) +
    (due ? parameters.dueLogOdds : 0) +
    parameters.seasonLogOdds * season -
    parameters.forwardBuying.logOdds * stockedUp -
    parameters.cannibalisationLogOdds * rivals
  )
}

/** What a price and an offer pull at: in log-odds, before the shopper's own response. */
export interface Lever {
  /** e_c ln(list / reference). */
  listed: number
  /** e_c ln(1 - d). */
  cheaper: number
  /** How much an offer counts, e^(-b seen); 0 where none is shown. */
  offer: number
  waiting: number
}

export function leverOf(
  { parameters, referencePriceMinor }: Truth,
  item: number,
  listMinor: number,
  discountMinor: number,
  offersSeen: number,
): Lever {
  const { habituation, categories } = parameters
  const { elasticity } = categories[item % categories.length]
  const list = Math.max(1, listMinor)
  const listed = elasticity * Math.log(list / referencePriceMinor[item])
  if (discountMinor === 0) return { listed, cheaper: 0, offer: 0, waiting: habituation.waitingLogOdds * offersSeen }
  const cheaper = elasticity * Math.log(Math.max(1, listMinor - discountMinor) / list)
  return { listed, cheaper, offer: Math.exp(-habituation.dulling * offersSeen), waiting: 0 }
}

/** The part that does. */
export function natureLogOdds({ logOdds, priceResponse, offerLogOdds }: Nature, lever: Lever): number {
  const { listed, cheaper, offer, waiting } = lever
  return logOdds + priceResponse * (listed + offer * cheaper) + offer * offerLogOdds - waiting
}

export const itemKey = (item: number): string => `p${String(item).padStart(7, '0')}`
export const shopperKey = (shopper: number): string => `s${String(shopper).padStart(7, '0')}`
/** The number in a key that `itemKey` or `shopperKey` made. */
export const indexOfKey = (key: string): number => Number(key.slice(1))
