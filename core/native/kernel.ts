/**
 * The WebAssembly kernel on a shared memory: the one copy of the glue.
 *
 * Pointers are byte offsets into that memory, aligned to the element; lengths count elements. Every array is the caller's:
 * the kernel allocates nothing and keeps nothing between calls. The sources in assembly/ give formulas and sum orders.
 */
import { readFileSync } from 'node:fs'

/** `debug` checks what callers owe the kernel and throws; `release` trusts them. */
export type KernelBuild = 'release' | 'debug'

export interface KernelExports {
  readonly KERNEL_VERSION: { readonly value: number }

  /** acc f32[n] = untouched (-0.0). */
  fillUntouched(acc: number, n: number): void
  /**
   * Adds weights f32[nRows] × rows u32[nRows] of the CSR matrix (indptr u32, indices u32, data f32) to acc f32[nCols], in
   * order; rows may repeat. Appends newly touched columns to touched (u32[nCols + 1]) after its `nTouched`
   * entries. Returns the new number of touched columns.
   */
  accumulateRows(
    rows: number,
    weights: number,
    nRows: number,
    indptr: number,
    indices: number,
    data: number,
    acc: number,
    touched: number,
    nTouched: number,
  ): number
  /**
   * As `accumulateRows`, of the entries alone whose mark is wanted: marks u8[nnz], wanted u8[256] of 0 and 1;
   * scratch u32[4096].
   */
  accumulateMarkedRows(
    rows: number,
    weights: number,
    nRows: number,
    indptr: number,
    indices: number,
    data: number,
    marks: number,
    wanted: number,
    scratch: number,
    acc: number,
    touched: number,
    nTouched: number,
  ): number
  /** Makes the cells that touched u32[nTouched] lists untouched again. */
  clearTouched(acc: number, touched: number, nTouched: number): void
  /**
   * Position in rows u32[nRows] with the largest positive weights[r] · M[rows[r], column], the lowest on ties, -1 if none.
   * shareOut f32: that contribution over the sum of the positive ones, 0 if none.
   */
  largestContribution(
    rows: number,
    weights: number,
    nRows: number,
    indptr: number,
    indices: number,
    data: number,
    column: number,
    shareOut: number,
  ): number

  /**
   * The `neighbours` rows most similar to items u32[nItems] (distinct, newest first; weights f32[nItems]) among the `recent`
   * newest (smallest) that hold one of them, without row `skip`: outRows u32, outSimilarities f32, outPlaces u32 (of the
   * newest item that the row holds), best first. Returns how many. Postings itemIndptr u32, itemRows u32 ascending, itemData
   * f32 or 0; rowWeight f32[nRows] or 0. acc f32[nRows] untouched, before and after; touched u32[nRows]; ends u32[nItems].
   */
  nearestRows(
    items: number,
    weights: number,
    nItems: number,
    itemIndptr: number,
    itemRows: number,
    itemData: number,
    rowWeight: number,
    recent: number,
    neighbours: number,
    skip: number,
    acc: number,
    touched: number,
    ends: number,
    outRows: number,
    outSimilarities: number,
    outPlaces: number,
  ): number
  /**
   * Adds the items of rows u32[n] to acc f32[nItems], each with weight · similarities f32[n] · match[place] · distance[apart]
   * · (`earlier`, where the item came before the matched one) · rowData · itemScale; returns the new number of touched items. places u32[n], or 0: all 0; items u32: the history;
   * the last entries of match f32[nMatch] and distance f32[nDistance] stand for all further ones; rowIndptr u32, rowItems
   * u32, rowData f32 or 0, itemScale f32 or 0; touched as in accumulateRows.
   */
  addNeighbours(
    rows: number,
    similarities: number,
    places: number,
    n: number,
    items: number,
    match: number,
    nMatch: number,
    distance: number,
    nDistance: number,
    earlier: number,
    rowIndptr: number,
    rowItems: number,
    rowData: number,
    itemScale: number,
    weight: number,
    acc: number,
    touched: number,
    nTouched: number,
  ): number
  /** Position in rows u32[n] of the first that holds `item`, or -1; rowIndptr u32, rowItems u32. */
  firstHolding(rows: number, n: number, rowIndptr: number, rowItems: number, item: number): number

