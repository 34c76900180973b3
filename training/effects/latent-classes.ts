/**
 * Classes of shoppers that nobody can see, who buy more or less anyway and answer prices and offers more or less (finite mixtures
 * of logits: Kamakura, Russell, Journal of Marketing Research 26, 1989).
 *
 *   logit P(bought | class k) = known + a score + h past + b_k + [offered] s_k + l_k move
 *   P(k | traits) = softmax_k(x β_k),   P(k | shopper) ∝ P(k | traits) Π P(row | k)
 *
 * move: what the row's price does to the odds by itself, of an offer and of a list price alike. a: scorers tell more or less apart
 * than they should. h: of items that were looked at. Maximum a posteriori by EM (Dempster, Laird, Rubin, JRSS B 39, 1977): one Newton
 * step a round for the logits, one under Böhning's bound for β (Annals of the Institute of Statistical Mathematics 44, 1992).
 * A row's weight counts for the logits only: what a shopper did is as telling of the class however likely the choice was.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import { Mixing, normalise, type ShopperColumns } from './class-mixing.ts'
import type { ClassRows } from './class-rows.ts'

/** Whether they buy anyway by whether they answer. */
export const CLASSES = 4
const START = [
  { base: -0.7, slope: 0.4 },
  { base: -0.7, slope: 1.6 },
  { base: 0.7, slope: 0.4 },
  { base: 0.7, slope: 1.6 },
]
const ROUNDS = 60
/** Log-likelihood a round and shopper below which EM has ended. */
const CONVERGED = 1e-6
/** Largest step of Newton's method: far away the curve is flat. */
const LARGEST_STEP = 1
/** Deviations of the priors: shows are drawn to a common one, which is drawn to 0, and slopes to 1, the price alone. */
const PRIOR = { base: 3, show: 0.15, commonShow: 0.5, slope: 1.5, scale: 1, past: 10 }
/** Less of a class than this is not worth a row's time. */
const LEAST_SHARE = 1e-3
/** Products of probabilities are taken to logarithms before they vanish. */
const SMALL = 1e-200
/** A row's regressors: 1, offered, move, score, past. Of a class: Σ r x, then Σ w x xᵀ on and below the diagonal. */
const REGRESSORS = 5
const BLOCK = REGRESSORS + (REGRESSORS * (REGRESSORS + 1)) / 2

export const baseAt = (k: number) => 3 * k
export const showAt = (k: number) => 3 * k + 1
export const slopeAt = (k: number) => 3 * k + 2
const SCALE = 3 * CLASSES
const PAST = SCALE + 1
const COMMON_SHOW = PAST + 1
const PARAMETERS = COMMON_SHOW + 1

export interface LatentClasses {
  /** P(k | shopper), shopper-major. */
  weights: Float64Array
  /** b, s and l of each class, then a, h and the common s. */
  parameters: Float64Array
  /** Of `parameters`, as if classes were known. */
  covariance: Matrix
  logLikelihood: number
}

/** Learns from the rows of `learnedFrom` shoppers, the first; tells of all. */
export function learnClasses(
  rows: ClassRows,
  traits: ShopperColumns,
  learnedFrom: number = traits.nShoppers,
): LatentClasses {
  const model = new Model(rows, traits)
  let before = Number.NEGATIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const logLikelihood = model.expect(learnedFrom)
    model.maximise(learnedFrom)
    if (logLikelihood - before < CONVERGED * learnedFrom) break
    before = logLikelihood
  }
  const covariance = model.covariance()
  const logLikelihood = model.expect(traits.nShoppers)
  return { weights: model.weights, parameters: model.parameters, covariance, logLikelihood }
}

class Model {
  parameters: Float64Array
  readonly weights: Float64Array
  readonly #rows: ClassRows
  readonly #mixing: Mixing
  readonly #means: Float64Array
  readonly #precision: Float64Array
  /** By class: Σ r x, then Σ w x xᵀ, over rows that count for as much as their shopper is of the class. */
  readonly #blocks = new Float64Array(CLASSES * BLOCK)
  /** Of one shopper's rows, by class. */
  #probability = new Float64Array(CLASSES * 64)

  constructor(rows: ClassRows, traits: ShopperColumns) {
    this.#rows = rows
    this.#mixing = new Mixing(traits, CLASSES)
    this.weights = new Float64Array(traits.nShoppers * CLASSES)
    this.#means = new Float64Array(PARAMETERS)
    this.#precision = new Float64Array(PARAMETERS)
    this.#setPriors(levelOf(rows, 0), levelOf(rows, 1))
    this.parameters = this.#means.slice()
    START.forEach(({ base, slope }, k) => {
      this.parameters[baseAt(k)] += base
      this.parameters[slopeAt(k)] = slope
    })
  }

