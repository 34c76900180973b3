/**
 * A table of units sold at prices, one row a product and period, as demand models read it: logarithms, codes and numbers.
 *
 * Rows that no model in logarithms can use are set aside and counted by reason: a missing number, units or a price that are
 * not positive, and periods without stock, whose sales say nothing of demand (Anupindi, Dada, Gupta, Estimation of Consumer
 * Demand with Stock-Out Based Substitution, Marketing Science 17, 1998).
 */
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type ColumnTable, readColumns } from '../evaluation/column-table.ts'
import { labels, numbersOf, timesOf, type Variable, variablesOf } from './cells.ts'
import { KeptRows } from './kept-rows.ts'

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

/** Throws `invalid_value` for a column that is not there and `invalid_data` for what is no number. */
export async function readPanel(file: string, columns: PanelColumns): Promise<Panel> {
  const groupTable = await readColumns(file, columns.group)
  const own = ownPriceColumns(groupTable, columns)
  const { units, series, controls, interact, competitors } = columns
  const optional = [columns.period, columns.stock].filter((name) => name !== null)
  const table = await readColumns(file, [
    units,
    ...own.names,
    ...competitors,
    ...optional,
    ...series,
    ...controls,
    ...interact,
  ])
  const kept = new KeptRows(table.nRows)
  if (columns.stock !== null) kept.inStock(numbersOf(table, columns.stock))
  const logUnits = kept.logs('units', numbersOf(table, units), columns.logUnits)
  const logPrice = kept.logs('price', ownPrices(table, own), columns.logPrice)
  const wanted = controls.flatMap((name) => variablesOf(table, name))
  const interacted = interact.map((name) => variablesOf(table, name))
  for (const { values } of [...wanted, ...interacted.flat()]) kept.finite(values)
  const rivals = competitors.map((name) => ({
    name,
    values: kept.logs('price', rivalPrices(table, name, own, columns.logPrice), columns.logPrice),
  }))
  const times = timesOf(table, columns.period)
  const rows = kept.inOrder(times.rank)
  if (rows.length === 0)
    throw new OfferwrightError('invalid_data', `${file} holds no row with units and a price`, {
      field: 'data',
      value: kept.setAside,
    })
  const at = (values: Float64Array) => Float64Array.from(rows, (row) => values[row])
  const variable = ({ name, values }: Variable) => ({ name, values: at(values) })
  return {
    length: rows.length,
    logUnits: at(logUnits),
    logPrice: at(logPrice),
    ...codesOf(rows, labels(groupTable, columns.group), labels(table, series)),
    ...periodsOf(rows, times),
    controls: wanted.map(variable),
    interact: interacted.map((variables) => variables.map(variable)),
    competitors: rivals.map(variable),
    setAside: kept.setAside,
  }
}

/** Columns that hold own prices, and which of them holds a row's. */
interface OwnPrices {
  names: string[]
  columnOf: (row: number) => number
}

function ownPriceColumns(groupTable: ColumnTable, { price, group }: PanelColumns): OwnPrices {
  if (!price.includes(OWN_GROUP)) return { names: [price], columnOf: () => 0 }
  const { codes, values } = groupTable.coded(group[0])
  return { names: values.map((value) => price.replaceAll(OWN_GROUP, value)), columnOf: (row) => codes[row] }
}

function ownPrices(table: ColumnTable, { names, columnOf }: OwnPrices): Float64Array {
  const prices = names.map((name) => numbersOf(table, name))
  return Float64Array.from({ length: table.nRows }, (_, row) => prices[columnOf(row)][row])
}

function rivalPrices(table: ColumnTable, name: string, { names, columnOf }: OwnPrices, isLog: boolean): Float64Array {
  return numbersOf(table, name).map((price, row) => (names[columnOf(row)] === name ? Number(!isLog) : price))
}

/** Codes in order of the names. */
function codesOf(rows: Uint32Array, groupLabels: string[], seriesLabels: string[]) {
  const group = recoded(rows, (row) => groupLabels[row])
  const series = recoded(rows, (row) => `${groupLabels[row]}\u0000${seriesLabels[row]}`)
  const groupOf = new Uint32Array(series.names.length)
  series.codes.forEach((code, r) => {
    groupOf[code] = group.codes[r]
  })
  return { group: group.codes, groups: group.names, series: series.codes, groupOf }
}

function recoded(rows: Uint32Array, nameOf: (row: number) => string): { codes: Uint32Array; names: string[] } {
  const names = [...new Set(Array.from(rows, nameOf))].sort()
  const codeOf = new Map(names.map((name, code) => [name, code]))
  return { codes: Uint32Array.from(rows, (row) => codeOf.get(nameOf(row)) as number), names }
}

function periodsOf(rows: Uint32Array, { rank, texts }: { rank: Uint32Array; texts: string[] | null }) {
  const distinct = [...new Set(Array.from(rows, (row) => rank[row]))].sort((x, y) => x - y)
  const position = new Map(distinct.map((value, at) => [value, at]))
  return {
    time: Uint32Array.from(rows, (row) => position.get(rank[row]) as number),
    nTimes: distinct.length,
    periods: texts === null ? null : distinct.map((value) => texts[value]),
  }
}