  readonly TIER_WORDS: { readonly value: number }
  /** What `topK` returns where too few columns met the predicates on its walk. */
  readonly INCOMPLETE: { readonly value: number }
  /**
   * The k best of (touched ? acc[i] : 0) + bias[i], score descending then index ascending, best first, into
   * outIndex u32[k] and outScore f32[k]; returns how many. bias f32[n] or 0; order u32[n] (bias descending, index
   * ascending), or 0 to consider the touched columns only; exclude u32[nExclude] ascending; allow bitmap[n] or 0;
   * predicates u32 or 0. After `mostWalked` untouched columns those of `allow` are listed; with predicates the answer is then
   * INCOMPLETE. k > 0. touched u32[nTouched]; scratch u32[TIER_WORDS]. firstTier > 0: about how many touched columns, those of the
   * largest sums, are asked before others are looked at.
   */
  topK(
    acc: number,
    bias: number,
    touched: number,
    nTouched: number,
    order: number,
    n: number,
    exclude: number,
    nExclude: number,
    allow: number,
    predicates: number,
    mostWalked: number,
    k: number,
    firstTier: number,
    scratch: number,
    outIndex: number,
    outScore: number,
  ): number

  /** out f32[n] = query f32[dim] · rows f32[*, dim] at ids u32[n]; ids 0: rows 0..n-1. */
  dotRows(query: number, rows: number, dim: number, ids: number, n: number, out: number): void
  /** out f32[toRow - fromRow, dim] = CSR rows × dense f32[nCols, dim]; data 0: every stored value is 1. */
  sparseTimesDense(
    indptr: number,
    indices: number,
    data: number,
    fromRow: number,
    toRow: number,
    dense: number,
    dim: number,
    out: number,
  ): void

  /**
   * Rows fromCol..toCol-1 (multiples of 4) of out f64[width, width] = the Gram matrix of m f32[nRows, width], from the
   * diagonal's tile of four on; what lies left of it is 0. width: a multiple of 8.
   */
  gramColumns(m: number, nRows: number, width: number, fromCol: number, toCol: number, out: number): void
  /** out f32[nRows, cols] = m f32[nRows, inner] × t f64[inner, cols]; cols: a multiple of 8. */
  denseTimesDense(m: number, nRows: number, inner: number, t: number, cols: number, out: number): void

  /**
   * The k best positive cosines of each item fromItem..toItem-1, divided by their sum, best first, into
   * outIndices u32[., k] and outData f32[., k]; outCounts u32[.] says how many. rows*: shoppers × items CSR; cols*: its
   * transpose; norms f32[nItems] = 1 / ‖column‖; acc f32[nItems] untouched, before and after; touched u32[nItems + 1].
   */
  similarityBlock(
    rowsIndptr: number,
    rowsIndices: number,
    rowsData: number,
    colsIndptr: number,
    colsIndices: number,
    colsData: number,
    norms: number,
    fromItem: number,
    toItem: number,
    k: number,
    acc: number,
    touched: number,
    outIndices: number,
    outData: number,
    outCounts: number,
  ): void

  /** Most sources of one call below: the columns that a block of work has. */
  readonly PANEL: { readonly value: number }
  /**
   * Row s: the k largest W[j, i] = max(0, a_j (Σ_p c_p (NᵀN)^p + w V Vᵀ)_ij b_i), i ≠ j = sources[s], p = 1..degree, into
   * outIndices u32[., k], ascending, and outData f32[., k]; outCounts u32[.] says how many. rows*: N, shoppers × items CSR;
   * cols*: its transpose; coefficients f32[degree], c_1 first; vectors V f32[nItems, dim]; sourceScales a and targetScales b
   * f32[nItems]; sources u32[nSources <= PANEL]; scratch f32[PANEL · (nShoppers + nItems + dim + 4)].
   */
  filterRows(
    rowsIndptr: number,
    rowsIndices: number,
    rowsData: number,
    nShoppers: number,
    colsIndptr: number,
    colsIndices: number,
    colsData: number,
    nItems: number,
    coefficients: number,
    degree: number,
    vectors: number,
    dim: number,
    lowRankWeight: number,
    sourceScales: number,
    targetScales: number,
    sources: number,
    nSources: number,
    k: number,
    scratch: number,
    outIndices: number,
    outData: number,
    outCounts: number,
  ): void

  /**
   * With P = (XᵀX + l2 I)^−1 by `steps` steps of conjugate gradients, row s: the k best of −P_ij · diagonal[i], i ≠ j =
   * sources[s], indices ascending, into outIndices u32[., k] and outData f32[., k]; outCounts u32[.] says how many;
   * outOwn f32[.] = P_jj. rows*: X, shoppers × items CSR; cols*: its transpose; diagonal f32[nItems] > 0: that of XᵀX + l2 I;
   * sources u32[nSources <= PANEL]; scratch f32[PANEL · (nShoppers + 4 nItems + 8)].
   */
  easeRows(
    rowsIndptr: number,
    rowsIndices: number,
    rowsData: number,
    nShoppers: number,
    colsIndptr: number,
    colsIndices: number,
    colsData: number,
    nItems: number,
    diagonal: number,
    l2: number,
    steps: number,
    sources: number,
    nSources: number,
    k: number,
    scratch: number,
    outOwn: number,
    outIndices: number,
    outData: number,
    outCounts: number,
  ): void

