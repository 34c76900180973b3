/**
 * Rows of the response model by cell, which is a segment and a campaign, or a segment and no offer: all rows of a cell touch
 * the same parameters, so a step of the fit costs one exponential a row, and the rest is work of cells.
 *
 *   z = offset + base + show + slope t,   r = weight (bought − p),   w = weight p (1 − p)
 */
import { NO_OFFER } from './response-rows.ts'
import type { Part, ResponseShape } from './response-shape.ts'

export interface FitRows {
  /** By row, below the number of segments. */
  segment: Uint32Array
  campaign: Int32Array
  /** t of each row. */
  priceMove: Float64Array
  offset: Float64Array
  weight: Float64Array
  bought: Uint8Array
}

/** By cell: parameters that add up to the base and, where there is an offer, to the show. */
interface CellParts {
  bases: Part[][]
  shows: Part[][]
}

/** Rows in the order of their cells: those of cell c are `indptr[c] .. indptr[c + 1]`. */
export interface Cells extends CellParts, Omit<FitRows, 'segment' | 'campaign'> {
  indptr: Uint32Array
}

/** Sums of a cell: Σ r, Σ r t, Σ w, Σ w t, Σ w t². */
export interface CellSums {
  r: number
  rt: number
  w: number
  wt: number
  wtt: number
}

/** `isKept`: which rows take part; all when absent. */
export function cellsOf(rows: FitRows, shape: ResponseShape, isKept: (row: number) => boolean = () => true): Cells {
  const parts = cellParts(shape)
  const indptr = new Uint32Array(parts.bases.length + 1)
  const nRows = rows.bought.length
  for (let row = 0; row < nRows; row++) if (isKept(row)) indptr[cellOf(rows, shape, row) + 1]++
  for (let cell = 0; cell < parts.bases.length; cell++) indptr[cell + 1] += indptr[cell]
  const length = indptr[parts.bases.length]
  const column = () => new Float64Array(length)
  const cells: Cells = {
    ...parts,
    indptr,
    priceMove: column(),
    offset: column(),
    weight: column(),
    bought: new Uint8Array(length),
  }
  const next = indptr.slice()
  for (let row = 0; row < nRows; row++) {
    if (!isKept(row)) continue
    const place = next[cellOf(rows, shape, row)]++
    cells.priceMove[place] = rows.priceMove[row]
    cells.offset[place] = rows.offset[row]
    cells.weight[place] = rows.weight[row]
    cells.bought[place] = rows.bought[row]
  }
  return cells
}

function cellParts(shape: ResponseShape): CellParts {
  const { nSegments, mechanismOf } = shape
  const cells = Array.from({ length: nSegments * (mechanismOf.length + 1) }, (_, cell) => cell)
  return {
    bases: cells.map((cell) => shape.base(cell % nSegments)),
    shows: cells.map((cell) => {
      const campaign = Math.floor(cell / nSegments) - 1
      return campaign === NO_OFFER ? [] : shape.show(mechanismOf[campaign], cell % nSegments, campaign)
    }),
  }
}

function cellOf({ segment, campaign }: FitRows, { nSegments }: ResponseShape, row: number): number {
  return (campaign[row] + 1) * nSegments + segment[row]
}

export function cellSums(cells: Cells, cell: number, parameters: Float64Array): CellSums {
  const { indptr, priceMove, offset, weight, bought, bases, shows } = cells
  const constant = total(parameters, bases[cell]) + total(parameters, shows[cell])
  const slope = total(parameters, shows[cell], 1)
  let [r, rt, w, wt, wtt] = [0, 0, 0, 0, 0]
  for (let row = indptr[cell]; row < indptr[cell + 1]; row++) {
    const t = priceMove[row]
    const p = 1 / (1 + Math.exp(-(offset[row] + constant + slope * t)))
    const residual = weight[row] * (bought[row] - p)
    const information = weight[row] * p * (1 - p)
    r += residual
    rt += residual * t
    w += information
    wt += information * t
    wtt += information * t * t
  }
  return { r, rt, w, wt, wtt }
}

/** Probability of buying of each row, in the order of the rows. */
export function fittedProbabilities(rows: FitRows, shape: ResponseShape, parameters: Float64Array): Float64Array {
  const { bases, shows } = cellParts(shape)
  const constant = bases.map((parts, cell) => total(parameters, parts) + total(parameters, shows[cell]))
  const slope = shows.map((parts) => total(parameters, parts, 1))
  return rows.offset.map((offset, row) => {
    const cell = cellOf(rows, shape, row)
    return 1 / (1 + Math.exp(-(offset + constant[cell] + slope[cell] * rows.priceMove[row])))
  })
}

/** `shift` 1: the slopes that follow the shows. */
export function total(parameters: Float64Array, parts: readonly Part[], shift = 0): number {
  let sum = 0
  for (const { parameter, times } of parts) sum += times * parameters[parameter + shift]
  return sum
}
