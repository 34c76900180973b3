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
type Tree = { left: Tree; right: Tree; split: Split } | { shift: number }

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
      for (const shopper of heldOut) gains[d][shopper] = gainOf(scores, shopper, leafOf(tree, bins, shopper).shift)
    }
  }
  const told = gains.map(meanWithError)
  const best = told.reduce((best, { mean }, d) => (mean > told[best].mean ? d : best), 0)
  const { mean, error } = told[best]
  return { depth: DEPTHS[best], gain: mean, interval: [mean - 1.96 * error, mean + 1.96 * error] as [number, number] }
}

/** δ (r1 − (w1/w0 part of the base)) is linear in the offered rows alone: their log-likelihood to second order. */
function gainOf({ r1, w1 }: ResponseScores, shopper: number, shift: number): number {
  return shift * r1[shopper] - (shift * shift * w1[shopper]) / 2
}

function meanWithError(values: Float64Array): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, error: Math.sqrt(squares) / Math.max(1, values.length) }
}
