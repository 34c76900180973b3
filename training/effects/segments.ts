/**
 * Segments of shoppers who answer offers differently: a tree over what is known of them, as deep as held-out shoppers
 * confirm, and no tree at all where they do not.
 *
 * Under a model in which everybody responds alike, let r = bought − p and w = p (1 − p), summed over a set of shoppers without
 * an offer (0) and with one (1). One Newton step tells how much more the set responds than all do, in log-odds:
 *
 *   δ = R1/W1 − R0/W0,   var δ = 1/W1 + 1/W0
 *
 * The difference takes out what makes the set buy more with or without an offer. A split is the one with the largest
 * (δ_l − δ_r)² / (var δ_l + var δ_r) (the criterion of Athey, Imbens, PNAS 113, 2016, on scores). Depth: on five folds of
 * shoppers, the held-out log-likelihood that leaves' own δ, drawn to 0, gain over none, to second order around the fit.
 */
import type { ShopperFeatures } from './response-rows.ts'

/** By shopper: sums of r and w without and with an offer. */
export interface ResponseScores {
  r0: Float64Array
  w0: Float64Array
  r1: Float64Array
  w1: Float64Array
}

export interface SegmentOptions {
  /** Of leaves; at most 63, as segment 0 is taken. */
  mostLeaves: number
  /** Least information W0 and W1 of a leaf: 25 tell δ to ± 0.55 at best. */
  leastInformation: number
}

export interface Segmentation {
  nSegments: number
  /** By shopper: 0 where there is one segment, else from 1. */
  segment: Uint32Array
  depth: number
  /** Held-out log-likelihood a shopper that segments gain over none, of the best depth, with its 95 % interval. */
  gain: number
  interval: [low: number, high: number]
  /** Features that split, the first split first. */
  splitBy: string[]
}

interface Sums {
  r0: number
  w0: number
  r1: number
  w1: number
}
interface Split {
  feature: number
  /** Bins up to this go left. */
  bin: number
}
/** Log-odds by which a leaf's shoppers buy more than all do: with offers and without if they respond alike, or else. */
interface Leaf {
  common: number
  base: number
  /** δ, on top of `base`. */
  shift: number
}
type Tree = { left: Tree; right: Tree; split: Split } | Leaf

const DEPTHS = [1, 2, 3, 4, 5, 6]
const FOLDS = 5
const BINS = 16
/** Spread of δ that leaves are drawn to 0 by. */
const SHIFT_SPREAD = 0.3

export function segmentsOf(scores: ResponseScores, features: ShopperFeatures, options: SegmentOptions): Segmentation {
  const bins = binned(features)
  const all = Uint32Array.from({ length: features.nShoppers }, (_, shopper) => shopper)
  const { depth, gain, interval } = confirmedDepth(scores, bins, all, options)
  const none = { nSegments: 1, segment: new Uint32Array(all.length), depth: 0, gain, interval, splitBy: [] }
  if (interval[0] <= 0) return none
  const tree = grow(scores, bins, all, depth, options)
  const names: string[] = []
  const leaves = numbered(tree, (feature) => names.push(features.names[feature]))
  if (leaves.length < 2) return none
  const segment = all.map((shopper) => leaves.indexOf(leafOf(tree, bins, shopper)) + 1)
  return { nSegments: leaves.length + 1, segment, depth, gain, interval, splitBy: [...new Set(names)] }
}

/** Gains of every depth by shopper, each shopper judged by trees that have not seen it. */
function confirmedDepth(scores: ResponseScores, bins: Uint8Array[], all: Uint32Array, options: SegmentOptions) {
  const gains = DEPTHS.map(() => new Float64Array(all.length))
  for (let fold = 0; fold < FOLDS; fold++) {
    const train = all.filter((shopper) => foldOf(shopper) !== fold)
    const heldOut = all.filter((shopper) => foldOf(shopper) === fold)
    for (const [d, depth] of DEPTHS.entries()) {
      const tree = grow(scores, bins, train, depth, options)
      for (const shopper of heldOut) gains[d][shopper] = gainOf(scores, shopper, leafOf(tree, bins, shopper))
    }
  }
  const told = gains.map(meanWithError)
  const best = told.reduce((best, { mean }, d) => (mean > told[best].mean ? d : best), 0)
  const { mean, error } = told[best]
  return { depth: DEPTHS[best], gain: mean, interval: [mean - 1.96 * error, mean + 1.96 * error] as [number, number] }
}

/** Log-likelihood, to second order, that a response of the leaf's own gains over one base for all its rows. */
function gainOf({ r0, w0, r1, w1 }: ResponseScores, s: number, { shift, base, common }: Leaf): number {
  const told = (by: number, r: number, w: number) => by * r - (by * by * w) / 2
  return told(base, r0[s], w0[s]) + told(base + shift, r1[s], w1[s]) - told(common, r0[s] + r1[s], w0[s] + w1[s])
}

function meanWithError(values: Float64Array): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, error: Math.sqrt(squares) / Math.max(1, values.length) }
}
/** By feature, then shopper: the bin of the value, bins of about equal size; 0 where it is not known. */
function binned({ nShoppers, names, values }: ShopperFeatures): Uint8Array[] {
  return names.map((_, f) => {
    const column = Float64Array.from({ length: nShoppers }, (_, shopper) => values[shopper * names.length + f])
    const known = column.filter((value) => !Number.isNaN(value)).sort()
    const cuts = cutsOf(known)
    return Uint8Array.from(column, (value) => (Number.isNaN(value) ? 0 : 1 + cuts.filter((cut) => value > cut).length))
  })
}

