/**
 * One worker's scratch memory inside the snapshot's shared memory. The kernel allocates nothing: every pointer it is
 * given comes from here or from the snapshot's tensors.
 */
import { FILTER_LIMITS } from '../contract/filters.ts'
import { LIMITS } from '../contract/requests.ts'
import { MAX_DIM, MAX_NEIGHBOURS } from '../snapshot/manifest.ts'

/** Most history items that one request may bring together before it is cut to the model's `historyLength`. */
export const MAX_HISTORY = 1024
/** Most actions weighed for one item; `parseCampaignFile` refuses campaign files that could exceed it. */
export const MAX_ACTIONS = 1024
/** One more, for an action that is weighed by itself. */
const ACTION_ROWS = MAX_ACTIONS + 1
/** Most items whose inner products one request computes; where a filter leaves no more, the nearest are exact. */
export const EXACT_ITEMS = 4096
/** As the kernel has it. */
export const TIER_WORDS = 4161
/** Longest history that a request folds in by least squares. */
const MAX_FOLD_IN = 64
/** Most live campaigns that may boost their targets: each is one more ranking a request. */
export const MAX_BOOSTING = 16
/** Memory for the filters that a worker keeps evaluated, and the least and most of them that it keeps. */
const FILTERS_BYTES = 16 * 1024 * 1024
const LEAST_FILTERS = 32
const MOST_FILTERS = 1024
/** Four predicates of a request's filter, and their end. */
const PREDICATES_BYTES = 5 * 16
/** How many marks there are, see `row-marks.ts`. */
export const MARKS = 256
/** Most parts of JSON that wait to be written, and bytes that they come to. */
export const MAX_PARTS = 2048
export const PART_WORDS = 4
export const JSON_BYTES = 64 * 1024
/** Pieces of JSON that stay, and texts of the parts that wait. */
const PIECES_BYTES = 192 * 1024
const PASSING_BYTES = 16 * 1024
/** What the kernel may read or write behind JSON, and the alignment that its beginning takes over. */
const JSON_SPARE_BYTES = 64
/** Most items left out of one answer: asked for, bought and in the cart. */
export const MAX_EXCLUDED = 4096

interface Column<View> {
  pointer: number
  view: View
}

const ACTION_COLUMNS = [
  'unitMargin',
  'oddsNone',
  'discount',
  'oddsFactor',
  'factorSe',
  'borrowed',
  'displaced',
  'dual',
  'stockDual',
  'returnDual',
  // Never written: 0 in every row.
  'free',
  'probability',
  'margin',
  'se',
  'price',
  'value',
  'stepValue',
  'propensity',
] as const
type ActionColumn = (typeof ACTION_COLUMNS)[number]

/** Neighbours kept of one source, best first, and the weights of their places and distances. */
const NEIGHBOUR_COLUMNS = ['rows', 'similarities', 'places', 'match', 'distance'] as const
const NEIGHBOUR_SOURCES = ['sessions', 'peers'] as const

export interface NeighbourColumns {
  rows: Column<Uint32Array>
  similarities: Column<Float32Array>
  places: Column<Uint32Array>
  match: Column<Float32Array>
  distance: Column<Float32Array>
}

/** What an arena grows with. */
export interface ArenaSize {
  items: number
  /** Rows of the larger neighbourhood; 0: none, and no room for one. */
  rows: number
}

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
  /** Scratch of the k best, and before them of rows of which some entries are left out. */
  tiers: Column<Uint32Array>
  /** Bitmaps over items; `seen` is all zero between requests. */
  seen: Column<Uint32Array>
  allowed: Column<Uint32Array>
  wanted: Column<Uint32Array>
  /** Of a request's filter: codes that it wants, and its predicates. */
  wantedCategories: Column<Uint32Array>
  wantedBrands: Column<Uint32Array>
  /** By mark, 1: a category with it is wanted. */
  wantedMarks: Column<Uint8Array>
  predicates: Column<Uint32Array>
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
  parts: Column<Uint32Array>
  /** The same memory. */
  partNumbers: Column<Float64Array>
  pieces: Column<Buffer>
  passing: Column<Buffer>
  json: Column<Buffer>
  jsonLength: Column<Uint32Array>
  /** Numbers of the JSON at hand. */
  jsonNumbers: Column<Uint32Array>
  /** Takes what `readAhead` adds up. */
  readAhead: Column<Float32Array>
  /** Holds 1. */
  one: Column<Float32Array>
  /** Row sums of a neighbourhood, untouched between requests. */
  rowSums: Column<Float32Array>
  touchedRows: Column<Uint32Array>
  /** Scratch of one number a history item. */
  ends: Column<Uint32Array>
  neighbours: Record<(typeof NEIGHBOUR_SOURCES)[number], NeighbourColumns>
  /** By action, its move. */
  moveOf: Column<Int32Array>
  actions: Record<ActionColumn, Column<Float64Array>>
}

export const bitmapWords = (nItems: number) => Math.ceil(nItems / 32)
/** How many filters a worker keeps evaluated: a bitmap over the catalogue each. */
export const keptFilters = (nItems: number) =>
  Math.max(LEAST_FILTERS, Math.min(MOST_FILTERS, Math.floor(FILTERS_BYTES / (4 * bitmapWords(nItems)))))
export const aligned = (bytes: number) => Math.ceil(bytes / 64) * 64

