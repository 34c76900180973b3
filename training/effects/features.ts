/**
 * Features of a table as numbers between which a linear model can tell. What a column is, is read from its values among the
 * rows it is learned on, and so is everything else: nothing of other rows is seen.
 *
 *   number    (x − mean) / deviation, and 1 where it is missing
 *   category  1 for its value; values of few rows are pooled, and with them those that were never seen
 *
 * A column of few distinct numbers is a category: 0, 1, 2 need not lie on a line.
 */
import { type CodedColumn, type ColumnTable, numberOf } from '../evaluation/column-table.ts'

/** Rows by columns, row-major. Column 0 is 1. */
export interface Design {
  nRows: number
  nCols: number
  data: Float64Array
}

/** What a cell says that says nothing. */
const MISSING = /^\s*(na|nan|null|none|\?)?\s*$/i
const FEW_VALUES = 5
const LEAST_SHARE = 0.01
const LEAST_ROWS = 20
const MOST_CATEGORIES = 30

/** By code of a column: the numbers it fills its columns of the design with. */
type Encoding = Float64Array[]

export interface Encoder {
  nCols: number
  /** `rows`: positions in the table the encoder was learned on. */
  encode: (rows: Uint32Array) => Design
}

export function learnEncoder(table: ColumnTable, names: readonly string[], trainRows: Uint32Array): Encoder {
  const columns = names.map((name) => table.coded(name))
  const encodings = columns.map((column) => encodingOf(column, trainRows))
  const nCols = encodings.reduce((sum, encoding) => sum + encoding[0].length, 1)
  return { nCols, encode: (rows) => encode(rows, columns, encodings, nCols) }
}

function encode(rows: Uint32Array, columns: CodedColumn[], encodings: Encoding[], nCols: number): Design {
  const data = new Float64Array(rows.length * nCols)
  for (let r = 0; r < rows.length; r++) {
    let at = r * nCols
    data[at++] = 1
    for (let c = 0; c < columns.length; c++) {
      const values = encodings[c][columns[c].codes[rows[r]]]
      data.set(values, at)
      at += values.length
    }
  }
  return { nRows: rows.length, nCols, data }
}

function encodingOf({ codes, values }: CodedColumn, rows: Uint32Array): Encoding {
  const counts = new Float64Array(values.length)
  for (const row of rows) counts[codes[row]]++
  const numbers = values.map(numberOf)
  const seen = values.map((_, code) => code).filter((code) => counts[code] > 0)
  const known = seen.filter((code) => !MISSING.test(values[code]))
  const isNumber = known.length > FEW_VALUES && known.every((code) => numbers[code] !== null)
  return isNumber ? numberEncoding(numbers, counts, known) : categoryEncoding(counts, seen)
}

/** A text that comes up later and is no number counts as missing. */
function numberEncoding(numbers: (number | null)[], counts: Float64Array, known: number[]): Encoding {
  const seen = known.map((code) => ({ value: numbers[code] as number, count: counts[code] }))
  const total = seen.reduce((sum, { count }) => sum + count, 0)
  const mean = seen.reduce((sum, { value, count }) => sum + value * count, 0) / total
  const variance = seen.reduce((sum, { value, count }) => sum + (value - mean) ** 2 * count, 0) / total
  const deviation = Math.sqrt(variance) || 1
  return numbers.map((value) => Float64Array.from(value === null ? [0, 1] : [(value - mean) / deviation, 0]))
}

/** The last number is of what is pooled. */
function categoryEncoding(counts: Float64Array, seen: number[]): Encoding {
  const total = seen.reduce((sum, code) => sum + counts[code], 0)
  const own = seen
    .filter((code) => counts[code] >= Math.max(LEAST_ROWS, LEAST_SHARE * total))
    .sort((a, b) => counts[b] - counts[a] || a - b)
    .slice(0, MOST_CATEGORIES)
  return Array.from(counts, (_, code) => {
    const at = own.indexOf(code)
    return Float64Array.from({ length: own.length + 1 }, (_, place) => (place === (at < 0 ? own.length : at) ? 1 : 0))
  })
}
