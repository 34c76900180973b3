/**
 * Format 1: the sections of a snapshot, the tensors of each and their shapes. The one list from which files are
 * checked, memory is viewed and types are derived. Any change of it is a new format version.
 *
 * Sparse matrices are CSR: row r holds `indices[indptr[r] .. indptr[r + 1])`, ascending.
 * Strings are a block of UTF-8 bytes and `offsets` of one more than there are strings.
 */
import type { DType } from './tensors.ts'

export const FORMAT_VERSION = 1

/** What one dimension of a tensor counts; `*` is decided by the data. */
export type Dimension = 'items' | 'items+1' | 'shoppers' | 'shoppers+1' | 'dim' | '*'

export interface TensorLayout {
  dtype: DType
  shape: readonly Dimension[]
}

/** Code of an item without a category or brand. */
export const NO_CODE = 0xffff_ffff
/** `cost_minor` of an item whose cost nobody told, and `stock` of one that is not counted. */
export const UNKNOWN_COST = -1
export const STOCK_NOT_COUNTED = -1

const keyTable = {
  keys_bytes: { dtype: 'U8', shape: ['*'] },
  /** XXH64 of each key, seed 0. */
  keys_hashes: { dtype: 'U64', shape: ['*'] },
  /** Open addressing, linear probing from the hash's low bits; a slot holds index + 1, or 0. Power of two, >= 2n. */
  keys_table: { dtype: 'U32', shape: ['*'] },
} as const

/** Tensors of every numeric section. Rows of `catalogue` are items in byte order of their keys. */
export const TENSORS = {
  catalogue: {
    ...keyTable,
    keys_offsets: { dtype: 'U32', shape: ['items+1'] },
    titles_bytes: { dtype: 'U8', shape: ['*'] },
    titles_offsets: { dtype: 'U32', shape: ['items+1'] },
    category: { dtype: 'U32', shape: ['items'] },
    categories_bytes: { dtype: 'U8', shape: ['*'] },
    categories_offsets: { dtype: 'U32', shape: ['*'] },
    brand: { dtype: 'U32', shape: ['items'] },
    brands_bytes: { dtype: 'U8', shape: ['*'] },
    brands_offsets: { dtype: 'U32', shape: ['*'] },
    price_minor: { dtype: 'I32', shape: ['items'] },
    prior_price_minor: { dtype: 'I32', shape: ['items'] },
    cost_minor: { dtype: 'I32', shape: ['items'] },
    stock: { dtype: 'I32', shape: ['items'] },
    available: { dtype: 'U8', shape: ['items'] },
  },
  /** Row j: the weight that history item j gives to each item. `bias_order`: bias descending, index ascending. */
  similarity: {
    indptr: { dtype: 'U32', shape: ['items+1'] },
    indices: { dtype: 'U32', shape: ['*'] },
    data: { dtype: 'F32', shape: ['*'] },
    bias: { dtype: 'F32', shape: ['items'] },
    bias_order: { dtype: 'U32', shape: ['items'] },
  },
  popularity: {
    score: { dtype: 'F32', shape: ['items'] },
    order: { dtype: 'U32', shape: ['items'] },
  },
  /** Unit length; all zero for an item without events. */
  vectors: {
    items: { dtype: 'F32', shape: ['items', 'dim'] },
  },
  /** Row: distinct items, newest first, with the strongest kind of event (position in EVENT_KINDS). */
  shoppers: {
    ...keyTable,
    keys_offsets: { dtype: 'U32', shape: ['shoppers+1'] },
    history_indptr: { dtype: 'U32', shape: ['shoppers+1'] },
    history_items: { dtype: 'U32', shape: ['*'] },
    history_kinds: { dtype: 'U8', shape: ['*'] },
  },
  /** Own-price elasticity of demand (not positive) and its standard error. */
  prices: {
    elasticity: { dtype: 'F32', shape: ['items'] },
    elasticity_se: { dtype: 'F32', shape: ['items'] },
  },
} as const satisfies Record<string, Record<string, TensorLayout>>

export type NumericSection = keyof typeof TENSORS

/** The one section that is not tensors: hnswlib's own file, inner product space, label = item index. */
export const INDEX_SECTION = 'index'

/** Every section of a snapshot, in the manifest's order. */
export const SECTIONS = [
  'catalogue',
  'similarity',
  'popularity',
  'vectors',
  INDEX_SECTION,
  'shoppers',
  'prices',
] as const
export type SectionName = (typeof SECTIONS)[number]

export function isNumericSection(name: string): name is NumericSection {
  return Object.hasOwn(TENSORS, name)
}

/** Tensor layouts of a numeric section, by name. */
export function tensorsOfSection(name: NumericSection): [string, TensorLayout][] {
  return Object.entries(TENSORS[name])
}
