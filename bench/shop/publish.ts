/** Publishes the synthetic shop as a snapshot and keeps it, so that the second run of a size starts at once. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SnapshotId } from '../../core/contract/ids.ts'
import { AnnIndex } from '../../core/native/ann.ts'
import { INDEX_SECTION, REQUIRED_SECTIONS } from '../../core/snapshot/layout.ts'
import type { ModelParameters } from '../../core/snapshot/manifest.ts'
import { activateSnapshot, currentSnapshot, snapshotFolder } from '../../core/snapshot/store.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { TRAINING_DEFAULTS } from '../../training/parameters.ts'
import { sectionFile, writeSection } from '../../training/sections.ts'
import { Random } from '../random.ts'
import type { AskedShop } from '../request-pool.ts'
import { contentTables, rhythmTables, trendTables, VISIT_MODEL, visitTables } from './source-tables.ts'
import { syntheticPool } from './synthetic-pool.ts'
import {
  BRANDS,
  brandName,
  CATEGORIES,
  catalogueTables,
  categoryName,
  itemKey,
  NEIGHBOURS,
  popularityTables,
  priceTables,
  shopperTables,
  similarityTables,
  VECTOR_DIM,
  vectorTable,
} from './tables.ts'
import { Taste } from './taste.ts'

/** Part of the folder's name: goes up with every change of the tables. */
const TABLES_VERSION = 2
/** Beside the required ones: what a shop trained by default has, and a neighbourhood. */
const SOURCE_SECTIONS = ['sessions', 'content', 'trends', 'rhythm'] as const
const WATERMARK = Date.UTC(2026, 0, 1)
const CURRENCY = 'EUR'
/** What nine tenths of the items cost. */
const PRICES = { low: 250, high: 15_000 }

export interface ShopSize {
  items: number
  shoppers: number
  seed: number
  /** Of each item; absent: `NEIGHBOURS`. */
  neighbours?: number
  /** Of each item's vector; absent: `VECTOR_DIM`. */
  dimensions?: number
}

export type PublishedShop = AskedShop & ShopSize

/** The shop of this size, from the cache or built now. `say` is told what takes long. */
export async function publishedShop(size: ShopSize, say: (line: string) => void): Promise<PublishedShop> {
  const { items, shoppers, seed, neighbours = NEIGHBOURS, dimensions = VECTOR_DIM } = size
  const rows = neighbours === NEIGHBOURS ? '' : `-${neighbours}-neighbours`
  const wide = dimensions === VECTOR_DIM ? '' : `-${dimensions}-dimensions`
  const name = `v${TABLES_VERSION}-${items}-items-${shoppers}-shoppers-${seed}${rows}${wide}`
  const home = join(tmpdir(), 'offerwright-bench', name)
  const store = join(home, 'shops', 'default', 'snapshots')
  const id = (await currentSnapshot(store)) ?? (await build(store, size, say))
  return {
    ...size,
    store,
    id,
    folder: snapshotFolder(store, id),
    currency: CURRENCY,
    time: WATERMARK + 3_600_000,
    categories: Array.from({ length: CATEGORIES }, (_, code) => categoryName(code)),
    brands: Array.from({ length: BRANDS }, (_, code) => brandName(code)),
    prices: PRICES,
    itemKey,
    pool: (random) => syntheticPool(size, random),
  }
}

async function build(store: string, size: ShopSize, say: (line: string) => void): Promise<SnapshotId> {
  await mkdir(store, { recursive: true })
  const sections = await mkdtemp(join(tmpdir(), 'offerwright-bench-sections-'))
  try {
    await writeSections(sections, size, say)
    say('publishing')
    const id = await publish(store, sections, size, 1)
    await activateSnapshot(store, id, { time: Date.now(), by: 'hand' })
    return id
  } finally {
    await rm(sections, { recursive: true, force: true })
  }
}

async function writeSections(folder: string, size: ShopSize, say: (line: string) => void) {
  const { items, shoppers, seed, neighbours = NEIGHBOURS, dimensions = VECTOR_DIM } = size
  const random = new Random(seed)
  const taste = new Taste(items, random)
  say(`making tables of ${items} items and ${shoppers} shoppers`)
  await writeSection(folder, 'catalogue', catalogueTables(items, random))
  await writeSection(folder, 'similarity', similarityTables(items, neighbours, taste, random))
  await writeSection(folder, 'popularity', popularityTables(items, taste))
  const known = shopperTables(shoppers, taste, random)
  await writeSection(folder, 'shoppers', known)
  await writeSection(folder, 'prices', priceTables(items, random))
  const vectors = vectorTable(items, dimensions, taste, random)
  await writeSection(folder, 'vectors', { items: vectors }, items)
  say('making content, trends, rhythm and visits')
  await writeSection(folder, 'content', contentTables(items, taste, random))
  await writeSection(folder, 'trends', trendTables(items, random))
  await writeSection(folder, 'rhythm', rhythmTables(items, known.history_kinds, random))
  await writeSection(folder, 'sessions', visitTables(items, taste, random))
  say('building the vector index')
  // A light graph: building it is most of the time at a million items, and its recall is not what is measured.
  AnnIndex.build(vectors, dimensions, { m: 8, efConstruction: 40, seed }).write(sectionFile(folder, INDEX_SECTION))
}

function publish(
  store: string,
  folder: string,
  { items, shoppers, seed, neighbours = NEIGHBOURS, dimensions = VECTOR_DIM }: ShopSize,
  epoch: number,
) {
  return publishSnapshot({
    store,
    shop: 'default',
    currency: CURRENCY,
    parent: null,
    epoch,
    watermark: WATERMARK,
    seed,
    items,
    shoppers,
    sections: [...REQUIRED_SECTIONS, ...SOURCE_SECTIONS].map((name) => ({
      name,
      file: sectionFile(folder, name),
      format: name === INDEX_SECTION ? 'hnsw' : 'safetensors',
    })),
    model: { ...MODEL, neighbours, vectors: { ...MODEL.vectors, dim: dimensions } },
    metrics: {},
    quality: null,
  })
}

/** No blend: item-item rows alone, whatever other sources have tables. */
const MODEL: ModelParameters = {
  eventWeights: TRAINING_DEFAULTS.eventWeights,
  historyLength: TRAINING_DEFAULTS.historyLength,
  neighbours: NEIGHBOURS,
  calibration: { history: { intercept: -1, slope: 0.5 }, popular: { intercept: -3, slope: 0.3 } },
  vectors: { dim: VECTOR_DIM, efSearch: 64, weight: TRAINING_DEFAULTS.vectors.weight },
  sessions: VISIT_MODEL.search,
  basket: { meanOrderMinor: 4000, marginRate: 0.35, elasticity: -2, elasticitySe: 0.3 },
}
