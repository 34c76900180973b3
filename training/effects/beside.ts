/**
 * What moves the odds of buying an item beside its own offer: offers on others of its category in the same answer, which take
 * sales from it, and a list price that is not the usual one.
 *
 *   logit P(bought) = z − k rivals + c listed
 *
 * rivals: shares taken off the others, added up. listed = ε ln(P / P̄), P̄ the usual price. Offers that are drawn owe nothing to
 * chance buyers, so k is what they do; c is 1 where list prices move the odds as the elasticity says. Each is estimated given
 * the other and the response z that all share, in turns.
 */
import { type FitRows, fittedProbabilities } from './response-cells.ts'
import { fitResponse, type ResponseFit } from './response-fit.ts'
import { fitRows, type ResponseRows } from './response-rows.ts'
import type { ResponseShape } from './response-shape.ts'
import { learnSideEffect, type SideEffect } from './side-effect.ts'

const TURNS = 3
/** Before data speaks: 20 % off one item costs each of the others 4 % of its sales, give or take as much. */
const CANNIBALISED = { mean: 0.2, spread: 0.2 }
const LISTED = { mean: 1, spread: 1 }
/** More than an answer has. */
const RIVALS = 65_536
/** Between segments. */
const LISTED_SPREAD = 0.7

/**
 * Beside a base that is estimated too, only how x differs from its mean tells, or from that of its group: who is shown many rivals
 * may be another shopper than who is shown few, and a category of deeper offers may be bought less.
 */
function centred(x: Float64Array, weight: Float64Array, group: ArrayLike<number>): Float64Array {
  const sums = new Map<number, { x: number; weight: number }>()
  for (let row = 0; row < x.length; row++) {
    const sum = sums.get(group[row]) ?? { x: 0, weight: 0 }
    sum.x += weight[row] * x[row]
    sum.weight += weight[row]
    sums.set(group[row], sum)
  }
  const means = new Map([...sums].map(([of, sum]) => [of, sum.x / sum.weight]))
  return x.map((value, row) => value - (means.get(group[row]) ?? 0))
}

export interface Beside {
  /** k, not below 0. */
  cannibalised: SideEffect
  /** c. */
  listed: SideEffect
  /** The rows in one segment, their offset with both effects. */
  pooled: FitRows
  fit: ResponseFit
}

/** `shape`: of one segment. */
export function learnBeside(rows: ResponseRows, shape: ResponseShape): Beside {
  const nobody = new Uint32Array(rows.shopper.length)
  const against = rows.rivals.map((x) => -x)
  let cannibalised: SideEffect = { mean: 0, se: 0 }
  let listed: SideEffect = { mean: 0, se: 0 }
  let pooled = fitRows(rows, nobody, rows.offset)
  let fit = fitResponse(pooled, shape)
  const alike = Float64Array.from(rows.category, (category, row) => category * RIVALS + rows.nRivals[row])
  const ofRivals = centred(against, rows.weight, alike)
  const ofPrice = centred(rows.listed, rows.weight, nobody)
  for (let turn = 0; turn < TURNS; turn++) {
    const z = logOddsOf(pooled, fit)
    const without = (effect: SideEffect, x: Float64Array) => z.map((value, row) => value - effect.mean * x[row])
    cannibalised = learnSideEffect({ ...rows, logOdds: without(cannibalised, ofRivals), x: ofRivals }, CANNIBALISED)
    cannibalised.mean = Math.max(0, cannibalised.mean)
    listed = learnSideEffect({ ...rows, logOdds: without(listed, ofPrice), x: ofPrice }, LISTED)
    const offset = rows.offset.map(
      (value, row) => value + cannibalised.mean * against[row] + listed.mean * rows.listed[row],
    )
    pooled = fitRows(rows, nobody, offset)
    fit = fitResponse(pooled, shape)
  }
  return { cannibalised, listed, pooled, fit }
}

/** c of every segment, drawn to that of all, with the response of segments beside it; `fitted` has c of all in its offset. */
export function learnListed(
  rows: ResponseRows,
  fitted: FitRows,
  listed: SideEffect,
  shape: ResponseShape,
): { listed: Float64Array; fitted: FitRows; fit: ResponseFit } {
  const { segment } = fitted
  const prior = { mean: listed.mean, spread: LISTED_SPREAD }
  const plain = fitted.offset.map((value, row) => value - listed.mean * rows.listed[row])
  let own = new Float64Array(shape.nSegments).fill(listed.mean)
  const x = centred(rows.listed, rows.weight, segment)
  let now = fitted
  let fit = fitResponse(now, shape)
  for (let turn = 0; turn < TURNS; turn++) {
    const z = logOddsOf(now, fit)
    const logOdds = z.map((value, row) => value - own[segment[row]] * x[row])
    own = own.map((_, s) => learnSideEffect({ ...rows, logOdds, x }, prior, (row) => segment[row] === s).mean)
    now = fitRows(
      rows,
      segment,
      plain.map((value, row) => value + own[segment[row]] * rows.listed[row]),
    )
    fit = fitResponse(now, shape)
  }
  return { listed: own, fitted: now, fit }
}

function logOddsOf(rows: FitRows, { shape, parameters }: ResponseFit): Float64Array {
  return fittedProbabilities(rows, shape, parameters).map((p) => Math.log(p / (1 - p)))
}
