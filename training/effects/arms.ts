/**
 * What each arm of a trial would bring a case, from its features: one model for all arms in which an arm's own coefficients
 * are drawn to those that all share.
 *
 *   E[y | x, a] = link(x · (β + δ_a)),   ridge on β, and `apart` on δ
 *
 * A small `apart` is a model for each arm by itself (two logistic models, the baseline of uplift); a large one lets everybody
 * respond alike on the scale of the link. Intercepts are free in each arm. Which of them is taken is chosen by
 * cross-validation among the rows given, for a criterion that is higher for better predictions; the baseline stays unless
 * another is better by more than one standard error over the folds.
 */
import type { Design } from './features.ts'
import { fitLinear, type LinearModel, type Link, predictLinear } from './logistic.ts'

/** Cases of a trial; `arm` below `nArms`. */
export interface Cases {
  design: Design
  arm: Uint8Array
  outcome: Float64Array
  nArms: number
  link: Link
}

export interface ArmsModel {
  nArms: number
  model: LinearModel
}

const COMMON_RIDGE = 1
/** Of an arm's own coefficients; the first is the baseline. */
export const APART_RIDGES = [1, 30, 300] as const
const FOLDS = 4

export function fitArms(cases: Cases, apart: number): ArmsModel {
  const { design, nArms, outcome, link } = cases
  const ridge = new Float64Array(design.nCols * (1 + nArms))
  for (let j = 0; j < ridge.length; j++) {
    const isIntercept = j % design.nCols === 0
    ridge[j] = isIntercept ? (j === 0 ? COMMON_RIDGE : 0) : j < design.nCols ? COMMON_RIDGE : apart
  }
  return { nArms, model: fitLinear(stacked(design, cases.arm, nArms), outcome, ridge, link) }
}

/** Expected outcome of every row under one arm. */
export function predictArm(design: Design, { nArms, model }: ArmsModel, arm: number): Float64Array {
  return predictLinear(stacked(design, new Uint8Array(design.nRows).fill(arm), nArms), model)
}

/** The columns that all arms share, then each arm's own, which are 0 in the rows of others. */
function stacked({ nRows, nCols, data }: Design, arm: Uint8Array, nArms: number): Design {
  const wide = nCols * (1 + nArms)
  const all = new Float64Array(nRows * wide)
  for (let row = 0; row < nRows; row++) {
    const own = data.subarray(row * nCols, (row + 1) * nCols)
    all.set(own, row * wide)
    all.set(own, row * wide + nCols * (1 + arm[row]))
  }
  return { nRows, nCols: wide, data: all }
}

/** `criterion`: how good predictions by arm are for cases that were not learned from. */
export function chooseApart(cases: Cases, criterion: (held: Cases, predicted: Float64Array[]) => number): number {
  const scores = APART_RIDGES.map((apart) =>
    heldOutFolds(cases, apart).map(({ held, predicted }) => criterion(held, predicted)),
  )
  let best = 0
  for (let candidate = 1; candidate < APART_RIDGES.length; candidate++) {
    const gains = scores[candidate].map((score, fold) => score - scores[best][fold])
    const { mean, deviation } = meanAndDeviation(gains)
    if (mean > deviation / Math.sqrt(FOLDS)) best = candidate
  }
  return APART_RIDGES[best]
}

/** The cases of each fold, with predictions by arm of a model of the others. */
export function heldOutFolds(cases: Cases, apart: number): { held: Cases; predicted: Float64Array[] }[] {
  return Array.from({ length: FOLDS }, (_, fold) => {
    const isHeld = (row: number) => row % FOLDS === fold
    const held = rowsWhere(cases, isHeld)
    const model = fitArms(
      rowsWhere(cases, (row) => !isHeld(row)),
      apart,
    )
    return { held, predicted: Array.from({ length: cases.nArms }, (_, arm) => predictArm(held.design, model, arm)) }
  })
}

export function rowsWhere({ design, arm, outcome, nArms, link }: Cases, isIn: (row: number) => boolean): Cases {
  const rows = Uint32Array.from(arm.keys()).filter((row) => isIn(row))
  const data = new Float64Array(rows.length * design.nCols)
  rows.forEach((row, i) => {
    data.set(design.data.subarray(row * design.nCols, (row + 1) * design.nCols), i * design.nCols)
  })
  return {
    design: { nRows: rows.length, nCols: design.nCols, data },
    arm: Uint8Array.from(rows, (row) => arm[row]),
    outcome: Float64Array.from(rows, (row) => outcome[row]),
    nArms,
    link,
  }
}

export function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { mean, deviation: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) }
}
