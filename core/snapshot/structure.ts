/**
 * Can native code trust the tables? The hashes say that the files are the trainer's; these checks say that the trainer,
 * ours or a foreign one, wrote what the format asks: no index out of range, no row that runs out of its table, no
 * number that is not finite. Plain loops, a few nanoseconds an element.
 */
import { join } from 'node:path'
import { EVENT_KINDS } from '../contract/events.ts'
import * as check from './columns.ts'
import { checkHnswFile } from './hnsw-file.ts'
import {
  INDEX_SECTION,
  MAX_RESPONSE_SEGMENTS,
  MAX_STORED_HISTORY,
  RESPONSE_NUMBERS,
  STOCK_NOT_COUNTED,
  UNKNOWN_COST,
} from './layout.ts'
import type { SnapshotImage } from './open.ts'
import { type SnapshotTables, tablesOf } from './tables.ts'

const MAX_I32 = 2_147_483_647

/** Throws `snapshot_corrupt`, naming the section. */
export async function checkStructure(image: SnapshotImage): Promise<void> {
  const tables = tablesOf(image)
  const { items, shoppers, sections } = image.manifest.segments[0]
  const { dim } = image.manifest.model.vectors
  checkCatalogue(tables.catalogue)
  checkSimilarity(tables.similarity, items)
  check.ranking('popularity.score', tables.popularity.order.view, tables.popularity.score.view)
  check.finite('vectors.items', tables.vectors.items.view)
  checkShoppers(tables.shoppers, items)
  checkPrices(tables.prices)
  checkOptional(tables, items, shoppers)
  const index = sections.find(({ name }) => name === INDEX_SECTION)
  if (index) await checkHnswFile(join(image.folder, index.file), tables.vectors.items.view, dim)
}

function checkCatalogue(t: SnapshotTables['catalogue']): void {
  checkKeys('catalogue', t)
  check.offsets('catalogue.titles_offsets', t.titlesOffsets.view, t.titlesBytes.view.length)
  check.offsets('catalogue.categories_offsets', t.categoriesOffsets.view, t.categoriesBytes.view.length)
  check.offsets('catalogue.brands_offsets', t.brandsOffsets.view, t.brandsBytes.view.length)
  check.codes('catalogue.category', t.category.view, t.categoriesOffsets.view.length - 1)
  check.codes('catalogue.brand', t.brand.view, t.brandsOffsets.view.length - 1)
  check.within('catalogue.price_minor', t.priceMinor.view, 0, MAX_I32)
  check.within('catalogue.prior_price_minor', t.priorPriceMinor.view, 0, MAX_I32)
  check.within('catalogue.cost_minor', t.costMinor.view, UNKNOWN_COST, MAX_I32)
  check.within('catalogue.stock', t.stock.view, STOCK_NOT_COUNTED, MAX_I32)
  check.within('catalogue.available', t.available.view, 0, 1)
}

function checkRows(
  section: 'similarity' | 'content' | 'together',
  t: NonNullable<SnapshotTables['together']>,
  items: number,
): void {
  check.offsets(`${section}.indptr`, t.indptr.view, t.indices.view.length)
  check.sameLength(`${section}.data`, t.data.view, t.indices.view)
  check.ascendingRows(`${section}.indices`, t.indptr.view, t.indices.view, items)
  check.finite(`${section}.data`, t.data.view)
}

function checkSimilarity(t: SnapshotTables['similarity'], items: number): void {
  checkRows('similarity', t, items)
  check.ranking('similarity.bias', t.biasOrder.view, t.bias.view)
}

function checkShoppers(t: SnapshotTables['shoppers'], items: number): void {
  checkKeys('shoppers', t)
  check.offsets('shoppers.history_indptr', t.historyIndptr.view, t.historyItems.view.length)
  check.shortRows('shoppers.history_indptr', t.historyIndptr.view, MAX_STORED_HISTORY)
  check.sameLength('shoppers.history_kinds', t.historyKinds.view, t.historyItems.view)
  check.within('shoppers.history_items', t.historyItems.view, 0, items - 1)
  check.within('shoppers.history_kinds', t.historyKinds.view, 0, EVENT_KINDS.length - 1)
}

function checkPrices(t: SnapshotTables['prices']): void {
  check.within('prices.elasticity', t.elasticity.view, -Number.MAX_VALUE, 0)
  check.within('prices.elasticity_se', t.elasticitySe.view, 0, Number.MAX_VALUE)
}

function checkOptional(tables: SnapshotTables, items: number, shoppers: number): void {
  const { sessions, peers, links, content, together, trends, rhythm, attributes, response, traits } = tables
  if (sessions) checkNeighbourRows('sessions', sessions, items)
  if (peers) checkNeighbourRows('peers', peers, items)
  if (peers) check.sameNumber('peers.row_indptr', peers.rowIndptr.view.length, shoppers + 1)
  if (links) checkLinks(links, shoppers)
  if (content) checkRows('content', content, items)
  if (together) checkRows('together', together, items)
  if (trends) {
    check.ranking('trends.trending', trends.trendingOrder.view, trends.trending.view)
    check.ranking('trends.newness', trends.newnessOrder.view, trends.newness.view)
  }
  if (rhythm) checkRhythm(rhythm, tables.shoppers.historyItems.view)
  if (attributes) checkAttributes(attributes, items)
  if (response) checkResponse(response)
  if (traits) checkTraits(traits)
}

type NeighbourRows = NonNullable<SnapshotTables['sessions']>

