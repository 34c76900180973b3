/**
 * How offers move the odds of buying, by mechanism, segment and campaign: a logistic regression in which what is seldom
 * seen is drawn towards what it belongs to.
 *
 *   logit P(bought) = offset + b + b_s + [offered] (show + slope t),   (show, slope) = μ_mechanism + u_mechanism,s + v_campaign
 *   μ ~ N((0, 1), PRIOR.spread²),   u ~ N(0, τ_u²),   v ~ N(0, τ_v²),   b_s ~ N(0, τ_b²)
 *
 * t = ε ln(1 − d) ≥ 0. Posterior modes by Newton's method, their covariance by the inverse information, the spreads τ² by EM
 * over both (Laird, Ware, Biometrics 38, 1982; Breslow, Clayton, JASA 88, 1993), shows and slopes apart. Segment 0
 * is of shoppers nobody knows: it has a base of its own and the mechanism's own response.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { type Cells, cellSums, cellsOf, type FitRows } from './response-cells.ts'
import { LINE, PRIOR, type ResponseShape, SPREAD } from './response-shape.ts'

/** What is believed of τ before data speaks, worth so many members: campaigns of one mechanism differ less than shoppers do. */
const SPREAD_PRIOR = { values: [0.2, 0.2, 0.2, 0.2, 0.1, 0.1], members: 2 }
/** The scorer's calibration may be off by any amount, so the common base has no prior to speak of. */
const BASE_PRECISION = 1e-6
const ROUNDS = 12
/** Relative change of the spreads at which their rounds end. */
const SETTLED = 1e-3
const STEPS = 25
/** Newton's next step would be about the square of this one. */
const CONVERGED = 1e-4
/** The first steps from far away overshoot where the curve is flat. */
const LARGEST_STEP = 2

export interface ResponseFit {
  shape: ResponseShape
  parameters: Float64Array
  covariance: Matrix
  /** τ², as `SPREAD` numbers them. */
  spreads: number[]
}

/** `isKept`: which rows take part; all when absent. */
export function fitResponse(rows: FitRows, shape: ResponseShape, isKept?: (row: number) => boolean): ResponseFit {
  const cells = cellsOf(rows, shape, isKept)
  const kinds = shape.kinds()
  let spreads = SPREAD_PRIOR.values.map((value) => value ** 2)
  let parameters = shape.priorMeans()
  let covariance = new Matrix(0, 0)
  for (let round = 0; round < ROUNDS; round++) {
    const mode = posteriorMode(cells, shape, precisionsOf(kinds, spreads), parameters)
    parameters = mode.parameters
    covariance = new CholeskyDecomposition(mode.information).solve(Matrix.eye(shape.nParameters))
    const next = spreadsOf(kinds, parameters, covariance)
    const moved = next.map((spread, kind) => Math.abs(spread / spreads[kind] - 1))
    spreads = next
    if (Math.max(...moved) < SETTLED) break
  }
  return { shape, parameters, covariance, spreads }
}

/** By parameter, as `shape.kinds()` numbers the spreads. */
export function precisionsOf(kinds: Uint8Array, spreads: number[]): Float64Array {
  const fixed = new Map<number, number>([
    [SPREAD.own, PRIOR.spread],
    [SPREAD.lineShow, LINE.show],
    [SPREAD.lineSlope, LINE.slope],
  ])
  const precision = Float64Array.from(kinds, (kind) => 1 / ((fixed.get(kind) ?? 0) ** 2 || spreads[kind]))
  precision[0] = BASE_PRECISION
  return precision
}

function spreadsOf(kinds: Uint8Array, parameters: Float64Array, covariance: Matrix): number[] {
  const { values, members } = SPREAD_PRIOR
  const squares = values.map((value) => members * value ** 2)
  const counts = values.map(() => members)
  for (const [p, kind] of kinds.entries()) {
    if (kind >= values.length) continue
    squares[kind] += parameters[p] ** 2 + covariance.get(p, p)
    counts[kind]++
  }
  return squares.map((sum, kind) => sum / counts[kind])
}

function posteriorMode(cells: Cells, shape: ResponseShape, precision: Float64Array, start: Float64Array) {
  const priorMeans = shape.priorMeans()
  let parameters = start
  for (let step = 0; ; step++) {
    const { score, information } = derivatives(cells, shape, parameters)
    for (let p = 0; p < shape.nParameters; p++) {
      score[p] -= precision[p] * (parameters[p] - priorMeans[p])
      information.set(p, p, information.get(p, p) + precision[p])
    }
    const change = new CholeskyDecomposition(information).solve(Matrix.columnVector(score)).to1DArray()
    const largest = Math.max(...change.map(Math.abs))
    const factor = Math.min(1, LARGEST_STEP / largest)
    parameters = parameters.map((value, p) => value + factor * change[p])
    if (largest < CONVERGED || step === STEPS) return { parameters, information }
  }
}

/** Of the log-likelihood: sums of each cell, added to every parameter that the cell touches. */
function derivatives(cells: Cells, { nParameters }: ResponseShape, parameters: Float64Array) {
  const score = new Float64Array(nParameters)
  const gram = new Float64Array(nParameters ** 2)
  const add = (a: number, b: number, value: number) => {
    gram[a * nParameters + b] += value
  }
  for (let cell = 0; cell < cells.bases.length; cell++) {
    if (cells.indptr[cell] === cells.indptr[cell + 1]) continue
    const { r, rt, w, wt, wtt } = cellSums(cells, cell, parameters)
    const shows = cells.shows[cell]
    const constants = [...cells.bases[cell], ...shows]
    for (const { parameter: a, times: x } of constants) {
      score[a] += x * r
      for (const { parameter: b, times: y } of constants) add(a, b, x * y * w)
      for (const { parameter: b, times: y } of shows) {
        add(a, b + 1, x * y * wt)
        add(b + 1, a, x * y * wt)
      }
    }
    for (const { parameter: a, times: x } of shows) {
      score[a + 1] += x * rt
      for (const { parameter: b, times: y } of shows) add(a + 1, b + 1, x * y * wtt)
    }
  }
  return { score, information: Matrix.from1DArray(nParameters, nParameters, gram) }
}
