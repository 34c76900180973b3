/**
 * The items most like each target by the cosine of their weighted terms:
 *
 *   s(t, j) = Σ_w a_tw a_jw / (‖a_t‖ ‖a_j‖)
 *
 * In two steps, so that words which half the catalogue has do not make it quadratic. The kernel adds up, for each target,
 * its rarest terms as long as the items that have them come to at most `POSTINGS` in all, and gives the best few times
 * as many items as are wanted (the "quit" strategy of A. Moffat, J. Zobel: Self-indexing inverted files, 1996: the terms
 * left out are the lightest). These are then compared exactly, over all terms. So a target costs at most `POSTINGS`
 * additions however large the catalogue is; where all terms of a target fit, its neighbours are exact.
 */
import { inverseNormsOf, nearestItems } from '../nearest.ts'
import { type Csr, transpose } from '../sparse.ts'

const POSTINGS = 20_000
/** Items compared exactly for each neighbour wanted. */
const CANDIDATES = 4

export interface ContentParameters {
  /** Items whose neighbours are wanted. */
  targets: Uint32Array
  /** Items that may be neighbours. */
  sources: Uint32Array
  neighbours: number
  threads: number
}

/**
 * `terms`: items × terms. Items × items; row t of a target: its neighbours, best first, equal ones by index, with their
 * cosines; the other rows are empty. `onDone` counts items.
 */
export function contentNeighbours(
  terms: Csr,
  { targets, sources, neighbours, threads }: ContentParameters,
  onDone: (items: number) => void = () => undefined,
): Promise<Csr> {
  const rows = transpose(onlyRows(terms, sources))
  const cols = rarestTerms(onlyRows(terms, targets), rows)
  const inverseNorms = inverseNormsOf(terms)
  const exact = new ExactCosines(terms, inverseNorms, neighbours)
  const task = { rows, cols, inverseNorms, k: CANDIDATES * neighbours, threads }
  return nearestItems(task, onDone, (block, from) => exact.best(block, from))
}

/** The same matrix with every other row empty. */
function onlyRows(matrix: Csr, rows: Uint32Array): Csr {
  const wanted = new Uint8Array(matrix.nRows)
  for (const row of rows) wanted[row] = 1
  return filtered(matrix, (row, kept) => {
    if (wanted[row] === 1) for (let p = matrix.indptr[row]; p < matrix.indptr[row + 1]; p++) kept.push(p)
  })
}

/** Of each row the terms with the fewest items, as many as `POSTINGS` allows; `byTerm` holds each term's items. */
function rarestTerms(matrix: Csr, byTerm: Csr): Csr {
  const { indptr, indices } = matrix
  const itemsWith = (p: number) => byTerm.indptr[indices[p] + 1] - byTerm.indptr[indices[p]]
  return filtered(matrix, (row, kept) => {
    const entries = Array.from({ length: indptr[row + 1] - indptr[row] }, (_, at) => indptr[row] + at)
    entries.sort((a, b) => itemsWith(a) - itemsWith(b) || a - b)
    let postings = 0
    for (const p of entries) {
      postings += itemsWith(p)
      if (postings > POSTINGS) break
      kept.push(p)
    }
  })
}

/** The entries of each row whose positions `choose` puts into `kept`. */
function filtered(matrix: Csr, choose: (row: number, kept: number[]) => void): Csr {
  const indptr = new Uint32Array(matrix.nRows + 1)
  const kept: number[] = []
  for (let row = 0; row < matrix.nRows; row++) {
    choose(row, kept)
    indptr[row + 1] = kept.length
  }
  const indices = Uint32Array.from(kept, (p) => matrix.indices[p])
  const data = Float32Array.from(kept, (p) => matrix.data[p])
  return { ...matrix, indptr, indices, data }
}

/** Compares candidates over all terms. */
class ExactCosines {
  readonly #terms: Csr
  readonly #inverseNorms: Float64Array
  readonly #k: number
  /** The target's weights by term; zero between targets. */
  readonly #weights: Float64Array
  readonly #cosines: Float64Array

  constructor(terms: Csr, inverseNorms: Float64Array, k: number) {
    this.#terms = terms
    this.#inverseNorms = inverseNorms
    this.#k = k
    this.#weights = new Float64Array(terms.nCols)
    this.#cosines = new Float64Array(terms.nRows)
  }

  /** The k best candidates of each row; row 0 is item `from`. */
  best({ nRows, nCols, indptr, indices }: Csr, from: number): Csr {
    const starts = new Uint32Array(nRows + 1)
    const items = new Uint32Array(indices.length)
    const data = new Float32Array(indices.length)
    let end = 0
    for (let row = 0; row < nRows; row++) {
      for (const item of this.#ordered(from + row, indices.subarray(indptr[row], indptr[row + 1]))) {
        items[end] = item
        data[end++] = this.#cosines[item]
      }
      starts[row + 1] = end
    }
    return { nRows, nCols, indptr: starts, indices: items.slice(0, end), data: data.slice(0, end) }
  }

  #ordered(target: number, candidates: Uint32Array): Uint32Array {
    const cosines = this.#cosines
    this.#spread(target, 1)
    for (const item of candidates) cosines[item] = this.#cosine(target, item)
    this.#spread(target, 0)
    return candidates.sort((a, b) => cosines[b] - cosines[a] || a - b).subarray(0, this.#k)
  }

  #spread(target: number, factor: number): void {
    const { indptr, indices, data } = this.#terms
    for (let p = indptr[target]; p < indptr[target + 1]; p++) this.#weights[indices[p]] = factor * data[p]
  }

  #cosine(target: number, item: number): number {
    const { indptr, indices, data } = this.#terms
    let sum = 0
    for (let p = indptr[item]; p < indptr[item + 1]; p++) sum += this.#weights[indices[p]] * data[p]
    return sum * this.#inverseNorms[target] * this.#inverseNorms[item]
  }
}
