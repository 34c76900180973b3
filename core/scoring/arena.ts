/**
 * One worker's scratch memory inside the snapshot's shared memory. The kernel allocates nothing: every pointer it is
 * given comes from here or from the snapshot's tensors.
 */
import { FILTER_LIMITS } from '../contract/filters.ts'
import { LIMITS } from '../contract/requests.ts'

/** Most history items that one request may bring together before it is cut to the model's `historyLength`. */
export const MAX_HISTORY = 1024
/** Most actions weighed for one item; `parseCampaignFile` refuses campaign files that could exceed it. */
export const MAX_ACTIONS = 1024
/** Most items whose inner products one request computes; where a filter leaves no more, the nearest are exact. */
export const EXACT_ITEMS = 4096
/** Widest vectors that a request folds in, and the longest history by least squares. */
const MAX_DIM = 4096
const MAX_FOLD_IN = 64
/** Filter results that a worker keeps: a filter is evaluated over the whole catalogue once. */
export const CACHED_FILTERS = 16
/** Most items left out of one answer: asked for, bought and in the cart. */
export const MAX_EXCLUDED = 4096

interface Column<View> {
  pointer: number
  view: View
}

const ACTION_COLUMNS = [
  'discount',
  'oddsFactor',
  'factorSe',
  'dual',
  'probability',
  'margin',
  'se',
  'price',
  'value',
  'propensity',
] as const
type ActionColumn = (typeof ACTION_COLUMNS)[number]

export interface Arena {
  accumulator: Column<Float32Array>
  touched: Column<Uint32Array>
  rows: Column<Uint32Array>
  weights: Column<Float32Array>
  /** `weights` times the weight of a source. */
  scaled: Column<Float32Array>
  excluded: Column<Uint32Array>
  resultItems: Column<Uint32Array>
  resultScores: Column<Float32Array>
  /** Bitmaps over items; `seen` and `allowed` are all zero between requests. */
  seen: Column<Uint32Array>
  allowed: Column<Uint32Array>
  wanted: Column<Uint32Array>
  filters: Column<Uint32Array>
  /** A bitmap for each level of a filter's expression. */
  conditions: Column<Uint32Array>
  key: Column<Buffer>
  hashes: Column<Uint32Array>
  found: Column<Int32Array>
  share: Column<Float32Array>
  /** The shopper's vector. */
  taste: Column<Float32Array>
  foldScratch: Column<Float64Array>
  ids: Column<Uint32Array>
  products: Column<Float32Array>
  decimal: Column<Uint8Array>
  actions: Record<ActionColumn, Column<Float64Array>>
}

export const bitmapWords = (nItems: number) => Math.ceil(nItems / 32)
export const aligned = (bytes: number) => Math.ceil(bytes / 64) * 64

/** Sizes in bytes, in memory order; each offset derives from the one before. */
function arenaParts(nItems: number) {
  const bitmap = 4 * bitmapWords(nItems)
  return {
    accumulator: 4 * nItems,
    touched: 4 * nItems,
    rows: 4 * MAX_HISTORY,
    weights: 4 * MAX_HISTORY,
    scaled: 4 * MAX_HISTORY,
    excluded: 4 * MAX_EXCLUDED,
    resultItems: 4 * LIMITS.candidates,
    resultScores: 4 * LIMITS.candidates,
    seen: bitmap,
    allowed: bitmap,
    wanted: bitmap,
    filters: bitmap * CACHED_FILTERS,
    conditions: bitmap * FILTER_LIMITS.depth,
    key: 4096,
    hashes: 8 * MAX_HISTORY,
    found: 4 * MAX_HISTORY,
    share: 64,
    taste: 4 * MAX_DIM,
    foldScratch: 8 * MAX_FOLD_IN * (MAX_FOLD_IN + 1),
    ids: 4 * EXACT_ITEMS,
    products: 4 * EXACT_ITEMS,
    decimal: 64,
    actions: 8 * MAX_ACTIONS * ACTION_COLUMNS.length,
  }
}

export function arenaBytes(nItems: number): number {
  return Object.values(arenaParts(nItems)).reduce((sum, bytes) => sum + aligned(bytes), 0)
}

export function arenaAt({ buffer }: WebAssembly.Memory, start: number, nItems: number): Arena {
  const parts = arenaParts(nItems)
  type Part = keyof typeof parts
  const pointers = {} as Record<Part, number>
  let next = start
  for (const name of Object.keys(parts) as Part[]) {
    pointers[name] = next
    next += aligned(parts[name])
  }
  const u32 = (name: Part) => ({
    pointer: pointers[name],
    view: new Uint32Array(buffer, pointers[name], parts[name] / 4),
  })
  const f32 = (name: Part) => ({
    pointer: pointers[name],
    view: new Float32Array(buffer, pointers[name], parts[name] / 4),
  })
  const action = (name: ActionColumn) => {
    const pointer = pointers.actions + 8 * MAX_ACTIONS * ACTION_COLUMNS.indexOf(name)
    return { pointer, view: new Float64Array(buffer, pointer, MAX_ACTIONS) }
  }
  return {
    accumulator: f32('accumulator'),
    touched: u32('touched'),
    rows: u32('rows'),
    weights: f32('weights'),
    scaled: f32('scaled'),
    excluded: u32('excluded'),
    resultItems: u32('resultItems'),
    resultScores: f32('resultScores'),
    seen: u32('seen'),
    allowed: u32('allowed'),
    wanted: u32('wanted'),
    filters: u32('filters'),
    conditions: u32('conditions'),
    key: { pointer: pointers.key, view: Buffer.from(buffer, pointers.key, parts.key) },
    hashes: u32('hashes'),
    found: { pointer: pointers.found, view: new Int32Array(buffer, pointers.found, MAX_HISTORY) },
    share: f32('share'),
    taste: f32('taste'),
    foldScratch: {
      pointer: pointers.foldScratch,
      view: new Float64Array(buffer, pointers.foldScratch, parts.foldScratch / 8),
    },
    ids: u32('ids'),
    products: f32('products'),
    decimal: { pointer: pointers.decimal, view: new Uint8Array(buffer, pointers.decimal, parts.decimal) },
    actions: Object.fromEntries(ACTION_COLUMNS.map((name) => [name, action(name)])) as Arena['actions'],
  }
}