function checkNeighbourRows(name: 'sessions' | 'peers', t: NeighbourRows, items: number): void {
  const rows = t.rowIndptr.view.length - 1
  check.offsets(`${name}.row_indptr`, t.rowIndptr.view, t.rowItems.view.length)
  check.within(`${name}.row_items`, t.rowItems.view, 0, items - 1)
  check.offsets(`${name}.item_indptr`, t.itemIndptr.view, t.itemRows.view.length)
  check.ascendingRows(`${name}.item_rows`, t.itemIndptr.view, t.itemRows.view, rows)
  const factors: [string, Float32Array, number][] = [
    ['row_data', t.rowData.view, t.rowItems.view.length],
    ['row_weight', t.rowWeight.view, rows],
    ['item_data', t.itemData.view, t.itemRows.view.length],
    ['item_scale', t.itemScale.view, items],
  ]
  for (const [tensor, values, length] of factors) {
    if (values.length > 0) check.sameNumber(`${name}.${tensor}`, values.length, length)
    check.within(`${name}.${tensor}`, values, 0, Number.MAX_VALUE)
  }
}

function checkLinks(t: NonNullable<SnapshotTables['links']>, shoppers: number): void {
  check.offsets('links.indptr', t.indptr.view, t.shoppers.view.length)
  check.sameLength('links.weight', t.weight.view, t.shoppers.view)
  check.within('links.shoppers', t.shoppers.view, 0, shoppers - 1)
  check.within('links.weight', t.weight.view, 0, Number.MAX_VALUE)
}

function checkRhythm(t: NonNullable<SnapshotTables['rhythm']>, historyItems: Uint32Array): void {
  check.within('rhythm.repeat_rate', t.repeatRate.view, 0, 1)
  check.within('rhythm.interval_days', t.intervalDays.view, 0, Number.MAX_VALUE)
  check.sameLength('rhythm.history_days', t.historyDays.view, historyItems)
}

function checkAttributes(t: NonNullable<SnapshotTables['attributes']>, items: number): void {
  const values = t.valuesOffsets.view.length - 1
  check.offsets('attributes.values_offsets', t.valuesOffsets.view, t.valuesBytes.view.length)
  check.ascendingKeys('attributes.values_bytes', t.valuesOffsets.view, t.valuesBytes.view)
  check.sameNumber('attributes.postings_indptr', t.postingsIndptr.view.length, values + 1)
  check.offsets('attributes.postings_indptr', t.postingsIndptr.view, t.postingsItems.view.length)
  check.ascendingRows('attributes.postings_items', t.postingsIndptr.view, t.postingsItems.view, items)
  const names = t.namesOffsets.view.length - 1
  check.offsets('attributes.names_offsets', t.namesOffsets.view, t.namesBytes.view.length)
  check.ascendingKeys('attributes.names_bytes', t.namesOffsets.view, t.namesBytes.view)
  check.sameNumber('attributes.numbers', t.numbers.view.length, names * items)
  check.sameNumber('attributes.numbers_known', t.numbersKnown.view.length, names * Math.ceil(items / 32))
  check.finite('attributes.numbers', t.numbers.view)
}

function checkResponse(t: NonNullable<SnapshotTables['response']>): void {
  const segments = t.listed.view.length
  const curves = t.curvesOffsets.view.length - 1
  check.within('response.listed', Float32Array.of(segments), 1, MAX_RESPONSE_SEGMENTS)
  check.within('response.segment', t.segment.view, 0, segments - 1)
  check.finite('response.base', t.base.view)
  check.finite('response.listed', t.listed.view)
  check.within('response.usual_minor', t.usualMinor.view, 0, Number.MAX_VALUE)
  check.offsets('response.curves_offsets', t.curvesOffsets.view, t.curvesBytes.view.length)
  check.ascendingKeys('response.curves_bytes', t.curvesOffsets.view, t.curvesBytes.view)
  check.sameNumber('response.curves', t.curves.view.length, curves * segments * RESPONSE_NUMBERS)
  check.finite('response.curves', t.curves.view)
  for (let at = 0; at < t.curves.view.length; at += RESPONSE_NUMBERS) {
    const [, slope, varShow, , varSlope, borrowed, cannibalised] = t.curves.view.subarray(at, at + RESPONSE_NUMBERS)
    const notBelowZero = Float32Array.of(slope, varShow, varSlope, borrowed, cannibalised)
    check.within('response.curves', notBelowZero, 0, Number.MAX_VALUE)
  }
}

function checkTraits(t: NonNullable<SnapshotTables['traits']>): void {
  check.offsets('traits.values_offsets', t.valuesOffsets.view, t.valuesBytes.view.length)
  check.ascendingKeys('traits.values_bytes', t.valuesOffsets.view, t.valuesBytes.view)
  check.offsets('traits.indptr', t.indptr.view, t.codes.view.length)
  check.ascendingRows('traits.codes', t.indptr.view, t.codes.view, t.valuesOffsets.view.length - 1)
}

function checkKeys(
  section: string,
  t: Pick<SnapshotTables['shoppers'], 'keysBytes' | 'keysOffsets' | 'keysHashes' | 'keysTable'>,
): void {
  check.offsets(`${section}.keys_offsets`, t.keysOffsets.view, t.keysBytes.view.length)
  check.ascendingKeys(`${section}.keys_bytes`, t.keysOffsets.view, t.keysBytes.view)
  check.keyTable(`${section}.keys_table`, t.keysTable.view, t.keysHashes.view, t.keysOffsets.view.length - 1)
}
