/** A shop of a few items as a finished publication: what a foreign trainer would write, by the format alone. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SectionName } from '../../core/snapshot/layout.ts'
import { type Tensor, writeSafetensors } from '../../core/snapshot/safetensors.ts'
import { encodeStrings } from '../../core/snapshot/strings.ts'
import { type DType, type TensorView, viewOf } from '../../core/snapshot/tensors.ts'
import type { Publication } from '../../core/snapshot/write.ts'
import { xxh64 } from '../kernel/xxh64.ts'
import { hnswBytes } from './hnsw-writer.ts'

export const DIM = 4

const ITEMS = ['apple', 'bread', 'cheese', 'milk', 'tea é', 'wine']
const SHOPPERS = ['ann', 'bob', 'cem']

export type Sections = Record<string, Record<string, Tensor>>

export function tensor<D extends DType>(dtype: D, values: Iterable<number>, shape?: number[]): Tensor<D> {
  const list = [...values]
  const bytes = viewOf(dtype, new ArrayBuffer(8 * list.length), 0, list.length)
  const data = bytes as TensorView<D> & { [i: number]: number | bigint }
  for (const [i, value] of list.entries()) data[i] = dtype === 'U64' || dtype === 'I64' ? BigInt(value) : value
  return { dtype, shape: shape ?? [list.length], data }
}

function strings(name: string, values: string[]): Record<string, Tensor> {
  const { bytes, offsets } = encodeStrings(values)
  return { [`${name}_bytes`]: tensor('U8', bytes), [`${name}_offsets`]: tensor('U32', offsets) }
}

function keys(values: string[]): Record<string, Tensor> {
  const hashes = values.map((value) => xxh64(Buffer.from(value)))
  const capacity = 2 ** Math.ceil(Math.log2(2 * values.length))
  const table = new Uint32Array(capacity)
  for (const [i, hash] of hashes.entries()) {
    let slot = Number(hash % BigInt(capacity))
    while (table[slot] !== 0) slot = (slot + 1) % capacity
    table[slot] = i + 1
  }
  const data = BigUint64Array.from(hashes)
  return {
    ...strings('keys', values),
    keys_hashes: { dtype: 'U64', shape: [values.length], data },
    keys_table: tensor('U32', table),
  }
}

/** Fresh tensors at each call, so that a test may spoil them. */
export function tinySections(): Sections {
  return {
    catalogue: {
      ...keys(ITEMS),
      ...strings('titles', ['Apple', 'Bread', 'Cheese', 'Milk', 'Tea', '']),
      category: tensor('U32', [0, 0, 1, 1, 0xffff_ffff, 0]),
      ...strings('categories', ['fresh', 'dairy']),
      brand: tensor('U32', [0, 0xffff_ffff, 0, 0, 0, 0]),
      ...strings('brands', ['Farm']),
      price_minor: tensor('I32', [120, 250, 480, 99, 310, 1200]),
      prior_price_minor: tensor('I32', [110, 250, 480, 99, 300, 1100]),
      cost_minor: tensor('I32', [60, 100, -1, 50, 0, 700]),
      stock: tensor('I32', [10, -1, 0, 5, 1, 3]),
      available: tensor('U8', [1, 1, 1, 1, 0, 1]),
    },
    similarity: {
      indptr: tensor('U32', [0, 2, 3, 3, 5, 5, 6]),
      indices: tensor('U32', [1, 3, 0, 0, 5, 2]),
      data: tensor('F32', [0.5, 0.25, 1, 0.75, 0.25, 1]),
      bias: tensor('F32', [0.25, 0.5, 0, 0.25, -0.125, 0]),
      bias_order: tensor('U32', [1, 0, 3, 2, 5, 4]),
    },
    popularity: { score: tensor('F32', [1, 0.5, 0.5, 0.25, 0, 0]), order: tensor('U32', [0, 1, 2, 3, 4, 5]) },
    vectors: { items: tensor('F32', vectors().flat(), [ITEMS.length, DIM]) },
    shoppers: {
      ...keys(SHOPPERS),
      history_indptr: tensor('U32', [0, 2, 2, 3]),
      history_items: tensor('U32', [3, 0, 5]),
      history_kinds: tensor('U8', [2, 0, 1]),
    },
    prices: {
      elasticity: tensor('F32', [-1.5, -2, -1, -0.5, -1, -3]),
      elasticity_se: tensor('F32', [0.5, 0.25, 0.5, 0, 0.5, 1]),
    },
    ...optionalSections(),
  }
}

