/**
 * Segments of shoppers who answer offers differently: leaves of a tree (`segment-tree.ts`), as deep as held-out shoppers
 * confirm, and none at all where they do not.
 *
 * A tree is judged on shoppers that it has not seen: by the log-likelihood, to second order around the common fit, that a
 * response of the leaf's own gains over one base for all its rows. Depth is chosen by that on five folds. Whether there is a
 * signal is asked of each fold with the depth that the other four chose among themselves, by trees that have seen neither:
 * a depth is never tested on the shoppers that it was chosen by.
 */
import type { ShopperFeatures } from './response-rows.ts'
import {
  growTree,
  leavesOf,
  MOST_BINS,
  type Node,
  nodeFor,
  type ResponseScores,
  type SegmentOptions,
} from './segment-tree.ts'

export interface Segmentation {
  nSegments: number
  depth: number
  /** Held-out log-likelihood a shopper that segments gain over none, with its 95 % interval. */
  gain: number
  interval: [low: number, high: number]
  /** Features that split, the first split first. */
  splitBy: string[]
  /** By shopper: 0 where there is one segment, else from 1. The features are named as those it was learned from. */
  segmentsOf(features: ShopperFeatures): Uint32Array
  /** By fold, what the shoppers of all other folds tell of everybody, at the same depth: for judging on the fold itself. */
  without: { nSegments: number; segment: Uint32Array }[]
}

const DEPTHS = [1, 2, 3, 4, 5, 6]
const DEEPEST = DEPTHS[DEPTHS.length - 1]
export const FOLDS = [0, 1, 2, 3, 4]

export function learnSegments(
  scores: ResponseScores,
  features: ShopperFeatures,
  options: SegmentOptions,
): Segmentation {
  const cuts = features.names.map((_, f) => cutsOf(knownValues(features, f)))
  const bins = binned(features, cuts)
  const seen = Uint32Array.from(scores.w0.keys()).filter((shopper) => scores.w0[shopper] + scores.w1[shopper] > 0)
  const { trees, depth, gain, interval } = confirmed({ scores, bins, seen, options })
  const tree = growTree(scores, bins, seen, depth, options)
  const names: string[] = []
  leavesOf(tree, depth, (feature) => names.push(features.names[feature]))
  if (interval[0] <= 0 || names.length === 0) return { ...none(features.nShoppers), gain, interval }
  const read = (grown: Node, own: Uint8Array[], nShoppers: number) => {
    const numberOf = new Map(leavesOf(grown, depth, () => undefined).map((leaf, i) => [leaf, i + 1]))
    const segment = Uint32Array.from({ length: nShoppers }, (_, s) => numberOf.get(nodeFor(grown, own, s, depth)) ?? 0)
    return { nSegments: numberOf.size + 1, segment }
  }
  return {
    nSegments: read(tree, bins, 0).nSegments,
    depth,
    gain,
    interval,
    splitBy: [...new Set(names)],
    segmentsOf: (asked) => read(tree, binned(asked, cuts), asked.nShoppers).segment,
    without: trees.map((grown) => read(grown, bins, features.nShoppers)),
  }
}

function none(nShoppers: number): Omit<Segmentation, 'gain' | 'interval'> {
  return {
    nSegments: 1,
    depth: 0,
    splitBy: [],
    segmentsOf: (asked) => new Uint32Array(asked.nShoppers),
    without: FOLDS.map(() => ({ nSegments: 1, segment: new Uint32Array(nShoppers) })),
  }
}

interface Learning {
  scores: ResponseScores
  bins: Uint8Array[]
  /** Shoppers with rows. */
  seen: Uint32Array
  options: SegmentOptions
}

