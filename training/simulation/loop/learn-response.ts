/** From the log of the learning period to the tables of the section `response`, by the learner that a shop's own log goes through. */
import { shopperIndexOf } from '../../../core/scoring/keys.ts'
import { listedMove } from '../../../core/scoring/offers/response.ts'
import { encodeStrings } from '../../../core/snapshot/strings.ts'
import { pastViews } from '../../effects/past-views.ts'
import { learnResponse, SEGMENT_OPTIONS } from '../../effects/response.ts'
import { NO_OFFER, nothingToLearn, type ResponseRows } from '../../effects/response-rows.ts'
import { shopperFeatures } from '../../effects/shopper-features.ts'
import { usualPrices } from '../../effects/usual-prices.ts'
import { readTraits } from '../../traits.ts'
import { shopperKey } from '../truth.ts'
import type { Impressions } from './impressions.ts'
import type { World } from './market.ts'
import type { ResponseTables, SimulatedShop } from './shop.ts'

/**
 * Share of the units sold that is borrowed from later sales for each share of 1 taken off, which no log of some weeks tells: about
 * a third of what a usual discount sells beyond (van Heerde, Leeflang, Wittink, Marketing Science 23, 2004).
 */
const BORROWED = 1

/** Null: the log is too short to learn from. */
export async function learnFromLog(
  log: Impressions,
  shop: SimulatedShop,
  world: World,
): Promise<ResponseTables | null> {
  const { dataset } = shop
  const traits = await readTraits(dataset)
  const usualMinor = usualPrices(dataset.table, dataset.items)
  const rows = rowsOf(log, world, usualMinor, shopperFeatures(dataset, traits, dataset.watermark + 1))
  if (nothingToLearn(rows) !== null) return null
  const borrowed = new Map(rows.mechanisms.map((mechanism) => [mechanism, BORROWED]))
  const elasticity = world.shop.g.tables.prices.elasticity.view
  const past = pastViews(dataset.table, elasticity, usualMinor, dataset.watermark + 1)
  const learned = learnResponse(rows, rows.features, borrowed, SEGMENT_OPTIONS, past)
  const { bytes, offsets } = encodeStrings(learned.names)
  return {
    segment: learned.segment,
    // All that was bought of an impression is in the log, so what all buy is known too.
    base: learned.base.map((own) => own + learned.level),
    listed: learned.listed,
    usual_minor: usualMinor,
    curves_bytes: bytes,
    curves_offsets: offsets,
    curves: learned.curves,
  }
}

function rowsOf(
  log: Impressions,
  { truth, shop: { g, campaigns } }: World,
  usualMinor: Float32Array,
  features: ResponseRows['features'],
): ResponseRows {
  const elasticity = g.tables.prices.elasticity.view
  const indexes = Uint32Array.from({ length: truth.parameters.shoppers }, (_, s) => shopperIndexOf(g, shopperKey(s)))
  return {
    shopper: Uint32Array.from(log.shopper, (s) => indexes[s]),
    timeMs: Float64Array.from(log.time),
    campaign: Int32Array.from(log.campaign, (position) => (position < 0 ? NO_OFFER : position)),
    discount: Float64Array.from(log.discountMinor, (minor, row) => minor / log.priceMinor[row]),
    elasticity: Float64Array.from(log.item, (item) => elasticity[item]),
    offset: Float64Array.from(log.logOdds),
    listed: Float64Array.from(log.item, (item, row) =>
      listedMove(elasticity[item], log.priceMinor[row], usualMinor[item]),
    ),
    rivals: Float64Array.from(log.rivals),
    nRivals: Uint16Array.from(log.nRivals),
    category: Uint32Array.from(log.item, (item) => g.tables.catalogue.category.view[item]),
    weight: new Float64Array(log.length).fill(1),
    bought: Uint8Array.from(log.bought),
    campaigns: campaigns.all.map(({ id, mechanism }) => ({ id, mechanism })),
    mechanisms: [...new Set(campaigns.all.map(({ mechanism }) => mechanism))],
    features,
  }
}