  /**
   * Improves rows fromRow..toRow-1 of out f32[nRows, dim] as solutions x of (S + alpha Σ y yᵀ) x = (1 + alpha) Σ y, sums over
   * the vectors y, of other f32[nCols, dim], of the row's entries (CSR indptr, indices), by `steps` steps of conjugate
   * gradients; a row without entries becomes 0. system S: f32[dim, dim]; dim: a multiple of 4; scratch f32[3 · dim].
   */
  alsRows(
    indptr: number,
    indices: number,
    fromRow: number,
    toRow: number,
    other: number,
    dim: number,
    system: number,
    alpha: number,
    steps: number,
    scratch: number,
    out: number,
  ): void
  /** Longest history that foldInAls takes. */
  readonly FOLD_IN: { readonly value: number }
  /**
   * out f32[dim] = Hᵀ (I + alpha H Hᵀ)^−1 1 (1 + alpha): the vector of a shopper whose history rows u32[h <= FOLD_IN] lists, H
   * those rows of items f32[*, dim] in the whitened basis of training; its dot product with an item's row is the item's
   * score. scratch f64[h · (h + 1)].
   */
  foldInAls(rows: number, h: number, items: number, dim: number, alpha: number, scratch: number, out: number): void

  /**
   * Value of n actions, f64[n] arrays, money in minor units; unitMargin: price - cost; oddsNone: p0 / (1 - p0). Writes the
   * purchase probability, the incremental margin, z times its standard error, the budget's price, and their value.
   */
  offerValues(
    n: number,
    unitMargin: number,
    oddsNone: number,
    discount: number,
    oddsFactor: number,
    factorSe: number,
    borrowed: number,
    displaced: number,
    rivals: number,
    z: number,
    dual: number,
    stockDual: number,
    returnDual: number,
    outP: number,
    outMargin: number,
    outSe: number,
    outPrice: number,
    outValue: number,
  ): void
  /**
   * outValue f64[n] = value of n actions that are moves weighed at no price, moveOf u32[n], less what each is charged; discount, p,
   * margin and value f64 by move, dual, stockDual and returnDual f64[n].
   */
  stepValues(
    n: number,
    moveOf: number,
    discount: number,
    p: number,
    margin: number,
    value: number,
    dual: number,
    stockDual: number,
    returnDual: number,
    outValue: number,
  ): void
  /** `offerValues` of actions with unitMargin f64[n] and oddsNone f64[n] of their own, and no rivals. */
  tierValues(
    n: number,
    unitMargin: number,
    oddsNone: number,
    discount: number,
    oddsFactor: number,
    factorSe: number,
    borrowed: number,
    displaced: number,
    z: number,
    dual: number,
    stockDual: number,
    returnDual: number,
    outP: number,
    outMargin: number,
    outSe: number,
    outPrice: number,
    outValue: number,
  ): void
  /**
   * Draws one of n > 0 actions with values f64[n] by u in [0, 1): softmax at `temperature` over a `floor` probability;
   * temperature 0 takes the best, the lowest index on ties. Writes outPropensity f64[n], not in place; returns the index.
   */
  chooseOffer(n: number, values: number, temperature: number, floor: number, u: number, outPropensity: number): number

  /** out u32[4]: Philox4x32-10 of counter c0..c3 under key k0, k1. */
  philox4x32(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number, out: number): void
  /** Uniform in [0, 1), 53 bits, from the same block. */
  uniform(c0: number, c1: number, c2: number, c3: number, k0: number, k1: number): number

  readonly DECIMAL_BYTES: { readonly value: number }
  /** Writes 10^-6 <= value < 2^53 to out u8[DECIMAL_BYTES] as ECMAScript writes it; returns how many bytes. */
  shortestDecimal(value: number, out: number): number
  readonly MEMO_BYTES: { readonly value: number }
  /**
   * Writes parts[n] as JSON to out u8, with 16 bytes to spare, with memo u8[MEMO_BYTES] as scratch, and its length to outLength u32; returns how many parts are written
   * whole. A part, 16 bytes: u32 kind (0, 1 a number follows, 2 a string follows), u32 piece (place from `pieces` << 12 | length),
   * f64 number or u32 pointer, u32 length. Stops behind the piece of a part whose value it cannot write as JSON.stringify does: a
   * number with an exponent or none, a string that is no UTF-8 or has a character that is escaped.
   */
  writeParts(parts: number, n: number, pieces: number, memo: number, out: number, outLength: number): number

