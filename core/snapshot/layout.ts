/**
 * Format 2: the sections of a snapshot, the tensors of each and their shapes. The one list from which files are
 * checked, memory is viewed and types are derived. Any change of it is a new format version. Format 1 is format 2 without
 * the optional sections.
 *
 * Sparse matrices are CSR: row r holds `indices[indptr[r] .. indptr[r + 1])`, ascending.
 * Strings are a block of UTF-8 bytes and `offsets` of one more than there are strings.
 */
import type { DType } from './tensors.ts'

export const FORMAT_VERSION = 2
/** Formats that this version opens. */
export const READABLE_FORMATS: readonly number[] = [1, 2]

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
/** `history_days` of an item that was not bought. */
export const NOT_BOUGHT = 0xffff_ffff
/**
 * Numbers of a response curve in one segment: show, slope (at least 0), var(show), cov(show, slope), var(slope), and two
 * numbers for each share of 1 taken off: the share of the units sold that is borrowed from later sales, and what the log-odds of
 * other items of the category shown beside it fall by.
 */
export const RESPONSE_NUMBERS = 7
export const MAX_RESPONSE_SEGMENTS = 256
/** Most items of one shopper's row. */
export const MAX_STORED_HISTORY = 1000

const keyTable = {
  keys_bytes: { dtype: 'U8', shape: ['*'] },
  /** XXH64 of each key, seed 0. */
  keys_hashes: { dtype: 'U64', shape: ['*'] },
  /** Open addressing, linear probing from the hash's low bits; a slot holds index + 1, or 0. Power of two, >= 2n. */
  keys_table: { dtype: 'U32', shape: ['*'] },
} as const

/**
 * Rows (visits, or shoppers) that hold items, and for each item the rows that hold it: what a neighbourhood is searched in.
 * `row_data`, `item_data`: weight of the entry; `row_weight`: factor of a row's similarity; `item_scale`: factor of an item's
 * score. Each of these four may be empty: all 1. `row_items` of one row: newest first; `item_rows` ascend.
 */
