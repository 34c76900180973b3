/**
 * Segments of shoppers by how they answer offers, and the base of each shopper, out of latent classes.
 *
 *   base = ln Σ_k w_k e^(b_k),   ω_k = w_k e^(b_k) / Σ w e^b: shares of the classes in what the shopper buys without offers
 *   answer(t) = ln Σ_k ω_k e^(s_k + l_k t): of odds, as purchases are rare
 *
 * Shoppers of about the same answer at the usual t are one segment; its curve is the line nearest to the answer of its mean ω
 * over the usual moves, so that show and slope are means of what the classes' are, by shares that add up to 1.
 */
import { baseAt, CLASSES, type LatentClasses, showAt, slopeAt } from './latent-classes.ts'

const SEGMENTS = 24

export interface ClassSegments {
  /** By shopper, from 1. */
  segment: Uint32Array
  /** By shopper, and last of everybody unknown. */
  base: Float64Array
  /** ω, by segment, then class; segment 0 is of everybody. */
  shares: Float64Array
  nSegments: number
}

/** `usualMove`: t at which answers are compared. */
export function segmentsOfClasses(
  { weights, parameters }: Pick<LatentClasses, 'weights' | 'parameters'>,
  usualMove: number,
): ClassSegments {
  const nShoppers = weights.length / CLASSES
  const shares = new Float64Array(weights.length)
  const base = new Float64Array(nShoppers + 1)
  const answer = new Float64Array(nShoppers)
  for (let s = 0; s < nShoppers; s++) {
    const own = shares.subarray(s * CLASSES, (s + 1) * CLASSES)
    base[s] = fillShares(parameters, weights.subarray(s * CLASSES, (s + 1) * CLASSES), own)
    answer[s] = answerOf(parameters, own, usualMove)
  }
  base[nShoppers] = Math.log(meanOf(base.subarray(0, nShoppers).map(Math.exp)))
  const segment = segmentsByAnswer(answer)
  const nSegments = 1 + Math.min(SEGMENTS, nShoppers)
  return { segment, base, nSegments, shares: meanShares(shares, base, segment, nSegments) }
}

/** Tells the base. */
function fillShares(parameters: Float64Array, weights: Float64Array, into: Float64Array): number {
  let sum = 0
  for (let k = 0; k < CLASSES; k++) {
    into[k] = weights[k] * Math.exp(parameters[baseAt(k)])
    sum += into[k]
  }
  for (let k = 0; k < CLASSES; k++) into[k] /= sum
  return Math.log(sum)
}

/** As many shoppers in each. */
function segmentsByAnswer(answer: Float64Array): Uint32Array {
  const order = Uint32Array.from(answer.keys()).sort((a, b) => answer[a] - answer[b] || a - b)
  const parts = Math.min(SEGMENTS, answer.length)
  const segment = new Uint32Array(answer.length)
  for (const [place, s] of order.entries()) segment[s] = 1 + Math.floor((place * parts) / answer.length)
  return segment
}

/** Shoppers count for as much as they buy. */
function meanShares(shares: Float64Array, base: Float64Array, segment: Uint32Array, nSegments: number): Float64Array {
  const means = new Float64Array(nSegments * CLASSES)
  const bought = new Float64Array(nSegments)
  for (const [s, own] of segment.entries()) {
    const mass = Math.exp(base[s])
    for (const to of [0, own]) {
      bought[to] += mass
      for (let k = 0; k < CLASSES; k++) means[to * CLASSES + k] += mass * shares[s * CLASSES + k]
    }
  }
  return means.map((sum, at) => sum / bought[Math.floor(at / CLASSES)])
}

export function answerOf(parameters: Float64Array, shares: ArrayLike<number>, t: number): number {
  let sum = 0
  for (let k = 0; k < CLASSES; k++) sum += shares[k] * Math.exp(parameters[showAt(k)] + parameters[slopeAt(k)] * t)
  return Math.log(sum)
}

/** Show and slope of the line nearest, in squares, to the answer at these moves. */
export function lineOf(
  parameters: Float64Array,
  shares: ArrayLike<number>,
  moves: readonly number[],
): [number, number] {
  const answers = moves.map((t) => answerOf(parameters, shares, t))
  const [meanMove, meanAnswer] = [meanOf(moves), meanOf(answers)]
  const square = meanOf(moves.map((t) => (t - meanMove) ** 2))
  const product = meanOf(moves.map((t, i) => (t - meanMove) * (answers[i] - meanAnswer)))
  const slope = square === 0 ? 0 : product / square
  return [meanAnswer - slope * meanMove, slope]
}

/** Σ ω_k of what `at` is the parameter of. */
export function meanParameter(parameters: Float64Array, shares: ArrayLike<number>, at: (k: number) => number): number {
  let sum = 0
  for (let k = 0; k < CLASSES; k++) sum += shares[k] * parameters[at(k)]
  return sum
}

function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < values.length; i++) sum += values[i]
  return sum / Math.max(1, values.length)
}
