/**
 * The response section: how shoppers answer offers, learned from the shop's own decisions and what was bought after them.
 * Runs after `prices`, whose elasticities say what a discount would do by its price alone. A mechanism of which the log does not
 * say more than that has no curve: serving then goes by the price alone.
 */
import { existsSync } from 'node:fs'
import type { Mechanism } from '../../core/contract/campaigns.ts'
import { readSafetensors } from '../../core/snapshot/safetensors.ts'
import { readItems, readShoppers } from '../duckdb.ts'
import type { BasketImpressions } from '../effects/basket-impressions.ts'
import { type BasketResponse, basketRows, learnBasketResponse } from '../effects/basket-response.ts'
import { type Impressions, readImpressions } from '../effects/impressions.ts'
import { pastViews } from '../effects/past-views.ts'
import { gainsOverPriceAlone } from '../effects/price-alone.ts'
import { curvesOfMechanisms, learnResponse, SEGMENT_OPTIONS } from '../effects/response.ts'
import { basketMetrics, logMetrics, responseMetrics } from '../effects/response-metrics.ts'
import { nothingToLearn, ofMostOffered, type ResponseRows } from '../effects/response-rows.ts'
import { noItemTables, responseSection } from '../effects/response-section.ts'
import { shopperFeatures } from '../effects/shopper-features.ts'
import { usualPrices } from '../effects/usual-prices.ts'
import { readReport, type StageReport, sectionFile, writeSection } from '../sections.ts'
import type { StageContext } from '../stage.ts'
import { readTraits } from '../traits.ts'
import { codesOf } from './catalogue.ts'

const DAY_MS = 86_400_000
/** Mechanisms that are offered with an item. */
const ITEM_MECHANISMS: Mechanism[] = ['coupon', 'time_limited']
/** Of showings and purchases; about 100 bytes each. */
const MOST_HELD = 4_000_000
/** Campaigns with a curve of their own. */
const MOST_CAMPAIGNS = 100
/**
 * What is believed of the share that is borrowed from later sales before a shop's own tell: the 4 to 25 % that van Heerde,
 * Leeflang, Wittink (Journal of Marketing Research 37, 2000) found, as a 95 % interval.
 */
const BORROWED = { mean: 0.145, variance: 0.053 ** 2 }

/** Null: there is no log, or nothing in it teaches how offers are answered. */
export async function trainResponse(context: StageContext): Promise<StageReport | null> {
  const { dataset, sections, logs } = context
  if (logs === null || !existsSync(logs)) return null
  const usualMinor = usualPrices(dataset.table, dataset.items)
  const impressions = await impressionsOf(context, logs, usualMinor)
  const ofItems = await learnItems(context, impressions, usualMinor)
  const ofBasket = await learnBasket(context, impressions.baskets)
  if (ofItems === null && ofBasket === null) return null
  const tables = ofItems?.tables ?? noItemTables((await readShoppers(dataset.folder)).key.length)
  await writeSection(sections, 'response', responseSection(tables, usualMinor, ofBasket?.curves ?? new Map()))
  const basket = ofBasket === null ? {} : basketMetrics(impressions.baskets, ofBasket)
  return { metrics: { ...(ofItems?.metrics ?? logMetrics(impressions)), ...basket } }
}

async function learnItems(context: StageContext, impressions: Impressions, usualMinor: Float32Array) {
  const { dataset, sections } = context
  const chosen = ofMostOffered(impressions.rows, MOST_CAMPAIGNS)
  const nothing = nothingToLearn(chosen)
  if (nothing !== null) return saysNothing(context, nothing)
  const traits = await readTraits(dataset)
  const rows: ResponseRows = {
    ...chosen,
    mechanisms: mechanismsOf(chosen),
    features: shopperFeatures(dataset, traits, impressions.firstMs),
  }
  const borrowed = await borrowedShare(sections)
  const now = shopperFeatures(dataset, traits, dataset.watermark + 1)
  const perShare = borrowed * meanSteepness(rows)
  const past = pastViews(dataset.table, await elasticities(sections), usualMinor, impressions.firstMs)
  const shares = new Map(rows.mechanisms.map((mechanism) => [mechanism, perShare]))
  const learned = learnResponse(rows, now, shares, SEGMENT_OPTIONS, past)
  const gains = gainsOverPriceAlone(rows, learned)
  const confirmed = gains.filter(({ interval: [low] }) => low > 0).map(({ mechanism }) => mechanism)
  const curves = curvesOfMechanisms(learned, rows.campaigns, (mechanism) => confirmed.includes(mechanism))
  return {
    tables: { ...learned, ...curves },
    metrics: { ...responseMetrics(impressions, rows, learned, gains), borrowed },
  }
}

/** Silent where no basket's offer was ever drawn. */
async function learnBasket(context: StageContext, { rows }: BasketImpressions): Promise<BasketResponse | null> {
  const { model } = await readReport(context.sections, 'prices')
  if (model?.basket === undefined || rows.subject.length === 0) return null
  const chosen = ofMostOffered(basketRows(rows, model.basket), MOST_CAMPAIGNS)
  const nothing = nothingToLearn(chosen)
  return nothing === null ? learnBasketResponse(chosen) : saysNothing(context, `baskets: ${nothing}`)
}

function saysNothing({ onProgress }: StageContext, why: string): null {
  onProgress({ stage: 'response', done: 0, total: 1, message: `nothing to learn from: ${why}` })
  return null
}

async function impressionsOf(
  { dataset, sections, parameters }: StageContext,
  logs: string,
  usualMinor: Float32Array,
): Promise<Impressions> {
  const { key: items, category } = await readItems(dataset.folder, ['key', 'category'])
  const { key: shoppers } = await readShoppers(dataset.folder)
  return readImpressions({
    logs,
    shop: dataset.shop,
    until: parameters.until,
    windowMs: parameters.calibration.windowDays * DAY_MS,
    mostHeld: MOST_HELD,
    items: items.map(String),
    shoppers: shoppers.map(String),
    elasticity: await elasticities(sections),
    category: codesOf(category).codes,
    usualMinor,
  })
}

async function elasticities(sections: string): Promise<Float32Array> {
  const { elasticity } = await readSafetensors(sectionFile(sections, 'prices'))
  return elasticity.data as Float32Array
}

function mechanismsOf({ campaigns }: Pick<ResponseRows, 'campaigns'>): string[] {
  return [...new Set<string>([...ITEM_MECHANISMS, ...campaigns.map(({ mechanism }) => mechanism)])].sort()
}

/** Mean of −ε: of the units sold with a small share d off, −ε d are extra, and a part of those is borrowed. */
function meanSteepness({ elasticity }: ResponseRows): number {
  return -elasticity.reduce((sum, value) => sum + value, 0) / elasticity.length
}

/** The shop's share of forward buying, drawn to what is believed; 0 where no discount tells it. */
async function borrowedShare(sections: string): Promise<number> {
  const { pullForward, pullForwardSe } = (await readReport(sections, 'prices')).metrics
  if (pullForward === undefined) return 0
  const own = BORROWED.variance / (BORROWED.variance + pullForwardSe ** 2)
  return Math.min(1, Math.max(0, own * pullForward + (1 - own) * BORROWED.mean))
}