/** Distinct values below which a bin ends; all of them where they are few. */
function cutsOf(ascending: Float64Array): number[] {
  const distinct = ascending.filter((value, i) => i === 0 || value !== ascending[i - 1])
  if (distinct.length <= BINS - 1) return [...distinct].slice(0, -1)
  const quantile = (share: number) => ascending[Math.floor(share * (ascending.length - 1))]
  const cuts = Array.from({ length: BINS - 2 }, (_, b) => quantile((b + 1) / (BINS - 1)))
  return cuts.filter((cut, b) => b === 0 || cut !== cuts[b - 1])
}

function grow(
  scores: ResponseScores,
  bins: Uint8Array[],
  members: Uint32Array,
  depth: number,
  options: SegmentOptions,
): Tree {
  let leaves: { tree: Tree; members: Uint32Array; depth: number; split: Candidate | null }[] = []
  const leafOfMembers = (own: Uint32Array, level: number) => ({
    tree: leafFrom(sumsOf(scores, own)) as Tree,
    members: own,
    depth: level,
    split: level < depth ? bestSplit(scores, bins, own, options) : null,
  })
  const root = leafOfMembers(members, 0)
  leaves = [root]
  while (leaves.length < options.mostLeaves) {
    const best = leaves.reduce((a, b) => ((b.split?.gain ?? 0) > (a.split?.gain ?? 0) ? b : a))
    if (best.split === null) break
    const { feature, bin } = best.split
    const left = leafOfMembers(
      best.members.filter((s) => bins[feature][s] <= bin),
      best.depth + 1,
    )
    const right = leafOfMembers(
      best.members.filter((s) => bins[feature][s] > bin),
      best.depth + 1,
    )
    // The node becomes a split in place, so that its parent still holds it.
    Object.assign(best.tree, { left: left.tree, right: right.tree, split: { feature, bin } })
    leaves = [...leaves.filter((leaf) => leaf !== best), left, right]
  }
  return root.tree
}

interface Candidate extends Split {
  gain: number
}

/** Null where no split leaves both sides with enough information, or none tells them apart at all. */
function bestSplit(
  scores: ResponseScores,
  bins: Uint8Array[],
  members: Uint32Array,
  { leastInformation }: SegmentOptions,
): Candidate | null {
  const all = sumsOf(scores, members)
  let best: Candidate | null = null
  for (const [feature, bin] of bins.entries()) {
    const byBin = Array.from({ length: BINS + 1 }, emptySums)
    for (const shopper of members) addTo(byBin[bin[shopper]], scores, shopper)
    const left = emptySums()
    for (let b = 0; b < BINS; b++) {
      left.r0 += byBin[b].r0
      left.w0 += byBin[b].w0
      left.r1 += byBin[b].r1
      left.w1 += byBin[b].w1
      const right = { r0: all.r0 - left.r0, w0: all.w0 - left.w0, r1: all.r1 - left.r1, w1: all.w1 - left.w1 }
      if (Math.min(left.w0, left.w1, right.w0, right.w1) < leastInformation) continue
      const gain = (deltaOf(left) - deltaOf(right)) ** 2 / (varianceOf(left) + varianceOf(right))
      if (gain > (best?.gain ?? 0)) best = { feature, bin: b, gain }
    }
  }
  return best
}

function emptySums(): Sums {
  return { r0: 0, w0: 0, r1: 0, w1: 0 }
}

function addTo(sums: Sums, { r0, w0, r1, w1 }: ResponseScores, shopper: number): void {
  sums.r0 += r0[shopper]
  sums.w0 += w0[shopper]
  sums.r1 += r1[shopper]
  sums.w1 += w1[shopper]
}

function sumsOf(scores: ResponseScores, members: Uint32Array): Sums {
  const sums = emptySums()
  for (const shopper of members) addTo(sums, scores, shopper)
  return sums
}

function deltaOf({ r0, w0, r1, w1 }: Sums): number {
  return r1 / w1 - r0 / w0
}

function varianceOf({ w0, w1 }: Sums): number {
  return 1 / w1 + 1 / w0
}

/** δ is drawn to 0; what it leaves over is the base's. */
function leafFrom(sums: Sums): Leaf {
  const { r0, w0, r1, w1 } = sums
  if (w0 === 0 || w1 === 0) return { common: 0, base: 0, shift: 0 }
  const prior = SHIFT_SPREAD ** 2
  const shift = (deltaOf(sums) * prior) / (prior + varianceOf(sums))
  const common = (r0 + r1) / (w0 + w1)
  return { common, base: common - (shift * w1) / (w0 + w1), shift }
}

function isLeaf(tree: Tree): tree is Leaf {
  return !('split' in tree)
}

function leafOf(tree: Tree, bins: Uint8Array[], shopper: number): Leaf {
  let node = tree
  while (!isLeaf(node)) node = bins[node.split.feature][shopper] <= node.split.bin ? node.left : node.right
  return node
}

/** From left to right; `onSplit` hears of every split, parents first. */
function numbered(tree: Tree, onSplit: (feature: number) => void): Leaf[] {
  if (isLeaf(tree)) return [tree]
  onSplit(tree.split.feature)
  return [...numbered(tree.left, onSplit), ...numbered(tree.right, onSplit)]
}

/** Shoppers stand in no order that means anything, so their number deals them out. */
function foldOf(shopper: number): number {
  return (Math.imul(shopper + 1, 0x9e3779b1) >>> 16) % FOLDS
}
