/** What the cells of a table mean to a demand model: numbers, dummies for texts, names of groups, an order of time. */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type CodedColumn, type ColumnTable, numberOf } from '../evaluation/column-table.ts'

/** By row. */
export interface Variable {
  name: string
  values: Float64Array
}

/** A column of texts with more is no classification. */
const MOST_TEXTS = 200

/** NaN where a cell is empty. Throws on any other text. */
export function numbersOf(table: ColumnTable, name: string): Float64Array {
  const { codes, values } = table.coded(name)
  const parsed = values.map((text) => (isEmpty(text) ? Number.NaN : numberOf(text)))
  const bad = parsed.indexOf(null)
  if (bad >= 0)
    throw new OfferwrightError(
      'invalid_data',
      `column ${name}, row ${codes.indexOf(bad) + 1}: not a number: ${JSON.stringify(values[bad])}`,
      { field: name, value: values[bad] },
    )
  return Float64Array.from(codes, (code) => parsed[code] as number)
}

function isEmpty(text: string): boolean {
  return /^\s*(NA|NaN|null)?\s*$/i.test(text)
}

/** A column of numbers as it is; one of texts as dummies, the first text in byte order being the one without. */
export function variablesOf(table: ColumnTable, name: string): Variable[] {
  const column = table.coded(name)
  if (column.values.every((text) => isEmpty(text) || numberOf(text) !== null))
    return [{ name, values: numbersOf(table, name) }]
  if (column.values.length > MOST_TEXTS)
    throw new OfferwrightError('invalid_data', `column ${name} is neither numbers nor at most ${MOST_TEXTS} texts`, {
      field: name,
      value: column.values.find((text) => numberOf(text) === null),
    })
  return dummies(name, column)
}

function dummies(name: string, { codes, values }: CodedColumn): Variable[] {
  const sorted = [...values].sort()
  return sorted.slice(1).map((text) => {
    const wanted = values.indexOf(text)
    return { name: `${name}=${text}`, values: Float64Array.from(codes, (code) => (code === wanted ? 1 : 0)) }
  })
}

/** The columns' texts of each row, joined; empty without columns. */
export function labels(table: ColumnTable, names: string[]): string[] {
  const texts = names.map((name) => table.texts(name))
  return Array.from({ length: table.nRows }, (_, row) => texts.map((column) => column[row]).join(' / '))
}

/** Periods in order of their numbers, or of their texts where they are not all numbers. */
export function timesOf(table: ColumnTable, period: string | null): { rank: Uint32Array; texts: string[] | null } {
  if (period === null) return { rank: Uint32Array.from({ length: table.nRows }, (_, row) => row), texts: null }
  const { codes, values } = table.coded(period)
  const numbers = values.map(numberOf)
  const areNumbers = numbers.every((number) => number !== null)
  const order = values.map((_, code) => code)
  order.sort((x, y) =>
    areNumbers ? (numbers[x] as number) - (numbers[y] as number) : Number(values[x] > values[y]) * 2 - 1,
  )
  const rankOf = new Uint32Array(order.length)
  order.forEach((code, rank) => {
    rankOf[code] = rank
  })
  return { rank: Uint32Array.from(codes, (code) => rankOf[code]), texts: order.map((code) => values[code]) }
}