const neighbourRows = {
  row_indptr: { dtype: 'U32', shape: ['*'] },
  row_items: { dtype: 'U32', shape: ['*'] },
  row_data: { dtype: 'F32', shape: ['*'] },
  row_weight: { dtype: 'F32', shape: ['*'] },
  item_indptr: { dtype: 'U32', shape: ['items+1'] },
  item_rows: { dtype: 'U32', shape: ['*'] },
  item_data: { dtype: 'F32', shape: ['*'] },
  item_scale: { dtype: 'F32', shape: ['*'] },
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
  /** Compared by inner product; all zero for an item without events. */
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
  /** Visits, numbered newest first. */
  sessions: neighbourRows,
  /** Shoppers, numbered as in `shoppers`. */
  peers: neighbourRows,
  /** Shoppers linked to each shopper, with the weight of the link. */
  links: {
    indptr: { dtype: 'U32', shape: ['shoppers+1'] },
    shoppers: { dtype: 'U32', shape: ['*'] },
    weight: { dtype: 'F32', shape: ['*'] },
  },
  /** Row j: the weight that history item j gives to items that few shoppers met, by what they are like. */
  content: {
    indptr: { dtype: 'U32', shape: ['items+1'] },
    indices: { dtype: 'U32', shape: ['*'] },
    data: { dtype: 'F32', shape: ['*'] },
  },
  /** Items bought in one order: row j holds, for each item bought with j, its share of j's orders. */
  together: {
    indptr: { dtype: 'U32', shape: ['items+1'] },
    indices: { dtype: 'U32', shape: ['*'] },
    data: { dtype: 'F32', shape: ['*'] },
  },
  /** `…_order` as in popularity. */
  trends: {
    trending: { dtype: 'F32', shape: ['items'] },
    trending_order: { dtype: 'U32', shape: ['items'] },
    newness: { dtype: 'F32', shape: ['items'] },
    newness_order: { dtype: 'U32', shape: ['items'] },
  },
  /**
   * Buying again: share of an item's buyers who did, and their median interval. `history_days`: age of the shopper's newest
   * purchase of each entry of `shoppers.history_items` at the watermark; 0xffffffff where it was not bought.
   */
  rhythm: {
    repeat_rate: { dtype: 'F32', shape: ['items'] },
    interval_days: { dtype: 'F32', shape: ['items'] },
    history_days: { dtype: 'U32', shape: ['*'] },
  },
  /**
   * Attributes that filters ask for. A value is the text `name NUL value`, values ascend as bytes; `postings` lists the items
   * that have it, ascending. Number a of item i is `numbers[a · items + i]`, there when bit i of the a-th bitmap is set.
   */
  attributes: {
    values_bytes: { dtype: 'U8', shape: ['*'] },
    values_offsets: { dtype: 'U32', shape: ['*'] },
    postings_indptr: { dtype: 'U32', shape: ['*'] },
    postings_items: { dtype: 'U32', shape: ['*'] },
    names_bytes: { dtype: 'U8', shape: ['*'] },
    names_offsets: { dtype: 'U32', shape: ['*'] },
    numbers: { dtype: 'F32', shape: ['*'] },
    numbers_known: { dtype: 'U32', shape: ['*'] },
  },
  /**
   * How shoppers answer offers. `segment`: of each shopper; segment 0 also stands for everybody unknown. `base`: of each
   * shopper, and last of everybody unknown, added to the log-odds of buying without an offer. `listed`, by segment: how many
   * times ε ln(P / P̄) a list price P adds to them, P̄ of `usual_minor`, 0 where it is not known. Curves are named in byte order by a campaign's id, or by
   * `mechanism:` and a mechanism for campaigns that were never seen, `basket:coupon` for coupons off a basket; curve-major, then by segment, `RESPONSE_NUMBERS` each:
   *   log-odds(offer) − log-odds(none) = show + slope · ε ln(1 − d),   d the share taken off, ε the item's elasticity.
   * Of a basket's offer: the odds of reaching a tier, d its reward's share of the threshold, ε the shop's elasticity.
   */
  response: {
    segment: { dtype: 'U32', shape: ['shoppers'] },
    base: { dtype: 'F32', shape: ['shoppers+1'] },
    listed: { dtype: 'F32', shape: ['*'] },
    usual_minor: { dtype: 'F32', shape: ['items'] },
    curves_bytes: { dtype: 'U8', shape: ['*'] },
    curves_offsets: { dtype: 'U32', shape: ['*'] },
    curves: { dtype: 'F32', shape: ['*'] },
  },
  /** What is known of shoppers: texts `name NUL value` that ascend as bytes, and each shopper's positions among them, ascending. */
  traits: {
    values_bytes: { dtype: 'U8', shape: ['*'] },
    values_offsets: { dtype: 'U32', shape: ['*'] },
    indptr: { dtype: 'U32', shape: ['shoppers+1'] },
    codes: { dtype: 'U32', shape: ['*'] },
  },
} as const satisfies Record<string, Record<string, TensorLayout>>

export type NumericSection = keyof typeof TENSORS

/** The one section that is not tensors: hnswlib's own file, inner product space, label = item index. */
export const INDEX_SECTION = 'index'

/** Sections that every snapshot has. */
export const REQUIRED_SECTIONS = [
  'catalogue',
  'similarity',
  'popularity',
  'vectors',
  INDEX_SECTION,
  'shoppers',
  'prices',
] as const
/** Sections that a snapshot may have, from format 2 on. */
export const OPTIONAL_SECTIONS = [
  'sessions',
  'peers',
  'links',
  'content',
  'together',
  'trends',
  'rhythm',
  'attributes',
  'response',
  'traits',
] as const
/** In the manifest's order. */
export const SECTIONS = [...REQUIRED_SECTIONS, ...OPTIONAL_SECTIONS] as const
export type SectionName = (typeof SECTIONS)[number]
export type OptionalSection = (typeof OPTIONAL_SECTIONS)[number]

export function isNumericSection(name: string): name is NumericSection {
  return Object.hasOwn(TENSORS, name)
}

/** Tensor layouts of a numeric section, by name. */
export function tensorsOfSection(name: NumericSection): [string, TensorLayout][] {
  return Object.entries(TENSORS[name])
}