  /** out u32[2] (low, high) = XXH64 of bytes u8[length]. */
  xxh64(bytes: number, length: number, seedLow: number, seedHigh: number, out: number): void
  /**
   * Fills hashes u64[n] and the zeroed table u32[mask + 1], a power of two above n, from keys bytes u8 at
   * offsets u32[n + 1]. Returns -1, or the index of the second key of two with one hash.
   */
  buildKeyTable(bytes: number, offsets: number, n: number, hashes: number, table: number, mask: number): number
  /** Index of the key with this XXH64 (seed 0), or -1. */
  findHash(low: number, high: number, hashes: number, table: number, mask: number): number
  /** out i32[n]: index of each hash of queries u64[n], or -1. */
  findHashes(queries: number, n: number, hashes: number, table: number, mask: number, out: number): void
  /** Index of the key u8[length], compared byte by byte, or -1. */
  findKey(
    key: number,
    length: number,
    bytes: number,
    offsets: number,
    hashes: number,
    table: number,
    mask: number,
  ): number

  /** How many of the first n bits are set. */
  bitmapCount(bitmap: number, n: number): number
  /** out u32[count]: the set bits among the first n, ascending; returns how many. */
  bitmapIndexes(bitmap: number, n: number, out: number): number
  /** out = a ∩ b, bitmaps of nWords u32 words; out may be a or b. */
  bitmapAnd(a: number, b: number, out: number, nWords: number): void
  /** out = a ∪ b, bitmaps of nWords u32 words; out may be a or b. */
  bitmapOr(a: number, b: number, out: number, nWords: number): void
  /** out = the indexes below n that are not in a, bitmaps of n bits; out may be a. */
  bitmapNot(a: number, n: number, out: number): void
  /** Whether an item meets all predicates: u32[4 · (count + 1)], each a kind, a column and two arguments, kind 0 the last. */
  meetsAll(predicates: number, index: number): number
  /** Bit i of out: item i meets all predicates. */
  bitmapFromPredicates(predicates: number, n: number, out: number): void
  /** Predicates: code of column u32[n] is in the bitmap `wanted` of nCodes bits; i32[n] within lowest, highest; a bitmap's bit. */
  readonly PREDICATE_CODES: { readonly value: number }
  readonly PREDICATE_RANGE: { readonly value: number }
  readonly PREDICATE_BITS: { readonly value: number }
  /** Sets the bit of each of indexes u32[count] in out, a bitmap of n bits; the others stay. */
  bitmapAdd(indexes: number, count: number, n: number, out: number): void
  /** Bit i of out: lowest <= values f32[n] at i <= highest; the bounds are rounded to f32. */
  bitmapFromNumbers(values: number, n: number, lowest: number, highest: number, out: number): void
  /** Bit i of out: codes u32[n] at i is below nCodes and in the bitmap `wanted`. */
  bitmapFromCodes(codes: number, n: number, wanted: number, nCodes: number, out: number): void
  /** Bit i of out: lowest <= values i32[n] at i <= highest. */
  bitmapFromRange(values: number, n: number, lowest: number, highest: number, out: number): void
}

const FILES = { release: 'kernel.wasm', debug: 'kernel.debug.wasm' } as const

/** Compiled once per thread and build. */
const modules = new Map<KernelBuild, WebAssembly.Module>()

/** An instance on `memory`, which must be shared. It changes no byte of it. */
export function instantiateKernel(memory: WebAssembly.Memory, build: KernelBuild = 'release'): KernelExports {
  const instance = new WebAssembly.Instance(moduleOf(build), { env: { memory }, contract: { broken } })
  return instance.exports as KernelExports
}

function moduleOf(build: KernelBuild): WebAssembly.Module {
  const compiled = modules.get(build)
  if (compiled) return compiled
  const file = new URL(`../../assembly/${FILES[build]}`, import.meta.url)
  const module = new WebAssembly.Module(readFileSync(file))
  modules.set(build, module)
  return module
}

/** What each number of assembly/contract.ts says about its value. */
const CONTRACTS = [
  'array not aligned or outside the memory at',
  'invalid count:',
  'index out of range:',
  'not ascending:',
  'invalid number:',
  'not a whole number of tiles:',
]

function broken(contract: number, value: number): never {
  throw new Error(`kernel contract broken, ${CONTRACTS[contract]} ${value}`)
}
