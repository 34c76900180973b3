/**
 * Least squares with coefficients at nested levels, the whole shop, its groups, their series:
 *
 *   y_r = Σ_levels x_r[features of the level] · θ(level, node of r) + ε_r,   ε ~ N(0, σ²)
 *   θ(level, node)_k ~ N(0, σ² / penalty_k²), one penalty for each feature of a level; 0 leaves a coefficient free
 *
 * Without penalties it is ordinary least squares, with them the posterior mode of a hierarchical model (Gelman, Hill, Data
 * Analysis Using Regression and Multilevel/Hierarchical Models, 2007, ch. 12). Nodes are eliminated from the series up,
 * each by orthogonal reflections on its own rows (`triangle.ts`), so the cost grows with the number of nodes and not with
 * its square. Variances are in units of σ².
 *
 * Levels stand from the shop (one node) down to the finest; a node of a level has one parent in the level above.
 */
import {
  backSubstitute,
  eliminate,
  forwardSubstitute,
  lengthBelow,
  NO_PIVOT,
  type Pivots,
  Triangle,
} from './triangle.ts'

export interface Level {
  nNodes: number
  /** Node of the level above, by node; empty for the first level. */
  parentOf: ArrayLike<number>
  /** Columns of the rows. */
  features: readonly number[]
  /** By feature. */
  penalties: ArrayLike<number>
}

interface Node {
  rows: Float64Array
  width: number
  pivots: Pivots
  theta: Float64Array
}

export interface NestedFit {
  /** Coefficient of feature k of a level's node; 0 where it is aliased. */
  coefficients(level: number, node: number): Float64Array
  /** Whether feature k is aliased with features before it, or with those of finer levels. */
  isAliased(level: number, node: number, k: number): boolean
  /**
   * Variance, in units of σ², of Σ_k a_k θ(level, node)_k + Σ_c b_c θ(above)_c, where b is by column of the rows and meets
   * the coefficients of all levels above. Infinite where an aliased coefficient takes part.
   */
  variance(level: number, node: number, a: ArrayLike<number>, above?: ArrayLike<number>): number
  /** Σ of squared residuals plus penalties. */
  objective: number
  /** Coefficients that are not aliased. */
  nCoefficients: number
}

/** Sufficient for all penalties: the triangle of each finest node's rows, columns and then y. */
export function reduceRows(
  nNodes: number,
  nodeOf: ArrayLike<number>,
  width: number,
  fill: (row: number, into: Float64Array) => void,
): Float64Array[] {
  const triangles = Array.from({ length: nNodes }, () => new Triangle(width))
  const row = new Float64Array(width)
  for (let r = 0; r < nodeOf.length; r++) {
    fill(r, row)
    triangles[nodeOf[r]].append(row)
  }
  return triangles.map((triangle) => triangle.reduced())
}

/** `leaves`: what `reduceRows` made of the rows of the last level's nodes, `width` columns with y last. */
export function fitNested(levels: readonly Level[], leaves: readonly Float64Array[], width: number): NestedFit {
  const nodes: Node[][] = levels.map(() => [])
  const lengths = columnLengths(levels, leaves, width)
  let below = [...leaves]
  for (let l = levels.length - 1; l >= 0; l--) {
    const above = columnsAbove(levels, l)
    const parents = l === 0 ? [] : Array.from({ length: levels[l - 1].nNodes }, () => new Triangle(width))
    below.forEach((rows, n) => {
      const node = eliminateNode(rows, width, levels[l], above, lengths[l][n])
      nodes[l].push(node)
      if (l > 0) passUp(node, above, parents[levels[l].parentOf[n]])
    })
    below = parents.map((parent) => parent.reduced())
  }
  solveDownwards(levels, nodes)
  return fitOf(levels, nodes, width)
}

/** Distinct features of the levels above `l`. */
function columnsAbove(levels: readonly Level[], l: number): number[] {
  return [...new Set(levels.slice(0, l).flatMap(({ features }) => features))].sort((x, y) => x - y)
}

/** Of each column among the rows of each node: what is left of a column after finer levels is measured against it. */
function columnLengths(levels: readonly Level[], leaves: readonly Float64Array[], width: number): Float64Array[][] {
  const lengths = levels.map(({ nNodes }) => Array.from({ length: nNodes }, () => new Float64Array(width)))
  const last = levels.length - 1
  leaves.forEach((rows, n) => {
    for (let c = 0; c < width; c++) lengths[last][n][c] = lengthBelow(rows, width, width, c, 0)
  })
  for (let l = last; l > 0; l--)
    lengths[l].forEach((own, n) => {
      const parent = lengths[l - 1][levels[l].parentOf[n]]
      for (let c = 0; c < width; c++) parent[c] = Math.hypot(parent[c], own[c])
    })
  return lengths
}

