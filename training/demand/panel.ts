/**
 * A table of units sold at prices, one row a product and period, as demand models read it: logarithms, codes and numbers.
 *
 * Rows that no model in logarithms can use are set aside and counted by reason: a missing number, units or a price that are
 * not positive, and periods without stock, whose sales say nothing of demand (Anupindi, Dada, Gupta, Estimation of Consumer
 * Demand with Stock-Out Based Substitution, Marketing Science 17, 1998).
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type CodedColumn, type ColumnTable, numberOf, readColumns } from '../evaluation/column-table.ts'

/** Names of columns, and what stands in them. */
export interface PanelColumns {
  units: string
  /** Already its natural logarithm. */
  logUnits: boolean
  /** `{group}` stands for the group's value: each group's price is in a column of its own. */
  price: string
  logPrice: boolean
  /** Elasticities are asked for each of their combinations. */
  group: string[]
  /** What tells apart the series of one group, a store for one. */
  series: string[]
  controls: string[]
  /** Fully interacted with the group and its price. */
  interact: string[]
  /** Prices of other products; where one is the row's own price column it does not count. */
  competitors: string[]
  /** Null: the file's order of rows is the order of time. */
  period: string | null
  /** Null: every row counts. */
  stock: string | null
}

export interface Variable {
  name: string
  values: Float64Array
}

/** Rows in order of time. */
export interface Panel {
  length: number
  logUnits: Float64Array
  logPrice: Float64Array
  group: Uint32Array
  groups: string[]
  series: Uint32Array
  /** Group of each series. */
  groupOf: Uint32Array
  /** Position of the row's period among all, from 0; without a period, of the row. */
  time: Uint32Array
  nTimes: number
  /** The period's text; null without one. */
  periods: string[] | null
  controls: Variable[]
  /** For each column of `interact` its numbers: one variable, or a dummy for each text but the first. */
  interact: Variable[][]
  /** Log prices, 0 where the column is the row's own price. */
  competitors: Variable[]
  setAside: Record<string, number>
}

const OWN_GROUP = '{group}'
/** A column of texts with more is no classification. */
const MOST_TEXTS = 200

/** Throws `invalid_value` for a column that is not there and `invalid_data` for what is no number. */
export async function readPanel(file: string, columns: PanelColumns): Promise<Panel> {
  const groupTable = await readColumns(file, columns.group)
  const group = labels(groupTable, columns.group)
  const priceColumns = columns.price.includes(OWN_GROUP)
    ? groupTable.coded(columns.group[0]).values.map((value) => columns.price.replaceAll(OWN_GROUP, value))
    : [columns.price]
  const { units, series, controls, interact, competitors } = columns
  const optional = [columns.period, columns.stock].filter((name) => name !== null)
  const numeric = [units, ...priceColumns, ...competitors, ...optional]
  const table = await readColumns(file, [...numeric, ...series, ...controls, ...interact])
  const own = groupTable.coded(columns.group[0]).codes
  const priceColumnOf = priceColumns.length === 1 ? () => 0 : (row: number) => own[row]
  const kept = new KeptRows(table.nRows)
  const logUnits = kept.logs('units', numbersOf(table, units), columns.logUnits)
  const prices = priceColumns.map((name) => numbersOf(table, name))
  const price = Float64Array.from({ length: table.nRows }, (_, row) => prices[priceColumnOf(row)][row])
  const logPrice = kept.logs('price', price, columns.logPrice)
  if (columns.stock !== null) kept.inStock(numbersOf(table, columns.stock))
  const control = controls.flatMap((name) => variablesOf(table, name))
  const interaction = interact.map((name) => variablesOf(table, name))
  for (const { values } of [...control, ...interaction.flat()]) kept.finite(values)
  const rivals = competitors.map((name) => {
    const values = numbersOf(table, name)
    values.forEach((_, row) => {
      if (priceColumns[priceColumnOf(row)] === name) values[row] = columns.logPrice ? 0 : 1
    })
    return { name, values: kept.logs('price', values, columns.logPrice) }
  })
  const times = timesOf(table, columns.period)
  const rows = kept.inOrder(times.rank)
  if (rows.length === 0)
    throw new OfferwrightError('invalid_data', `${file} holds no row with units and a price`, {
      field: 'data',
      value: kept.setAside,
    })
  const at = ({ name, values }: Variable) => ({ name, values: Float64Array.from(rows, (row) => values[row]) })
  const seriesLabels = labels(table, series)
  const named = recoded(rows, (row) => group[row])
  const whole = recoded(rows, (row) => `${group[row]}\u0000${seriesLabels[row]}`)
  const groupOf = new Uint32Array(whole.names.length)
  whole.codes.forEach((code, r) => {
    groupOf[code] = named.codes[r]
  })
  const ranks = recodedTimes(rows, times.rank)
  return {
    length: rows.length,
    logUnits: Float64Array.from(rows, (row) => logUnits[row]),
    logPrice: Float64Array.from(rows, (row) => logPrice[row]),
    group: named.codes,
    groups: named.names,
    series: whole.codes,
    groupOf,
    time: ranks.time,
    nTimes: ranks.distinct.length,
    periods: times.texts === null ? null : ranks.distinct.map((rank) => (times.texts as string[])[rank]),
    controls: control.map(at),
    interact: interaction.map((variables) => variables.map(at)),
    competitors: rivals.map(at),
    setAside: kept.setAside,
  }
}

