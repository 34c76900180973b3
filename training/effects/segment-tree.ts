/**
 * A tree over what is known of shoppers, whose leaves answer offers differently.
 *
 * Under a model in which everybody responds alike, let r = bought − p and w = p (1 − p), summed over a set of shoppers without
 * an offer (0) and with one (1). One Newton step tells how much more the set responds than all do, in log-odds:
 *
 *   δ = R1/W1 − R0/W0,   var δ = 1/W1 + 1/W0
 *
 * The difference takes out what makes the set buy more with or without an offer. A split is the one with the largest
 * (δ_l − δ_r)² / (var δ_l + var δ_r) (the criterion of Athey, Imbens, PNAS 113, 2016, on scores). Every node, not only a leaf,
 * keeps what it found, so a tree is read at any depth.
 */

/** By shopper: sums of r and w without and with an offer. */
export interface ResponseScores {
  r0: Float64Array
  w0: Float64Array
  r1: Float64Array
  w1: Float64Array
}

export interface SegmentOptions {
  /** At most 255, as segment 0 is taken. */
  mostLeaves: number
  /** Least information W0 and W1 of a leaf: 25 tell δ to ± 0.55 at best. */
  leastInformation: number
}

export interface Node {
  /** Log-odds by which the node's shoppers buy more than all do: `common` if they respond alike, `base` if not. */
  common: number
  base: number
  /** δ, drawn to 0, on top of `base`. */
  shift: number
  split: (Split & { left: Node; right: Node }) | null
}

export interface Split {
  feature: number
  /** Bins up to this go left. */
  bin: number
}

/** Bins of a feature are numbered below this. */
export const MOST_BINS = 17
/** Spread of δ that nodes are drawn to 0 by. */
const SHIFT_SPREAD = 0.3

type Sums = { [Name in keyof ResponseScores]: number }
interface Candidate extends Split {
  gain: number
}
interface Growing {
  node: Node
  members: Uint32Array
  depth: number
  candidate: Candidate | null
}

/** `bins`: by feature, then shopper. The most telling split first, until `depth` or `mostLeaves` is reached. */
export function growTree(
  scores: ResponseScores,
  bins: Uint8Array[],
  members: Uint32Array,
  depth: number,
  options: SegmentOptions,
): Node {
  const growing = (own: Uint32Array, at: number): Growing => ({
    node: nodeOf(sumsOf(scores, own)),
    members: own,
    depth: at,
    candidate: at < depth ? bestSplit(scores, bins, own, options) : null,
  })
  const root = growing(members, 0)
  for (let leaves = [root]; leaves.length < options.mostLeaves; ) {
    const best = leaves.reduce((a, b) => ((b.candidate?.gain ?? 0) > (a.candidate?.gain ?? 0) ? b : a))
    if (best.candidate === null) break
    const { feature, bin } = best.candidate
    const side = (isLeft: boolean) => best.members.filter((s) => bins[feature][s] <= bin === isLeft)
    const [left, right] = [growing(side(true), best.depth + 1), growing(side(false), best.depth + 1)]
    best.node.split = { feature, bin, left: left.node, right: right.node }
    leaves = [...leaves.filter((leaf) => leaf !== best), left, right]
  }
  return root.node
}

/** The node that stands for a shopper in a tree that is read down to `depth`. */
export function nodeFor(tree: Node, bins: Uint8Array[], shopper: number, depth: number): Node {
  let node = tree
  for (let level = 0; level < depth && node.split !== null; level++) {
    const { feature, bin, left, right } = node.split
    node = bins[feature][shopper] <= bin ? left : right
  }
  return node
}

/** Leaves of a tree that is read down to `depth`, from left to right; `onSplit` hears of every split, parents first. */
export function leavesOf(tree: Node, depth: number, onSplit: (feature: number) => void): Node[] {
  if (tree.split === null || depth === 0) return [tree]
  onSplit(tree.split.feature)
  return [...leavesOf(tree.split.left, depth - 1, onSplit), ...leavesOf(tree.split.right, depth - 1, onSplit)]
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
    const byBin = Array.from({ length: MOST_BINS }, emptySums)
    for (const shopper of members) addTo(byBin[bin[shopper]], scores, shopper)
    const left = emptySums()
    for (let b = 0; b < MOST_BINS - 1; b++) {
      for (const name of NAMES) left[name] += byBin[b][name]
      const right = emptySums()
      for (const name of NAMES) right[name] = all[name] - left[name]
      if (Math.min(left.w0, left.w1, right.w0, right.w1) < leastInformation) continue
      const gain = (deltaOf(left) - deltaOf(right)) ** 2 / (varianceOf(left) + varianceOf(right))
      if (gain > (best?.gain ?? 0)) best = { feature, bin: b, gain }
    }
  }
  return best
}

const NAMES = ['r0', 'w0', 'r1', 'w1'] as const

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
function nodeOf(sums: Sums): Node {
  const { r0, w0, r1, w1 } = sums
  if (w0 === 0 || w1 === 0) return { common: 0, base: 0, shift: 0, split: null }
  const prior = SHIFT_SPREAD ** 2
  const shift = (deltaOf(sums) * prior) / (prior + varianceOf(sums))
  const common = (r0 + r1) / (w0 + w1)
  return { common, base: common - (shift * w1) / (w0 + w1), shift, split: null }
}