/** [own columns | columns above | y], with one row more for each penalty. */
function eliminateNode(
  triangle: Float64Array,
  width: number,
  level: Level,
  above: number[],
  lengths: Float64Array,
): Node {
  const columns = [...level.features, ...above, width - 1]
  const own = level.features.length
  const penalised = Array.from(level.penalties).filter((penalty) => penalty > 0).length
  const nRows = width + penalised
  const rows = new Float64Array(nRows * columns.length)
  for (let row = 0; row < width; row++)
    for (let c = 0; c < columns.length; c++) rows[row * columns.length + c] = triangle[row * width + columns[c]]
  let at = width
  for (let k = 0; k < own; k++) if (level.penalties[k] > 0) rows[at++ * columns.length + k] = level.penalties[k]
  const pivots = eliminate(
    rows,
    nRows,
    columns.length,
    own,
    level.features.map((column) => lengths[column]),
  )
  return { rows, width: columns.length, pivots, theta: new Float64Array(own) }
}

/** What the node's rows still say of the coefficients above. */
function passUp({ rows, width, pivots }: Node, above: number[], parent: Triangle): void {
  const own = pivots.rowOf.length
  const row = new Float64Array(parent.width)
  for (let start = pivots.rank * width; start < rows.length; start += width) {
    for (let c = 0; c < above.length; c++) row[above[c]] = rows[start + own + c]
    row[parent.width - 1] = rows[start + width - 1]
    parent.append(row)
  }
}

function solveDownwards(levels: readonly Level[], nodes: Node[][]): void {
  for (let l = 0; l < levels.length; l++) {
    const above = columnsAbove(levels, l)
    nodes[l].forEach((node, n) => {
      const known = totalAbove(levels, nodes, l, n)
      const { rows, width, pivots, theta } = node
      const right = new Float64Array(pivots.rank)
      for (let row = 0; row < pivots.rank; row++) {
        right[row] = rows[row * width + width - 1]
        for (let c = 0; c < above.length; c++)
          right[row] -= rows[row * width + theta.length + c] * (known.get(above[c]) ?? 0)
      }
      theta.set(backSubstitute(rows, width, pivots, right))
    })
  }
}

/** By column, the sum of the coefficients of the levels above. */
function totalAbove(levels: readonly Level[], nodes: Node[][], l: number, n: number): Map<number, number> {
  const total = new Map<number, number>()
  let node = n
  for (let upper = l - 1; upper >= 0; upper--) {
    node = levels[upper + 1].parentOf[node]
    levels[upper].features.forEach((column, k) => {
      total.set(column, (total.get(column) ?? 0) + nodes[upper][node].theta[k])
    })
  }
  return total
}

function fitOf(levels: readonly Level[], nodes: Node[][], width: number): NestedFit {
  const variance: NestedFit['variance'] = (l, n, a, above = new Float64Array(width)) => {
    const { rows, width: nodeWidth, pivots } = nodes[l][n]
    if (pivots.rowOf.some((row, k) => row === NO_PIVOT && Math.abs(a[k]) > 0)) return Number.POSITIVE_INFINITY
    const z = forwardSubstitute(rows, nodeWidth, pivots, a)
    const own = z.reduce((sum, value) => sum + value * value, 0)
    if (l === 0) return own
    const upper = Float64Array.from(above)
    columnsAbove(levels, l).forEach((column, c) => {
      z.forEach((value, row) => {
        upper[column] -= rows[row * nodeWidth + pivots.rowOf.length + c] * value
      })
    })
    const { features } = levels[l - 1]
    return (
      own +
      variance(
        l - 1,
        levels[l].parentOf[n],
        features.map((column) => upper[column]),
        upper,
      )
    )
  }
  const [root] = nodes[0]
  let objective = 0
  for (let at = root.pivots.rank * root.width + root.width - 1; at < root.rows.length; at += root.width)
    objective += root.rows[at] ** 2
  return {
    coefficients: (l, n) => nodes[l][n].theta,
    isAliased: (l, n, k) => nodes[l][n].pivots.rowOf[k] === NO_PIVOT,
    variance,
    objective,
    nCoefficients: nodes.flat().reduce((sum, { pivots }) => sum + pivots.rank, 0),
  }
}
