/**
 * How offers move the odds of buying, by mechanism, segment and campaign: a logistic regression in which what is seldom
 * seen is drawn towards what it belongs to.
 *
 *   logit P(bought) = offset + b + b_s + [offered] (show + slope t),   (show, slope) = μ_mechanism + u_mechanism,s + v_campaign
 *   μ ~ N((0, 1), PRIOR_SPREAD²),   u ~ N(0, τ_u²),   v ~ N(0, τ_v²),   b_s ~ N(0, τ_b²)
 *
 * t = ε ln(1 − d) ≥ 0. Posterior modes by Newton's method, their covariance by the inverse information, the spreads τ² by EM
 * over both (Laird, Ware, Biometrics 38, 1982; Breslow, Clayton, JASA 88, 1993), shows and slopes apart. Segment 0
 * is of shoppers nobody knows: it has a base of its own and the mechanism's own response.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { NO_OFFER } from './response-rows.ts'

/** Prior of a mechanism nobody has tried: it moves the odds as its price does, give or take a factor of e^±1 at 95 %. */
export const PRIOR = { show: 0, slope: 1, spread: 0.5 }
/** What is believed of τ before data speaks, worth this many members. */
const SPREAD_PRIOR = { value: 0.2, members: 2 }
const ROUNDS = 12
const STEPS = 25
const CONVERGED = 1e-7
const LARGEST_STEP = 2

export interface FitRows {
  /** By row, below `nSegments`. */
  segment: Uint32Array
  campaign: Int32Array
  /** t of each row. */
  priceMove: Float64Array
  offset: Float64Array
  bought: Uint8Array
}

/** Numbers of parameters and where each kind begins. */
export class ResponseShape {
  readonly nSegments: number
  readonly nMechanisms: number
  /** By campaign. */
  readonly mechanismOf: readonly number[]
  readonly nParameters: number
  readonly #mechanisms: number
  readonly #segments: number
  readonly #campaigns: number

  constructor(nSegments: number, nMechanisms: number, mechanismOf: readonly number[]) {
    this.nSegments = nSegments
    this.nMechanisms = nMechanisms
    this.mechanismOf = mechanismOf
    this.#mechanisms = 1 + (nSegments > 1 ? nSegments : 0)
    this.#segments = this.#mechanisms + 2 * nMechanisms
    this.#campaigns = this.#segments + 2 * nMechanisms * (nSegments - 1)
    this.nParameters = this.#campaigns + 2 * mechanismOf.length
  }

  /** Parameters whose sum is a segment's base. */
  base(segment: number): number[] {
    return this.nSegments > 1 ? [0, 1 + segment] : [0]
  }