function optionalSections(): Sections {
  return {
    sessions: {
      row_indptr: tensor('U32', [0, 2, 5]),
      row_items: tensor('U32', [3, 0, 5, 1, 0]),
      row_data: tensor('F32', []),
      row_weight: tensor('F32', [1, 0.5]),
      item_indptr: tensor('U32', [0, 2, 3, 3, 4, 4, 5]),
      item_rows: tensor('U32', [0, 1, 1, 0, 1]),
      item_data: tensor('F32', []),
      item_scale: tensor('F32', [0.25, 0.5, 0, 0.5, 0, 0.5]),
    },
    peers: {
      row_indptr: tensor('U32', [0, 2, 2, 3]),
      row_items: tensor('U32', [3, 0, 5]),
      row_data: tensor('F32', [1, 0.5, 0.75]),
      row_weight: tensor('F32', [0.5, 1, 0.75]),
      item_indptr: tensor('U32', [0, 1, 1, 1, 2, 2, 3]),
      item_rows: tensor('U32', [0, 0, 2]),
      item_data: tensor('F32', [0.5, 1, 0.75]),
      item_scale: tensor('F32', []),
    },
    links: {
      indptr: tensor('U32', [0, 1, 3, 3]),
      shoppers: tensor('U32', [1, 0, 2]),
      weight: tensor('F32', [1, 0.5, 0.25]),
    },
    content: {
      indptr: tensor('U32', [0, 1, 1, 1, 1, 1, 1]),
      indices: tensor('U32', [4]),
      data: tensor('F32', [0.125]),
    },
    together: {
      indptr: tensor('U32', [0, 1, 1, 1, 2, 2, 2]),
      indices: tensor('U32', [3, 0]),
      data: tensor('F32', [0.5, 0.25]),
    },
    trends: {
      trending: tensor('F32', [0, 1, 0.5, 0, 0, 0]),
      trending_order: tensor('U32', [1, 2, 0, 3, 4, 5]),
      newness: tensor('F32', [0, 0, 0, 0, 0, 1]),
      newness_order: tensor('U32', [5, 0, 1, 2, 3, 4]),
    },
    rhythm: {
      repeat_rate: tensor('F32', [0.5, 0, 0, 0.25, 0, 0]),
      interval_days: tensor('F32', [7, 0, 0, 3, 0, 0]),
      history_days: tensor('U32', [2, 0xffff_ffff, 0xffff_ffff]),
    },
    attributes: {
      ...strings('values', ['colour\0green', 'colour\0red', 'tag\0organic']),
      postings_indptr: tensor('U32', [0, 1, 2, 4]),
      postings_items: tensor('U32', [0, 5, 0, 3]),
      ...strings('names', ['weight']),
      numbers: tensor('F32', [0.5, 0, 0.25, 1, 0, 0.75]),
      numbers_known: tensor('U32', [0b101101]),
    },
  }
}

/** A section that the fixture of the format does not have. */
export function tinyTraits(): Record<string, Tensor> {
  return {
    ...strings('values', ['club\0wine', 'tier\0gold']),
    indptr: tensor('U32', [0, 2, 2, 3]),
    codes: tensor('U32', [0, 1, 1]),
  }
}

function vectors(): number[][] {
  return ITEMS.map((_, i) => Array.from({ length: DIM }, (__, d) => (i === 5 ? 0 : d === i % DIM ? 1 : 0)))
}

export function tinyIndex(): Buffer {
  return hnswBytes(vectors(), [0, 1, 0, 0, 2, 0])
}

/** Writes section files into a folder of their own and describes them as a publication to a store beside it. */
export async function tinyPublication(
  sections: Sections = tinySections(),
  index: Uint8Array = tinyIndex(),
): Promise<Publication> {
  const root = await mkdtemp(join(tmpdir(), 'offerwright-snapshot-'))
  await mkdir(join(root, 'sections'))
  const sources: Publication['sections'] = []
  for (const [name, tensors] of Object.entries(sections)) {
    const file = join(root, 'sections', `${name}.safetensors`)
    await writeSafetensors(file, tensors)
    sources.push({ name: name as SectionName, file, format: 'safetensors' })
  }
  const file = join(root, 'sections', 'items.hnsw')
  await writeFile(file, index)
  sources.push({ name: 'index', file, format: 'hnsw' })
  return { ...tinyManifestFields(), store: join(root, 'snapshots'), sections: sources }
}

function tinyManifestFields(): Omit<Publication, 'store' | 'sections'> {
  return {
    shop: 'default',
    currency: 'GBP',
    parent: null,
    epoch: 1,
    watermark: 1_700_000_000_000,
    seed: 42,
    items: ITEMS.length,
    shoppers: SHOPPERS.length,
    model: {
      eventWeights: { view: 0.4, cart: 0.8, purchase: 1, shown: 0, clicked: 0.4, uncart: 0 },
      historyLength: 50,
      neighbours: 100,
      calibration: { history: { intercept: -3, slope: 0.5 }, popular: { intercept: -4, slope: 0.25 } },
      vectors: { dim: DIM, efSearch: 50, weight: 0.1, fold: 'als', alpha: 10 },
      blend: {
        known: {
          rows: 1,
          content: 0,
          sessions: 0,
          peers: 0.5,
          links: 0.25,
          vectors: 0.125,
          popular: 0,
          trends: 0,
          rhythm: 1,
        },
        session: {
          rows: 0.5,
          content: 0,
          sessions: 1,
          peers: 0,
          links: 0,
          vectors: 0,
          popular: 0,
          trends: 0.25,
          rhythm: 0,
        },
      },
      sessions: {
        items: 4,
        recent: 500,
        neighbours: 100,
        place: 'linear',
        match: [1, 0.9, 0.8],
        distance: [1],
        earlier: 0.5,
        cosine: false,
      },
      peers: {
        items: 200,
        recent: 10_000,
        neighbours: 50,
        place: 'events',
        match: [1],
        distance: [1],
        earlier: 1,
        cosine: true,
      },
      basket: { meanOrderMinor: 2500, marginRate: null, elasticity: -1.5, elasticitySe: 0.5 },
    },
    metrics: { recallAt20: 0.25 },
    quality: { rows: 3 },
  }
}
