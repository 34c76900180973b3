/**
 * How much more, or less, than all others a shopper answers offers, by what is known of them: an additive model with a ridge.
 *
 * Under a model in which everybody responds alike, let r = bought − p and w = p (1 − p), summed over a unit's rows without an
 * offer (0) and with one (1). To second order around that model the log-likelihood of a base β and a response γ of its own is
 *
 *   r0 β − w0 β² / 2 + r1 (β + γ) − w1 (β + γ)² / 2,     β = x b,  γ = x g
 *
 * which is least squares: r0 / w0 on (x, 0) with weight w0, r1 / w1 on (x, x) with weight w1. x says for each feature in which
 * of its bins the unit is, so that an effect need not be a line.
 */
import { CholeskyDecomposition, Matrix } from 'ml-matrix'
import type { ShopperFeatures } from './response-rows.ts'

/** By unit: sums of r and w without and with an offer. */
export interface ResponseScores {
  r0: Float64Array
  w0: Float64Array
  r1: Float64Array
  w1: Float64Array
}

/** Bins of a feature, one more of those of whom it is not known. */
const BINS = 6
const UNKNOWN = 0

/** Values up to which each bin of a feature goes; columns of bin b of feature f is `from[f] + b`. */
export interface Bins {
  names: string[]
  cuts: number[][]
  from: number[]
  nCols: number
}

/** About as many units in each bin, or a bin for each value where they are few. */
export function binsOf(features: ShopperFeatures): Bins {
  const cuts = features.names.map((_, f) => cutsOf(knownValues(features, f)))
  const from: number[] = []
  let nCols = 0
  for (const own of cuts) {
    from.push(nCols)
    nCols += own.length + 2
  }
  return { names: features.names, cuts, from, nCols }
}

function knownValues({ nShoppers, names, values }: ShopperFeatures, f: number): Float64Array {
  const column = Float64Array.from({ length: nShoppers }, (_, unit) => values[unit * names.length + f])
  return column.filter((value) => !Number.isNaN(value)).sort()
}

function cutsOf(ascending: Float64Array): number[] {
  const distinct = ascending.filter((value, i) => i === 0 || value !== ascending[i - 1])
  if (distinct.length <= BINS) return [...distinct].slice(0, -1)
  const cuts = Array.from(
    { length: BINS - 1 },
    (_, b) => ascending[Math.floor(((b + 1) / BINS) * (ascending.length - 1))],
  )
  return cuts.filter((cut, b) => b === 0 || cut !== cuts[b - 1])
}

/** By unit, then feature: the column that is 1. */
export function columnsOf({ nShoppers, names, values }: ShopperFeatures, { cuts, from }: Bins): Uint32Array {
  const columns = new Uint32Array(nShoppers * names.length)
  for (let at = 0; at < columns.length; at++) {
    const f = at % names.length
    const value = values[at]
    let bin = UNKNOWN
    if (!Number.isNaN(value)) for (bin = 1; bin <= cuts[f].length && value > cuts[f][bin - 1]; bin++);
    columns[at] = from[f] + bin
  }
  return columns
}

/** b and g, by column. `common`: of one base for all rows instead. */
export interface Effects {
  base: Float64Array
  response: Float64Array
  common: Float64Array
}

/** Σ w x xᵀ and Σ r x over units, without an offer and with one: all that a fit asks of them. */
export class Moments {
  readonly nCols: number
  readonly #gram: [Float64Array, Float64Array]
  readonly #score: [Float64Array, Float64Array]

  constructor(nCols: number) {
    this.nCols = nCols
    this.#gram = [new Float64Array(nCols ** 2), new Float64Array(nCols ** 2)]
    this.#score = [new Float64Array(nCols), new Float64Array(nCols)]
  }

  /** `own`: the columns that are 1. */
  add(own: Uint32Array, { r0, w0, r1, w1 }: ResponseScores, unit: number): void {
    const [r, w] = [
      [r0[unit], r1[unit]],
      [w0[unit], w1[unit]],
    ]
    for (const arm of [0, 1])
      for (const a of own) {
        this.#score[arm][a] += r[arm]
        for (const b of own) this.#gram[arm][a * this.nCols + b] += w[arm]
      }
  }

  addAll(other: Moments): void {
    for (const arm of [0, 1]) {
      for (let i = 0; i < this.#gram[arm].length; i++) this.#gram[arm][i] += other.#gram[arm][i]
      for (let i = 0; i < this.nCols; i++) this.#score[arm][i] += other.#score[arm][i]
    }
  }

  /** `ridge`: precision of each effect's prior, which is centred on 0. */
  fit(ridge: number): Effects {
    const n = this.nCols
    const [without, offered] = this.#gram
    const [s0, s1] = this.#score
    const both = solved(
      2 * n,
      ridge,
      (a, b) => (a < n && b < n ? without[a * n + b] : 0) + offered[(a % n) * n + (b % n)],
      (a) => (a < n ? s0[a] : 0) + s1[a % n],
    )
    return {
      base: both.subarray(0, n),
      response: both.subarray(n),
      common: solved(
        n,
        ridge,
        (a, b) => without[a * n + b] + offered[a * n + b],
        (a) => s0[a] + s1[a],
      ),
    }
  }
}

function solved(
  n: number,
  ridge: number,
  gram: (a: number, b: number) => number,
  score: (a: number) => number,
): Float64Array {
  const matrix = Matrix.zeros(n, n)
  for (let a = 0; a < n; a++) for (let b = 0; b < n; b++) matrix.set(a, b, gram(a, b) + (a === b ? ridge : 0))
  const column = Matrix.columnVector(Array.from({ length: n }, (_, a) => score(a)))
  return Float64Array.from(new CholeskyDecomposition(matrix).solve(column).to1DArray())
}

/** Sum of a unit's effects. */
export function effectOf(effects: Float64Array, columns: Uint32Array, nFeatures: number, unit: number): number {
  let sum = 0
  for (let at = unit * nFeatures; at < (unit + 1) * nFeatures; at++) sum += effects[columns[at]]
  return sum
}
