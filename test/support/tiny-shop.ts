/** A snapshot written by hand: tables small enough to know the right answer of every question. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EVENT_KINDS, type EventKind } from '../../core/contract/events.ts'
import { AnnIndex } from '../../core/native/ann.ts'
import { fillLiveCatalogue } from '../../core/scoring/catalogue.ts'
import { liveCatalogueOf, reserveBytes } from '../../core/scoring/generation.ts'
import { NO_CODE, NOT_BOUGHT, OPTIONAL_SECTIONS, REQUIRED_SECTIONS } from '../../core/snapshot/layout.ts'
import type { ModelParameters } from '../../core/snapshot/manifest.ts'
import { openSnapshot, type SnapshotImage } from '../../core/snapshot/open.ts'
import { encodeStrings } from '../../core/snapshot/strings.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { buildKeyTable } from '../../training/key-table.ts'
import { type SectionTables, sectionFile, writeSection } from '../../training/sections.ts'
import { type AttributeRows, attributeTables } from '../../training/stages/attributes.ts'
import { traitTables } from '../../training/stages/traits.ts'
import { type TraitRows, traitsOfRows } from '../../training/traits.ts'

export interface TinyItem {
  key: string
  category?: string
  brand?: string
  priceMinor?: number
  costMinor?: number
  priorPriceMinor?: number
  stock?: number
  available?: boolean
  popularity?: number
  bias?: number
  elasticity?: number
  /** Default: yes, one of the axes. */
  hasVector?: boolean
  attributes?: Record<string, string[] | number>
  trending?: number
  newness?: number
  repeatRate?: number
  intervalDays?: number
}

/** Rows of a neighbourhood: `[item, weight]`, newest first; the weight counts both ways. */
export interface TinyNeighbours {
  rows: [number, number][][]
  rowWeight?: number[]
  itemScale?: number[]
}

