/**
 * Can native code trust the tables? The hashes say that the files are the trainer's; these checks say that the trainer,
 * ours or a foreign one, wrote what the format asks: no index out of range, no row that runs out of its table, no
 * number that is not finite. Plain loops, a few nanoseconds an element.
 */
import { join } from 'node:path'
import { EVENT_KINDS } from '../contract/events.ts'
import { LIMITS } from '../contract/requests.ts'
import * as check from './columns.ts'
import { checkHnswFile } from './hnsw-file.ts'
import { INDEX_SECTION, STOCK_NOT_COUNTED, UNKNOWN_COST } from './layout.ts'
import type { SnapshotImage } from './open.ts'
import { type SnapshotTables, tablesOf } from './tables.ts'

const MAX_I32 = 2_147_483_647

/** Throws `snapshot_corrupt`, naming the section. */
export async function checkStructure(image: SnapshotImage): Promise<void> {
  const tables = tablesOf(image)
  const { items, sections } = image.manifest.segments[0]
  const { dim } = image.manifest.model.vectors
  checkCatalogue(tables.catalogue)
  checkSimilarity(tables.similarity, items)
  check.ranking('popularity.score', tables.popularity.order.view, tables.popularity.score.view)
  check.unitRows('vectors.items', tables.vectors.items.view, dim)
  checkShoppers(tables.shoppers, items)
  checkPrices(tables.prices)
  const index = sections.find(({ name }) => name === INDEX_SECTION)
  if (index) await checkHnswFile(join(image.folder, index.file), items, dim)
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

function checkSimilarity(t: SnapshotTables['similarity'], items: number): void {
  check.offsets('similarity.indptr', t.indptr.view, t.indices.view.length)
  check.sameLength('similarity.data', t.data.view, t.indices.view)
  check.ascendingRows('similarity.indices', t.indptr.view, t.indices.view, items)
  check.finite('similarity.data', t.data.view)
  check.ranking('similarity.bias', t.biasOrder.view, t.bias.view)
}

function checkShoppers(t: SnapshotTables['shoppers'], items: number): void {
  checkKeys('shoppers', t)
  check.offsets('shoppers.history_indptr', t.historyIndptr.view, t.historyItems.view.length)
  check.shortRows('shoppers.history_indptr', t.historyIndptr.view, LIMITS.history)
  check.sameLength('shoppers.history_kinds', t.historyKinds.view, t.historyItems.view)
  check.within('shoppers.history_items', t.historyItems.view, 0, items - 1)
  check.within('shoppers.history_kinds', t.historyKinds.view, 0, EVENT_KINDS.length - 1)
}

function checkPrices(t: SnapshotTables['prices']): void {
  check.within('prices.elasticity', t.elasticity.view, -Number.MAX_VALUE, 0)
  check.within('prices.elasticity_se', t.elasticitySe.view, 0, Number.MAX_VALUE)
}

function checkKeys(
  section: string,
  t: Pick<SnapshotTables['shoppers'], 'keysBytes' | 'keysOffsets' | 'keysHashes' | 'keysTable'>,
): void {
  check.offsets(`${section}.keys_offsets`, t.keysOffsets.view, t.keysBytes.view.length)
  check.ascendingKeys(`${section}.keys_bytes`, t.keysOffsets.view, t.keysBytes.view)
  check.keyTable(`${section}.keys_table`, t.keysTable.view, t.keysHashes.view, t.keysOffsets.view.length - 1)
}
