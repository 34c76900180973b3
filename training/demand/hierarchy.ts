/**
 * Hierarchical log-log demand: each group's coefficients vary about the shop's, each series' level and elasticity about its
 * group's,
 *
 *   y = z · (θ + δ_group + δ_series) + ε,   δ_level,k ~ N(0, τ²_level,k),   ε ~ N(0, σ²)
 *
 * The spreads τ and σ are learned from the same rows by expectation and maximisation (Dempster, Laird, Rubin, JRSS B 39, 1977):
 * τ²_k = mean over nodes of (δ² + its variance), so a group or series with few rows or little change of price leans on the
 * others as far as these are alike. Coefficients are for standardised features (`features.ts`).
 */
import { type Feature, LEVEL, PRICE } from './features.ts'
import { fitNested, type Level, type NestedFit, reduceRows } from './nested.ts'
import type { Panel } from './panel.ts'

/** τ²/σ² of each feature, by level. */
export type Spreads = Float64Array[]

export interface Hierarchy {
  spreads: Spreads
  sigma: number
  /** ln units of any row of the panel. */
  predict: (row: number) => number
  /** Mean and standard error of the groups' elasticity at their mean price, and of all groups' centre. */
  elasticities: { value: number; se: number }[]
  centre: { value: number; se: number }
}

const STEPS = 40
/** Steps end when no spread changes by more than this share. */
const SETTLED = 0.02
const FIRST_SPREAD = 0.1
/** τ²/σ² below which a deviation is nothing: keeps penalties finite. */
const LEAST_SPREAD = 1e-8
/** The shop's own coefficients are nearly free: a prior of 1,000 σ for a standardised feature, which mends aliases. */
const SHOP_PENALTY = 1e-3

/** `start`: spreads of an earlier fit with the same features. */
export function fitHierarchy(panel: Panel, rows: Uint32Array, features: Feature[], start?: Spreads): Hierarchy {
  const width = features.length + 1
  const seriesOf = Uint32Array.from(rows, (row) => panel.series[row])
  const leaves = reduceRows(panel.groupOf.length, seriesOf, width, (r, into) => {
    for (let k = 0; k < features.length; k++) into[k] = features[k].values[rows[r]]
    into[width - 1] = panel.logUnits[rows[r]]
  })
  let spreads = start ?? firstSpreads(panel, features.length)
  let levels = levelsOf(panel, features.length, spreads)
  let fit = fitNested(levels, leaves, width)
  for (let step = 0; step < STEPS; step++) {
    const next = nextSpreads(levels, fit, sigmaSquares(levels, fit, rows.length))
    const settled = next.every((own, l) => own.every((value, k) => Math.abs(value - spreads[l][k]) <= SETTLED * value))
    spreads = next
    levels = levelsOf(panel, features.length, spreads)
    fit = fitNested(levels, leaves, width)
    if (settled) break
  }
  const sigma = Math.sqrt(sigmaSquares(levels, fit, rows.length))
  return {
    spreads,
    sigma,
    predict: predictor(panel, features, levels, fit),
    ...elasticitiesOf(panel, features, fit, sigma),
  }
}

function firstSpreads({ groups, groupOf }: Panel, nFeatures: number): Spreads {
  const byGroup = new Float64Array(nFeatures).fill(FIRST_SPREAD)
  return groupOf.length > groups.length ? [byGroup, new Float64Array(2).fill(FIRST_SPREAD)] : [byGroup]
}

/** Series that are all alone in their group are no level of their own. */
function levelsOf({ groups, groupOf }: Panel, nFeatures: number, spreads: Spreads): Level[] {
  const features = Array.from({ length: nFeatures }, (_, k) => k)
  const penalties = spreads.map((own) => own.map((spread) => 1 / Math.sqrt(spread)))
  const levels: Level[] = [
    { nNodes: 1, parentOf: [], features, penalties: new Float64Array(nFeatures).fill(SHOP_PENALTY) },
    { nNodes: groups.length, parentOf: new Uint32Array(groups.length), features, penalties: penalties[0] },
  ]
  if (spreads.length > 1)
    levels.push({ nNodes: groupOf.length, parentOf: groupOf, features: [LEVEL, PRICE], penalties: penalties[1] })
  return levels
}

/** Squared residuals over the rows less the effective number of coefficients. */
function sigmaSquares(levels: Level[], fit: NestedFit, nRows: number): number {
  let squares = fit.objective
  let effective = 0
  forEachCoefficient(levels, fit, (value, variance, penalty) => {
    squares -= (penalty * value) ** 2
    effective += 1 - penalty ** 2 * variance()
  })
  return Math.max(squares, 1e-12) / Math.max(1, nRows - effective)
}

function nextSpreads(levels: Level[], fit: NestedFit, sigma2: number): Spreads {
  const sums = levels.map(({ features }) => new Float64Array(features.length))
  forEachCoefficient(levels, fit, (value, variance, _, l, k) => {
    sums[l][k] += value ** 2 / sigma2 + variance()
  })
  return sums.slice(1).map((own, l) => own.map((sum) => Math.max(LEAST_SPREAD, sum / levels[l + 1].nNodes)))
}

function forEachCoefficient(
  levels: Level[],
  fit: NestedFit,
  visit: (value: number, variance: () => number, penalty: number, level: number, k: number) => void,
): void {
  levels.forEach(({ nNodes, features, penalties }, l) => {
    for (let node = 0; node < nNodes; node++)
      features.forEach((_, k) => {
        visit(fit.coefficients(l, node)[k], () => fit.variance(l, node, unit(features.length, k)), penalties[k], l, k)
      })
  })
}

function unit(length: number, k: number): Float64Array {
  const vector = new Float64Array(length)
  vector[k] = 1
  return vector
}

function predictor(panel: Panel, features: Feature[], levels: Level[], fit: NestedFit): (row: number) => number {
  const shop = fit.coefficients(0, 0)
  const bySeries = Array.from(panel.groupOf, (group, series) => {
    const total = shop.map((value, k) => value + fit.coefficients(1, group)[k])
    if (levels.length > 2)
      levels[2].features.forEach((column, k) => {
        total[column] += fit.coefficients(2, series)[k]
      })
    return total
  })
  return (row) => {
    const total = bySeries[panel.series[row]]
    let sum = 0
    for (let k = 0; k < total.length; k++) sum += total[k] * features[k].values[row]
    return sum
  }
}

function elasticitiesOf(panel: Panel, features: Feature[], fit: NestedFit, sigma: number) {
  const { scale } = features[PRICE]
  const price = unit(features.length, PRICE)
  const above = unit(features.length + 1, PRICE)
  const shop = fit.coefficients(0, 0)[PRICE]
  return {
    elasticities: panel.groups.map((_, g) => ({
      value: (shop + fit.coefficients(1, g)[PRICE]) / scale,
      se: (sigma * Math.sqrt(fit.variance(1, g, price, above))) / scale,
    })),
    centre: { value: shop / scale, se: (sigma * Math.sqrt(fit.variance(0, 0, price))) / scale },
  }
}