/** Which rows can be used, and why the others cannot. */
class KeptRows {
  readonly setAside: Record<string, number> = {}
  readonly #kept: Uint8Array

  constructor(nRows: number) {
    this.#kept = new Uint8Array(nRows).fill(1)
  }

  /** Natural logarithms; of numbers that have none, NaN. */
  logs(name: string, values: Float64Array, isLog: boolean): Float64Array {
    this.finite(values)
    if (isLog) return values
    values.forEach((value, row) => {
      if (value <= 0) this.#leaveOut(row, `${name} not positive`)
    })
    return values.map(Math.log)
  }

  finite(values: Float64Array): void {
    values.forEach((value, row) => {
      if (Number.isNaN(value)) this.#leaveOut(row, 'missing value')
    })
  }

  inStock(stock: Float64Array): void {
    stock.forEach((value, row) => {
      if (value <= 0) this.#leaveOut(row, 'out of stock')
    })
  }

  inOrder(rank: Uint32Array): Uint32Array {
    const rows = Uint32Array.from({ length: rank.length }, (_, row) => row).filter((row) => this.#kept[row] === 1)
    return rows.sort((x, y) => rank[x] - rank[y] || x - y)
  }

  #leaveOut(row: number, reason: string): void {
    if (this.#kept[row] === 1) this.setAside[reason] = (this.setAside[reason] ?? 0) + 1
    this.#kept[row] = 0
  }
}

/** NaN where a cell is empty. Throws on any other text. */
function numbersOf(table: ColumnTable, name: string): Float64Array {
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
function variablesOf(table: ColumnTable, name: string): Variable[] {
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
function labels(table: ColumnTable, names: string[]): string[] {
  const texts = names.map((name) => table.texts(name))
  return Array.from({ length: table.nRows }, (_, row) => texts.map((column) => column[row]).join(' / '))
}

/** Periods in order of their numbers, or of their texts where they are not all numbers. */
function timesOf(table: ColumnTable, period: string | null): { rank: Uint32Array; texts: string[] | null } {
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

/** Codes in order of the names. */
function recoded(rows: Uint32Array, nameOf: (row: number) => string): { codes: Uint32Array; names: string[] } {
  const names = [...new Set(Array.from(rows, nameOf))].sort()
  const codeOf = new Map(names.map((name, code) => [name, code]))
  return { codes: Uint32Array.from(rows, (row) => codeOf.get(nameOf(row)) as number), names }
}

function recodedTimes(rows: Uint32Array, rank: Uint32Array): { time: Uint32Array; distinct: number[] } {
  const distinct = [...new Set(Array.from(rows, (row) => rank[row]))].sort((x, y) => x - y)
  const position = new Map(distinct.map((value, at) => [value, at]))
  return { time: Uint32Array.from(rows, (row) => position.get(rank[row]) as number), distinct }
}
