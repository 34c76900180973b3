/** A snapshot written by hand: tables small enough to know the right answer of every question. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EVENT_KINDS, type EventKind } from '../../core/contract/events.ts'
import { AnnIndex } from '../../core/native/ann.ts'
import { fillLiveCatalogue, liveCatalogueAt } from '../../core/scoring/catalogue.ts'
import { reserveBytes } from '../../core/scoring/generation.ts'
import { NO_CODE, REQUIRED_SECTIONS } from '../../core/snapshot/layout.ts'
import type { ModelParameters } from '../../core/snapshot/manifest.ts'
import { openSnapshot, type SnapshotImage } from '../../core/snapshot/open.ts'
import { encodeStrings } from '../../core/snapshot/strings.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { buildKeyTable } from '../../training/key-table.ts'
import { sectionFile, writeSection } from '../../training/sections.ts'

export interface TinyItem {
  key: string
  category?: string
  brand?: string
  priceMinor?: number
  costMinor?: number
  stock?: number
  available?: boolean
  popularity?: number
  bias?: number
  elasticity?: number
}

export interface TinyShop {
  /** In byte order of the keys. */
  items: TinyItem[]
  /** Source rows: `[column, weight]`, columns ascending. */
  rows?: [number, number][][]
  shoppers?: { key: string; history: { item: number; kind: EventKind }[] }[]
  model?: Partial<ModelParameters>
}

const DIM = 4
const MODEL: ModelParameters = {
  eventWeights: { view: 0.5, cart: 0.75, purchase: 1, shown: 0, clicked: 0.5, uncart: 0 },
  historyLength: 50,
  neighbours: 100,
  calibration: { history: { intercept: -2, slope: 0.5 }, popular: { intercept: -3, slope: 0.5 } },
  vectors: { dim: DIM, efSearch: 64, weight: 0 },
  basket: { meanOrderMinor: 500, marginRate: 0.4, elasticity: -30, elasticitySe: 0.1 },
}

/** Publishes the shop into a temporary store and opens it with room for `arenas` workers. */
export async function openTinyShop(
  shop: TinyShop,
  arenas = 1,
): Promise<{ image: SnapshotImage; close(): Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'tiny-shop-'))
  const store = join(root, 'snapshots')
  const sections = join(root, 'sections')
  await writeSections(sections, shop)
  const id = await publishSnapshot({
    store,
    shop: 'default',
    currency: 'GBP',
    parent: null,
    epoch: 1,
    watermark: 0,
    seed: 1,
    items: shop.items.length,
    shoppers: shop.shoppers?.length ?? 0,
    sections: REQUIRED_SECTIONS.map((name) => ({
      name,
      file: sectionFile(sections, name),
      format: name === 'index' ? 'hnsw' : 'safetensors',
    })),
    model: { ...MODEL, ...shop.model },
    metrics: {},
    quality: null,
  })
  const image = await openSnapshot(join(store, id), {
    expectedId: id,
    reserveBytes: (items) => reserveBytes(items, arenas),
  })
  fillLiveCatalogue(liveCatalogueAt(image.memory, image.free, shop.items.length), tablesOf(image))
  return { image, close: () => rm(root, { recursive: true, force: true }) }
}

async function writeSections(folder: string, { items, rows = [], shoppers = [] }: TinyShop): Promise<void> {
  const titles = encodeStrings(items.map(({ key }) => `Title of ${key}`))
  const categories = namesOf(items.map((item) => item.category))
  const brands = namesOf(items.map((item) => item.brand))
  await writeSection(folder, 'catalogue', {
    ...buildKeyTable(items.map(({ key }) => key)),
    titles_bytes: titles.bytes,
    titles_offsets: titles.offsets,
    category: categories.codes,
    categories_bytes: categories.bytes,
    categories_offsets: categories.offsets,
    brand: brands.codes,
    brands_bytes: brands.bytes,
    brands_offsets: brands.offsets,
    price_minor: Int32Array.from(items, (item) => item.priceMinor ?? 1000),
    prior_price_minor: Int32Array.from(items, (item) => item.priceMinor ?? 1000),
    cost_minor: Int32Array.from(items, (item) => item.costMinor ?? 500),
    stock: Int32Array.from(items, (item) => item.stock ?? -1),
    available: Uint8Array.from(items, (item) => ((item.available ?? true) ? 1 : 0)),
  })
  const lengths = items.map((_, j) => rows[j]?.length ?? 0)
  const bias = Float32Array.from(items, (item) => item.bias ?? 0)
  await writeSection(folder, 'similarity', {
    indptr: cumulative(lengths),
    indices: Uint32Array.from(rows.flatMap((row) => row.map(([column]) => column))),
    data: Float32Array.from(rows.flatMap((row) => row.map(([, weight]) => weight))),
    bias,
    bias_order: descending(bias),
  })
  const score = Float32Array.from(items, (item) => item.popularity ?? 0)
  await writeSection(folder, 'popularity', { score, order: descending(score) })
  const vectors = new Float32Array(items.length * DIM)
  items.forEach((_, i) => {
    vectors[i * DIM + (i % DIM)] = 1
  })
  await writeSection(folder, 'vectors', { items: vectors }, items.length)
  AnnIndex.build(vectors, DIM, { m: 8, efConstruction: 32, seed: 1 }).write(sectionFile(folder, 'index'))
  await writeSection(folder, 'shoppers', {
    ...buildKeyTable(shoppers.map(({ key }) => key)),
    history_indptr: cumulative(shoppers.map(({ history }) => history.length)),
    history_items: Uint32Array.from(shoppers.flatMap(({ history }) => history.map(({ item }) => item))),
    history_kinds: Uint8Array.from(
      shoppers.flatMap(({ history }) => history.map(({ kind }) => EVENT_KINDS.indexOf(kind))),
    ),
  })
  await writeSection(folder, 'prices', {
    elasticity: Float32Array.from(items, (item) => item.elasticity ?? -3),
    elasticity_se: new Float32Array(items.length).fill(0.1),
  })
}

function namesOf(names: (string | undefined)[]) {
  const distinct = [...new Set(names.filter((name) => name !== undefined))].sort()
  return {
    codes: Uint32Array.from(names, (name) => (name === undefined ? NO_CODE : distinct.indexOf(name))),
    ...encodeStrings(distinct),
  }
}

function cumulative(lengths: number[]): Uint32Array {
  const ends = new Uint32Array(lengths.length + 1)
  lengths.forEach((length, i) => {
    ends[i + 1] = ends[i] + length
  })
  return ends
}

function descending(values: Float32Array): Uint32Array {
  return Uint32Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b)
}