  #setPriors(level: number, pastLevel: number): void {
    const set = (parameter: number, mean: number, deviation: number) => {
      this.#means[parameter] = mean
      this.#precision[parameter] = 1 / deviation ** 2
    }
    for (let k = 0; k < CLASSES; k++) {
      set(baseAt(k), level, PRIOR.base)
      set(slopeAt(k), 1, PRIOR.slope)
    }
    set(SCALE, 1, PRIOR.scale)
    set(PAST, pastLevel - level, PRIOR.past)
    set(COMMON_SHOW, 0, PRIOR.commonShow)
  }

  /** The weights, given the parameters, and what the next step needs of the rows; returns the log-likelihood. */
  expect(nShoppers: number): number {
    const { indptr } = this.#rows
    const prior = new Float64Array(CLASSES)
    this.#blocks.fill(0)
    let sum = 0
    for (let s = 0; s < nShoppers; s++) {
      const own = this.weights.subarray(s * CLASSES, (s + 1) * CLASSES)
      const [from, to] = [indptr[s], indptr[s + 1]]
      if ((to - from) * CLASSES > this.#probability.length)
        this.#probability = new Float64Array(2 * (to - from) * CLASSES)
      this.#mixing.shares(s, prior)
      for (let k = 0; k < CLASSES; k++) own[k] = Math.log(prior[k]) + this.#logLikelihood(k, from, to)
      sum += normalise(own)
      for (let k = 0; k < CLASSES; k++) if (own[k] > LEAST_SHARE) this.#addRows(k, own[k], from, to)
    }
    return sum
  }

  /** Of rows under a class; keeps their probabilities. */
  #logLikelihood(k: number, from: number, to: number): number {
    const { offered, move, known, score, isPast, bought } = this.#rows
    const { parameters } = this
    const [b, s, l] = parameters.subarray(baseAt(k), baseAt(k) + 3)
    const [a, h] = [parameters[SCALE], parameters[PAST]]
    const probability = this.#probability
    const base = k * (to - from) - from
    let sum = 0
    let product = 1
    for (let row = from; row < to; row++) {
      const z = known[row] + a * score[row] + h * isPast[row] + b + s * offered[row] + l * move[row]
      const p = 1 / (1 + Math.exp(-z))
      probability[base + row] = p
      product *= bought[row] === 1 ? p : 1 - p
      if (product > SMALL) continue
      sum += Math.log(Math.max(product, Number.MIN_VALUE))
      product = 1
    }
    return sum + Math.log(product)
  }

  /** Offered and past are 0 or 1, and there is no score of what is past; sums stand as `REGRESSORS` are. */
  #addRows(k: number, share: number, from: number, to: number): void {
    const { offered, move, score, isPast, weight, bought } = this.#rows
    const probability = this.#probability
    const base = k * (to - from) - from
    let [r0, r1, r2, r3, r4] = [0, 0, 0, 0, 0]
    let [w0, w1, w2, w3, w4] = [0, 0, 0, 0, 0]
    let [w12, w22, w13, w23, w33, w14, w24] = [0, 0, 0, 0, 0, 0, 0]
    for (let row = from; row < to; row++) {
      const p = probability[base + row]
      const r = weight[row] * (bought[row] - p)
      const w = weight[row] * p * (1 - p)
      const x = move[row]
      const y = score[row]
      r0 += r
      r2 += r * x
      r3 += r * y
      w0 += w
      w2 += w * x
      w22 += w * x * x
      w3 += w * y
      w23 += w * x * y
      w33 += w * y * y
      if (offered[row] === 1) {
        r1 += r
        w1 += w
        w12 += w * x
        w13 += w * y
      }
      if (isPast[row] === 0) continue
      r4 += r
      w4 += w
      w24 += w * x
      if (offered[row] === 1) w14 += w
    }
    const scores = [r0, r1, r2, r3, r4]
    const information = [w0, w1, w1, w2, w12, w22, w3, w13, w23, w33, w4, w14, w24, 0, w4]
    const sums = this.#blocks.subarray(k * BLOCK, (k + 1) * BLOCK)
    for (let i = 0; i < scores.length; i++) sums[i] += share * scores[i]
    for (let i = 0; i < information.length; i++) sums[REGRESSORS + i] += share * information[i]
  }

  /** The parameters, given the weights of the first shoppers. */
  maximise(nShoppers: number): void {
    const { score, information } = this.#derivatives()
    const change = new CholeskyDecomposition(information).solve(Matrix.columnVector(score)).to1DArray()
    const factor = Math.min(1, LARGEST_STEP / Math.max(...change.map(Math.abs)))
    this.parameters = this.parameters.map((value, p) => value + factor * change[p])
    this.#mixing.maximise(this.weights, nShoppers)
  }

  covariance(): Matrix {
    return new CholeskyDecomposition(this.#derivatives().information).solve(Matrix.eye(PARAMETERS))
  }

  #derivatives(): { score: Float64Array; information: Matrix } {
    const score = this.parameters.map((value, p) => -this.#precision[p] * (value - this.#means[p]))
    const information = Matrix.diag([...this.#precision])
    for (let k = 0; k < CLASSES; k++) {
      const sums = this.#blocks.subarray(k * BLOCK, (k + 1) * BLOCK)
      const places = [baseAt(k), showAt(k), slopeAt(k), SCALE, PAST]
      places.forEach((p, i) => {
        score[p] += sums[i]
        places.forEach((q, j) => {
          const [high, low] = [Math.max(i, j), Math.min(i, j)]
          const at = REGRESSORS + (high * (high + 1)) / 2 + low
          information.set(p, q, information.get(p, q) + sums[at])
        })
      })
      drawTogether(score, information, this.parameters, showAt(k))
    }
    return { score, information }
  }
}

/** The prior of a class's show, around the common one. */
function drawTogether(score: Float64Array, information: Matrix, parameters: Float64Array, show: number): void {
  const precision = 1 / PRIOR.show ** 2
  const apart = precision * (parameters[show] - parameters[COMMON_SHOW])
  score[show] -= apart
  score[COMMON_SHOW] += apart
  for (const p of [show, COMMON_SHOW])
    for (const q of [show, COMMON_SHOW])
      information.set(p, q, information.get(p, q) + (p === q ? precision : -precision))
}

/** Log-odds of the share bought of the rows that are past, or not. */
function levelOf({ isPast, bought }: ClassRows, past: number): number {
  let [rows, sold] = [1, 0.5]
  for (let row = 0; row < bought.length; row++)
    if (isPast[row] === past) {
      rows++
      sold += bought[row]
    }
  return Math.log(sold / (rows - sold))
}
