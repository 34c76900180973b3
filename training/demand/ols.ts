/**
 * Plain log-log demand by group, ordinary least squares of the published protocols (`ln units ~ ln price × group`):
 *
 *   ln units = a_g + e_g ln price + Σ_f (c_gf + d_gf ln price) f + Σ_k γ_k control_k + ε
 *
 * e_g is the group's own-price elasticity where every interacted variable f is 0. Standard errors are the classical ones,
 * under equal and independent ε; R² is about the mean over all rows. Several interacted columns multiply each other too.
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import type { Variable } from './cells.ts'
import { fitNested, type NestedFit, reduceRows } from './nested.ts'
import type { Panel } from './panel.ts'

/** Null where the data does not tell it: the price of the group never changes, or other columns explain it. */
export interface Coefficient {
  value: number | null
  se: number | null
}

export interface GroupCoefficients {
  group: string
  rows: number
  intercept: Coefficient
  elasticity: Coefficient
  /** `feat`, `price:feat` and so on. */
  interactions: (Coefficient & { name: string })[]
}

export interface OlsReport {
  rows: number
  coefficients: number
  rSquared: number
  residualSe: number
  groups: GroupCoefficients[]
  controls: (Coefficient & { name: string })[]
}

export interface Ols {
  /** Throws `invalid_data` where the rows are too few to tell errors, or all alike. */
  report: () => OlsReport
  /** ln units of any row of the panel; the mean of what was learned from for a group that was not among it. */
  predict: (row: number) => number
}

const PRICE = 'price'

/** Least squares on `rows` of the panel. */
export function fitOls(panel: Panel, rows: Uint32Array): Ols {
  const terms = termsOf(panel)
  const own = terms.length
  const width = own + panel.controls.length + 1
  const fill = (row: number, into: Float64Array) => {
    for (let t = 0; t < own; t++) into[t] = terms[t].at(row)
    for (let c = 0; c < panel.controls.length; c++) into[own + c] = panel.controls[c].values[row]
    into[width - 1] = panel.logUnits[row]
  }
  const nGroups = panel.groups.length
  const groupOf = Uint32Array.from(rows, (row) => panel.group[row])
  const leaves = reduceRows(nGroups, groupOf, width, (r, into) => fill(rows[r], into))
  const controlColumns = panel.controls.map((_, c) => own + c)
  const levels = [
    { nNodes: 1, parentOf: [], features: controlColumns, penalties: new Float64Array(controlColumns.length) },
    {
      nNodes: nGroups,
      parentOf: new Uint32Array(nGroups),
      features: terms.map((_, t) => t),
      penalties: new Float64Array(own),
    },
  ]
  const fit = fitNested(levels, leaves, width)
  const counts = new Uint32Array(nGroups)
  for (const group of groupOf) counts[group]++
  return {
    report: () => reportOf(panel, rows, terms, fit, counts),
    predict: predictor(panel, rows, fit, fill, width, counts),
  }
}

interface Term {
  name: string
  at: (row: number) => number
}

/** 1, the interacted variables and their products; then the same times ln price. The second half starts with ln price. */
function termsOf({ interact, logPrice }: Panel): Term[] {
  let withoutPrice: Term[] = [{ name: '', at: () => 1 }]
  for (const variables of interact)
    withoutPrice = withoutPrice.concat(
      variables.flatMap((variable) => withoutPrice.map((term) => times(term, variable))),
    )
  const price = { name: PRICE, values: logPrice }
  return withoutPrice.concat(withoutPrice.map((term) => times(term, price)))
}

function times(term: Term, { name, values }: Variable): Term {
  const joined = name === PRICE ? [name, term.name] : [term.name, name]
  return { name: joined.filter((part) => part !== '').join(':'), at: (row) => term.at(row) * values[row] }
}

function reportOf(panel: Panel, rows: Uint32Array, terms: Term[], fit: NestedFit, counts: Uint32Array): OlsReport {
  const degrees = rows.length - fit.nCoefficients
  if (degrees <= 0)
    throw new OfferwrightError(
      'invalid_data',
      `${rows.length} rows are too few for ${fit.nCoefficients} coefficients`,
      { field: 'data', value: rows.length },
    )
  const sigma = Math.sqrt(fit.objective / degrees)
  const coefficient = (level: number, node: number, k: number, nFeatures: number): Coefficient => {
    if (fit.isAliased(level, node, k)) return { value: null, se: null }
    const unit = new Float64Array(nFeatures)
    unit[k] = 1
    return { value: fit.coefficients(level, node)[k], se: sigma * Math.sqrt(fit.variance(level, node, unit)) }
  }
  const price = terms.length / 2
  return {
    rows: rows.length,
    coefficients: fit.nCoefficients,
    rSquared: 1 - fit.objective / squaresAboutMean(panel.logUnits, rows),
    residualSe: sigma,
    groups: panel.groups.map((group, g) => ({
      group,
      rows: counts[g],
      intercept: coefficient(1, g, 0, terms.length),
      elasticity: coefficient(1, g, price, terms.length),
      interactions: terms.flatMap(({ name }, t) =>
        t === 0 || t === price ? [] : [{ name, ...coefficient(1, g, t, terms.length) }],
      ),
    })),
    controls: panel.controls.map(({ name }, c) => ({ name, ...coefficient(0, 0, c, panel.controls.length) })),
  }
}

export function meanOf(values: ArrayLike<number>, rows: Uint32Array): number {
  return rows.reduce((sum, row) => sum + values[row], 0) / rows.length
}

/** Throws where all values are equal: there is nothing to explain. */
function squaresAboutMean(values: Float64Array, rows: Uint32Array): number {
  const mean = meanOf(values, rows)
  const squares = rows.reduce((sum, row) => sum + (values[row] - mean) ** 2, 0)
  if (squares > 0) return squares
  throw new OfferwrightError('invalid_data', 'units are the same in every row', { field: 'units', value: mean })
}

function predictor(
  panel: Panel,
  rows: Uint32Array,
  fit: NestedFit,
  fill: (row: number, into: Float64Array) => void,
  width: number,
  counts: Uint32Array,
): (row: number) => number {
  const values = new Float64Array(width)
  const mean = meanOf(panel.logUnits, rows)
  const shared = fit.coefficients(0, 0)
  return (row) => {
    const group = panel.group[row]
    if (counts[group] === 0) return mean
    fill(row, values)
    const own = fit.coefficients(1, group)
    let sum = 0
    for (let k = 0; k < own.length; k++) sum += own[k] * values[k]
    for (let k = 0; k < shared.length; k++) sum += shared[k] * values[own.length + k]
    return sum
  }
}