  /** Parameters whose sum is a show; each one's slope comes next. `campaign`: `NO_OFFER` for one not seen yet. */
  show(mechanism: number, segment: number, campaign: number): number[] {
    const parts = [this.#mechanisms + 2 * mechanism]
    if (segment > 0) parts.push(this.#segments + 2 * (mechanism * (this.nSegments - 1) + segment - 1))
    if (campaign !== NO_OFFER) parts.push(this.#campaigns + 2 * campaign)
    return parts
  }

  /** By parameter, which spread is its prior's: 0 none, 1 base, 2 and 3 show and slope of segments, 4 and 5 of campaigns. */
  kinds(): Uint8Array {
    return Uint8Array.from({ length: this.nParameters }, (_, p) => {
      if (p < this.#mechanisms) return p === 0 ? 0 : 1
      if (p < this.#segments) return 0
      return (p < this.#campaigns ? 2 : 4) + ((p - this.#segments) % 2)
    })
  }

  /** 1 for the slopes of mechanisms. */
  priorMeans(): Float64Array {
    return Float64Array.from({ length: this.nParameters }, (_, p) => {
      if (p < this.#mechanisms || p >= this.#segments) return 0
      return (p - this.#mechanisms) % 2 === 1 ? PRIOR.slope : PRIOR.show
    })
  }
}

export interface ResponseFit {
  shape: ResponseShape
  parameters: Float64Array
  covariance: Matrix
  /** τ², in the order of `ResponseShape.kinds`. */
  spreads: number[]
}

export function fitResponse(rows: FitRows, shape: ResponseShape): ResponseFit {
  const kinds = shape.kinds()
  let spreads = new Array<number>(6).fill(SPREAD_PRIOR.value ** 2)
  let parameters = shape.priorMeans()
  let covariance = new Matrix(0, 0)
  for (let round = 0; round < ROUNDS; round++) {
    const precision = Float64Array.from(kinds, (kind) => 1 / (kind === 0 ? PRIOR.spread ** 2 : spreads[kind]))
    // The common base has no prior to speak of: the scorer's calibration may be off by any amount.
    precision[0] = 1e-6
    const mode = posteriorMode(rows, shape, precision, parameters)
    parameters = mode.parameters
    covariance = new CholeskyDecomposition(mode.information).solve(Matrix.eye(shape.nParameters))
    spreads = spreadsOf(kinds, parameters, covariance)
  }
  return { shape, parameters, covariance, spreads }
}

function spreadsOf(kinds: Uint8Array, parameters: Float64Array, covariance: Matrix): number[] {
  const { value, members } = SPREAD_PRIOR
  const squares = new Array<number>(6).fill(members * value ** 2)
  const counts = new Array<number>(6).fill(members)
  for (const [p, kind] of kinds.entries()) {
    squares[kind] += parameters[p] ** 2 + covariance.get(p, p)
    counts[kind]++
  }
  return squares.map((sum, kind) => sum / counts[kind])
}

function posteriorMode(rows: FitRows, shape: ResponseShape, precision: Float64Array, start: Float64Array) {
  const priorMeans = shape.priorMeans()
  let parameters = start
  for (let step = 0; ; step++) {
    const { score, information } = derivatives(rows, shape, parameters)
    for (let p = 0; p < shape.nParameters; p++) {
      score[p] -= precision[p] * (parameters[p] - priorMeans[p])
      information.set(p, p, information.get(p, p) + precision[p])
    }
    const change = new CholeskyDecomposition(information).solve(Matrix.columnVector(score)).to1DArray()
    const largest = Math.max(...change.map(Math.abs))
    if (largest < CONVERGED || step === STEPS) return { parameters, information }
    // The first steps from far away overshoot where the curve is flat.
    const factor = Math.min(1, LARGEST_STEP / largest)
    parameters = parameters.map((value, p) => value + factor * change[p])
  }
}

/** Of the log-likelihood. A row touches at most eight parameters. */
function derivatives(rows: FitRows, shape: ResponseShape, parameters: Float64Array) {
  const score = new Float64Array(shape.nParameters)
  const gram = new Float64Array(shape.nParameters ** 2)
  for (let row = 0; row < rows.bought.length; row++) {
    const touched = touchedBy(rows, shape, row)
    const p = probabilityOf(rows, touched, parameters, row)
    for (const [a, x] of touched) {
      score[a] += (rows.bought[row] - p) * x
      for (const [b, y] of touched) gram[a * shape.nParameters + b] += p * (1 - p) * x * y
    }
  }
  const information = Matrix.from1DArray(shape.nParameters, shape.nParameters, gram)
  return { score, information }
}

type Touched = [parameter: number, x: number][]

function touchedBy({ segment, campaign, priceMove }: FitRows, shape: ResponseShape, row: number): Touched {
  const touched: Touched = shape.base(segment[row]).map((p) => [p, 1])
  if (campaign[row] === NO_OFFER) return touched
  for (const p of shape.show(shape.mechanismOf[campaign[row]], segment[row], campaign[row]))
    touched.push([p, 1], [p + 1, priceMove[row]])
  return touched
}

function probabilityOf({ offset }: FitRows, touched: Touched, parameters: Float64Array, row: number): number {
  let z = offset[row]
  for (const [p, x] of touched) z += x * parameters[p]
  return 1 / (1 + Math.exp(-z))
}

/** Probability of buying of each row. */
export function fittedProbabilities(rows: FitRows, { shape, parameters }: ResponseFit): Float64Array {
  return Float64Array.from(rows.bought, (_, row) => probabilityOf(rows, touchedBy(rows, shape, row), parameters, row))
}