export interface TinyShop {
  /** In byte order of the keys. */
  items: TinyItem[]
  /** Source rows: `[column, weight]`, columns ascending. */
  rows?: [number, number][][]
  /** `days`: age of the purchase at the watermark. */
  shoppers?: {
    key: string
    traits?: Record<string, string>
    history: { item: number; kind: EventKind; days?: number }[]
  }[]
  /** Rows of items bought together. */
  together?: [number, number][][]
  watermark?: number
  sessions?: TinyNeighbours
  /**
   * Segment and base of each shopper, the base of everybody unknown last; for each curve, in byte order, its numbers in each
   * segment; by segment how list prices count, and the usual price of each item.
   */
  response?: {
    segment: number[]
    base: number[]
    curves: Record<string, number[][]>
    listed?: number[]
    usualMinor?: number[]
  }
  peers?: TinyNeighbours
  /** Of each shopper: `[shopper, weight]`. */
  links?: [number, number][][]
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
  await writeOptional(sections, shop)
  await writeNeighbourhoods(sections, shop)
  const id = await publishSnapshot({
    store,
    shop: 'default',
    currency: 'GBP',
    parent: null,
    epoch: 1,
    watermark: shop.watermark ?? 0,
    seed: 1,
    items: shop.items.length,
    shoppers: shop.shoppers?.length ?? 0,
    sections: [
      ...REQUIRED_SECTIONS,
      ...OPTIONAL_SECTIONS.filter((name) => existsSync(sectionFile(sections, name))),
    ].map((name) => ({
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
    reserveBytes: (segment) => reserveBytes(segment, arenas),
  })
  fillLiveCatalogue(liveCatalogueOf(image), tablesOf(image))
  return { image, close: () => rm(root, { recursive: true, force: true }) }
}

function responseTables(
  { segment, base, curves, listed, usualMinor }: NonNullable<TinyShop['response']>,
  nItems: number,
): SectionTables<'response'> {
  const { bytes, offsets } = encodeStrings(Object.keys(curves))
  return {
    segment: Uint32Array.from(segment),
    base: Float32Array.from(base),
    listed: Float32Array.from(listed ?? Object.values(curves)[0].map(() => 0)),
    usual_minor: Float32Array.from(usualMinor ?? new Array(nItems).fill(0)),
    curves_bytes: bytes,
    curves_offsets: offsets,
    curves: Float32Array.from(Object.values(curves).flat(2)),
  }
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
    prior_price_minor: Int32Array.from(items, (item) => item.priorPriceMinor ?? item.priceMinor ?? 1000),
    cost_minor: Int32Array.from(items, (item) => item.costMinor ?? 500),
    stock: Int32Array.from(items, (item) => item.stock ?? -1),
    available: Uint8Array.from(items, (item) => ((item.available ?? true) ? 1 : 0)),
  })
  const bias = Float32Array.from(items, (item) => item.bias ?? 0)
  await writeSection(folder, 'similarity', {
    ...csr(items.map((_, j) => rows[j] ?? [])),
    bias,
    bias_order: descending(bias),
  })
  const score = Float32Array.from(items, (item) => item.popularity ?? 0)
  await writeSection(folder, 'popularity', { score, order: descending(score) })
  const vectors = new Float32Array(items.length * DIM)
  items.forEach(({ hasVector = true }, i) => {
    vectors[i * DIM + (i % DIM)] = hasVector ? 1 : 0
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

/** Only the sections that the shop says something for. */
async function writeOptional(folder: string, { items, shoppers = [], together, response }: TinyShop): Promise<void> {
  const attributes = attributeRows(items)
  if (attributes.name.length > 0) await writeSection(folder, 'attributes', attributeTables(attributes, items.length))
  if (response) await writeSection(folder, 'response', responseTables(response, items.length))
  const traits = traitsOfRows(traitRows(shoppers), shoppers.length)
  if (traits.codes.length > 0) await writeSection(folder, 'traits', traitTables(traits))
  if (together) await writeSection(folder, 'together', csr(items.map((_, j) => together[j] ?? [])))
  if (items.some((item) => item.trending !== undefined)) {
    const trending = Float32Array.from(items, (item) => item.trending ?? 0)
    const newness = Float32Array.from(items, (item) => item.newness ?? 0)
    const orders = { trending_order: descending(trending), newness_order: descending(newness) }
    await writeSection(folder, 'trends', { trending, newness, ...orders })
  }
  if (items.some((item) => item.repeatRate !== undefined))
    await writeSection(folder, 'rhythm', {
      repeat_rate: Float32Array.from(items, (item) => item.repeatRate ?? 0),
      interval_days: Float32Array.from(items, (item) => item.intervalDays ?? 0),
      history_days: Uint32Array.from(shoppers.flatMap(({ history }) => history.map(({ days }) => days ?? NOT_BOUGHT))),
    })
}

function attributeRows(items: TinyItem[]): AttributeRows {
  interface Row {
    item: number
    name: string
    value: string | null
    number: number
  }
  const rows = items.flatMap(({ attributes = {} }, item) =>
    Object.entries(attributes).flatMap(([name, told]): Row[] =>
      typeof told === 'number'
        ? [{ item, name, value: null, number: told }]
        : told.map((value) => ({ item, name, value, number: -1 })),
    ),
  )
  return {
    item_index: Uint32Array.from(rows, ({ item }) => item),
    name: rows.map(({ name }) => name),
    value: rows.map(({ value }) => value),
    number: Float64Array.from(rows, ({ number }) => number),
  }
}

function traitRows(shoppers: NonNullable<TinyShop['shoppers']>): TraitRows {
  const rows = shoppers.flatMap(({ traits = {} }, shopper) =>
    Object.entries(traits).map(([name, value]) => ({ shopper, name, value })),
  )
  return {
    shopper_index: Uint32Array.from(rows, ({ shopper }) => shopper),
    name: rows.map(({ name }) => name),
    value: rows.map(({ value }) => value),
    number: new Float64Array(rows.length).fill(-1),
  }
}

function csr(rows: [number, number][][]) {
  return {
    indptr: cumulative(rows.map((row) => row.length)),
    indices: Uint32Array.from(rows.flatMap((row) => row.map(([column]) => column))),
    data: Float32Array.from(rows.flatMap((row) => row.map(([, weight]) => weight))),
  }
}

async function writeNeighbourhoods(folder: string, { items, sessions, peers, links }: TinyShop): Promise<void> {
  if (sessions) await writeSection(folder, 'sessions', neighbourTables(sessions, items.length))
  if (peers) await writeSection(folder, 'peers', neighbourTables(peers, items.length))
  if (links === undefined) return
  await writeSection(folder, 'links', {
    indptr: cumulative(links.map((row) => row.length)),
    shoppers: Uint32Array.from(links.flatMap((row) => row.map(([shopper]) => shopper))),
    weight: Float32Array.from(links.flatMap((row) => row.map(([, weight]) => weight))),
  })
}

function neighbourTables({ rows, rowWeight = [], itemScale = [] }: TinyNeighbours, nItems: number) {
  const postings = Array.from({ length: nItems }, (_, item) =>
    rows.flatMap((row, r) => row.filter(([held]) => held === item).map(([, weight]): [number, number] => [r, weight])),
  )
  return {
    row_indptr: cumulative(rows.map((row) => row.length)),
    row_items: Uint32Array.from(rows.flatMap((row) => row.map(([item]) => item))),
    row_data: Float32Array.from(rows.flatMap((row) => row.map(([, weight]) => weight))),
    row_weight: Float32Array.from(rowWeight),
    item_indptr: cumulative(postings.map((list) => list.length)),
    item_rows: Uint32Array.from(postings.flatMap((list) => list.map(([row]) => row))),
    item_data: Float32Array.from(postings.flatMap((list) => list.map(([, weight]) => weight))),
    item_scale: Float32Array.from(itemScale),
  } satisfies SectionTables<'sessions'>
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