function confirmed(learning: Learning): Pick<Segmentation, 'depth' | 'gain' | 'interval'> & { trees: Node[] } {
  const { scores, bins, seen } = learning
  const members = FOLDS.map((fold) => seen.filter((shopper) => foldOf(shopper) === fold))
  /** Total gain of the shoppers of fold `on`, at every depth, by a tree that has not seen them. */
  const totals = (tree: Node, on: number) =>
    DEPTHS.map((depth) => members[on].reduce((sum, s) => sum + gainOf(scores, s, nodeFor(tree, bins, s, depth)), 0))
  const trees = FOLDS.map((fold) => treeWithout(learning, [fold]))
  const inner = FOLDS.map(() => DEPTHS.map(() => 0))
  for (const a of FOLDS)
    for (const b of FOLDS.slice(a + 1)) {
      const tree = treeWithout(learning, [a, b])
      addInto(inner[a], totals(tree, b))
      addInto(inner[b], totals(tree, a))
    }
  const gains = FOLDS.flatMap((fold) => {
    const depth = DEPTHS[largest(inner[fold])]
    return Array.from(members[fold], (s) => gainOf(scores, s, nodeFor(trees[fold], bins, s, depth)))
  })
  const outer = DEPTHS.map(() => 0)
  for (const fold of FOLDS) addInto(outer, totals(trees[fold], fold))
  const { mean, error } = meanWithError(gains)
  return { trees, depth: DEPTHS[largest(outer)], gain: mean, interval: [mean - 1.96 * error, mean + 1.96 * error] }
}

function treeWithout({ scores, bins, seen, options }: Learning, folds: number[]): Node {
  const train = seen.filter((shopper) => !folds.includes(foldOf(shopper)))
  return growTree(scores, bins, train, DEEPEST, options)
}

function gainOf({ r0, w0, r1, w1 }: ResponseScores, s: number, { shift, base, common }: Node): number {
  const told = (by: number, r: number, w: number) => by * r - (by * by * w) / 2
  return told(base, r0[s], w0[s]) + told(base + shift, r1[s], w1[s]) - told(common, r0[s] + r1[s], w0[s] + w1[s])
}

function meanWithError(values: number[]): { mean: number; error: number } {
  const n = Math.max(1, values.length)
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  return { mean, error: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / n }
}

function addInto(sums: number[], values: number[]): void {
  for (const [i, value] of values.entries()) sums[i] += value
}

/** Position of the largest, the first of equal ones: the shallowest depth. */
function largest(values: number[]): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0)
}

/** By feature, then shopper: the bin of the value; 0 where it is not known. */
function binned({ nShoppers, names, values }: ShopperFeatures, cuts: number[][]): Uint8Array[] {
  return names.map((_, f) =>
    Uint8Array.from({ length: nShoppers }, (_, shopper) => {
      const value = values[shopper * names.length + f]
      return Number.isNaN(value) ? 0 : 1 + cuts[f].filter((cut) => value > cut).length
    }),
  )
}

function knownValues({ nShoppers, names, values }: ShopperFeatures, f: number): Float64Array {
  const column = Float64Array.from({ length: nShoppers }, (_, shopper) => values[shopper * names.length + f])
  return column.filter((value) => !Number.isNaN(value)).sort()
}

/** Values up to which a bin goes: about as many shoppers in each, or a bin for each value where they are few. */
function cutsOf(ascending: Float64Array): number[] {
  const most = MOST_BINS - 2
  const distinct = ascending.filter((value, i) => i === 0 || value !== ascending[i - 1])
  if (distinct.length <= most + 1) return [...distinct].slice(0, -1)
  const cuts = Array.from(
    { length: most },
    (_, b) => ascending[Math.floor(((b + 1) / (most + 1)) * (ascending.length - 1))],
  )
  return cuts.filter((cut, b) => b === 0 || cut !== cuts[b - 1])
}

/** Shoppers stand in no order that means anything, so their number deals them out. */
export function foldOf(shopper: number): number {
  return (Math.imul(shopper + 1, 0x9e3779b1) >>> 16) % FOLDS.length
}
