/**
 * The kernel: numbers only, on an imported shared memory.
 *
 * Every export takes byte offsets into that memory and lengths in elements, allocates nothing and keeps no state, so any
 * number of instances run on one memory as long as their output areas differ. The module has no data segment and no
 * mutable global: instantiating it changes no byte.
 * Float sums have a fixed order, given at each function; relaxed SIMD is off. Equal input gives equal bits on any CPU.
 * Inputs are trusted: whoever opens a snapshot has checked it. The debug build checks them again (contract.ts).
 */
export { alsRows, FOLD_IN, foldInAls } from './als'
export {
  bitmapAdd,
  bitmapAnd,
  bitmapCount,
  bitmapFromCodes,
  bitmapFromNumbers,
  bitmapFromRange,
  bitmapIndexes,
  bitmapNot,
  bitmapOr,
} from './bitmap'
export { DECIMAL_BYTES, shortestDecimal } from './decimal'
export { dotRows, sparseTimesDense } from './dense'
export { easeRows } from './ease'
export { filterRows } from './filter'
export { denseTimesDense, gramColumns } from './gram'
export { xxh64 } from './hash'
export { buildKeyTable, findHash, findHashes, findKey } from './keys'
export { addNeighbours, firstHolding, nearestRows } from './neighbours'
export { chooseOffer, offerValues, stepValues, tierValues } from './offers'
export { PANEL } from './panel'
export { MEMO_BYTES, writeParts } from './parts'
export { bitmapFromPredicates, meetsAll, PREDICATE_BITS, PREDICATE_CODES, PREDICATE_RANGE } from './predicates'
export { philox4x32, uniform } from './random'
export { similarityBlock } from './similarity'
export { accumulateMarkedRows, accumulateRows, clearTouched, fillUntouched, largestContribution } from './sparse'
export { TIER_WORDS } from './tiers'
export { INCOMPLETE, topK } from './topk'

export const KERNEL_VERSION: i32 = 1