/** Sizes in bytes, in memory order; each offset derives from the one before. */
function arenaParts({ items, rows }: ArenaSize) {
  const bitmap = 4 * bitmapWords(items)
  return {
    accumulator: 4 * items,
    touched: 4 * (items + 1),
    rows: 4 * MAX_HISTORY,
    weights: 4 * MAX_HISTORY,
    scaled: 4 * MAX_HISTORY,
    excluded: 4 * MAX_EXCLUDED,
    resultItems: 4 * LIMITS.candidates,
    resultScores: 4 * LIMITS.candidates,
    tiers: 4 * TIER_WORDS,
    seen: bitmap,
    allowed: bitmap,
    wanted: bitmap,
    wantedCategories: bitmap,
    wantedBrands: bitmap,
    wantedMarks: MARKS,
    predicates: PREDICATES_BYTES,
    filters: bitmap * keptFilters(items),
    conditions: bitmap * FILTER_LIMITS.depth,
    key: 4096,
    hashes: 8 * MAX_HISTORY,
    found: 4 * MAX_HISTORY,
    share: 64,
    taste: 4 * MAX_DIM,
    foldScratch: 8 * MAX_FOLD_IN * (MAX_FOLD_IN + 1),
    ids: 4 * EXACT_ITEMS,
    products: 4 * EXACT_ITEMS,
    parts: 4 * PART_WORDS * MAX_PARTS,
    pieces: PIECES_BYTES,
    passing: PASSING_BYTES,
    json: JSON_BYTES + JSON_SPARE_BYTES,
    jsonLength: 64,
    jsonNumbers: 256,
    readAhead: 64,
    one: 64,
    rowSums: 4 * rows,
    touchedRows: 4 * rows,
    ends: 4 * MAX_HISTORY,
    neighbours: rows === 0 ? 0 : NEIGHBOUR_SOURCES.length * NEIGHBOUR_COLUMNS.length * 4 * MAX_NEIGHBOURS,
    moveOf: 4 * MAX_ACTIONS,
    actions: 8 * ACTION_ROWS * ACTION_COLUMNS.length,
  }
}

export function arenaBytes(size: ArenaSize): number {
  return Object.values(arenaParts(size)).reduce((sum, bytes) => sum + aligned(bytes), 0)
}

export function arenaAt({ buffer }: WebAssembly.Memory, start: number, size: ArenaSize): Arena {
  const parts = arenaParts(size)
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
  const bytes = (name: Part) => ({
    pointer: pointers[name],
    view: Buffer.from(buffer, pointers[name], parts[name]),
  })
  const action = (name: ActionColumn) => {
    const pointer = pointers.actions + 8 * ACTION_ROWS * ACTION_COLUMNS.indexOf(name)
    return { pointer, view: new Float64Array(buffer, pointer, ACTION_ROWS) }
  }
  const one = f32('one')
  one.view[0] = 1
  return {
    accumulator: f32('accumulator'),
    touched: u32('touched'),
    rows: u32('rows'),
    weights: f32('weights'),
    scaled: f32('scaled'),
    excluded: u32('excluded'),
    resultItems: u32('resultItems'),
    resultScores: f32('resultScores'),
    tiers: u32('tiers'),
    seen: u32('seen'),
    allowed: u32('allowed'),
    wanted: u32('wanted'),
    wantedCategories: u32('wantedCategories'),
    wantedBrands: u32('wantedBrands'),
    wantedMarks: bytes('wantedMarks'),
    predicates: u32('predicates'),
    filters: u32('filters'),
    conditions: u32('conditions'),
    key: bytes('key'),
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
    parts: u32('parts'),
    partNumbers: { pointer: pointers.parts, view: new Float64Array(buffer, pointers.parts, parts.parts / 8) },
    pieces: bytes('pieces'),
    passing: bytes('passing'),
    json: bytes('json'),
    jsonLength: u32('jsonLength'),
    jsonNumbers: u32('jsonNumbers'),
    readAhead: f32('readAhead'),
    one,
    rowSums: f32('rowSums'),
    touchedRows: u32('touchedRows'),
    ends: u32('ends'),
    neighbours: {
      sessions: neighbourColumns(buffer, pointers.neighbours, size.rows),
      peers: neighbourColumns(buffer, pointers.neighbours + parts.neighbours / 2, size.rows),
    },
    moveOf: { pointer: pointers.moveOf, view: new Int32Array(buffer, pointers.moveOf, MAX_ACTIONS) },
    actions: Object.fromEntries(ACTION_COLUMNS.map((name) => [name, action(name)])) as Arena['actions'],
  }
}

function neighbourColumns(buffer: ArrayBufferLike, start: number, rows: number): NeighbourColumns {
  const length = rows === 0 ? 0 : MAX_NEIGHBOURS
  const at = (name: (typeof NEIGHBOUR_COLUMNS)[number]) => start + 4 * length * NEIGHBOUR_COLUMNS.indexOf(name)
  const u32 = (pointer: number) => ({ pointer, view: new Uint32Array(buffer, pointer, length) })
  const f32 = (pointer: number) => ({ pointer, view: new Float32Array(buffer, pointer, length) })
  return {
    rows: u32(at('rows')),
    similarities: f32(at('similarities')),
    places: u32(at('places')),
    match: f32(at('match')),
    distance: f32(at('distance')),
  }
}
