/**
 * A table that somebody else wrote, one CSV file with a header (`.gz` too), read by the names of its columns. What
 * a column holds is decided by whoever asks for it, so every cell is kept as the text that stands in the file.
 *
 * Columns are kept as codes into their distinct texts: 4 bytes a row, and each text is parsed once.
 */
import { existsSync } from 'node:fs'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { Database, quoteName, quoteText } from '../duckdb.ts'

const NUMBER = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i

export interface CodedColumn {
  /** By row: position in `values`. */
  codes: Uint32Array
  /** Distinct texts in order of their first row; an empty cell is the empty text. */
  values: string[]
}

export class ColumnTable {
  readonly nRows: number
  readonly #columns: Map<string, CodedColumn>

  constructor(nRows: number, columns: Map<string, CodedColumn>) {
    this.nRows = nRows
    this.#columns = columns
  }

  coded(name: string): CodedColumn {
    const column = this.#columns.get(name)
    if (column === undefined) throw unknownColumn(name, [...this.#columns.keys()])
    return column
  }

  texts(name: string): string[] {
    const { codes, values } = this.coded(name)
    return Array.from(codes, (code) => values[code])
  }

  /** Finite numbers. Throws `invalid_data` with field, value and row (from 1, without the header) of what is none. */
  numbers(name: string): Float64Array {
    const { codes, values } = this.coded(name)
    const parsed = values.map(numberOf)
    const bad = parsed.indexOf(null)
    if (bad >= 0)
      throw new OfferwrightError(
        'invalid_data',
        `column ${name}, row ${codes.indexOf(bad) + 1}: not a number: ${JSON.stringify(values[bad])}`,
        { field: name, value: values[bad] },
      )
    return Float64Array.from(codes, (code) => parsed[code] as number)
  }
}

/** Null where a text is no finite decimal number. */
export function numberOf(text: string): number | null {
  const value = NUMBER.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : null
}

/**
 * The named columns of a file with at least one row. Throws `invalid_value` for a column that is not there, and
 * `invalid_data` for a file that is missing, empty or no table.
 */
export async function readColumns(file: string, names: readonly string[]): Promise<ColumnTable> {
  if (!existsSync(file))
    throw new OfferwrightError('invalid_data', `no such file: ${file}`, { field: 'data', value: file })
  const db = await Database.open()
  try {
    await loadTable(db, file, [...new Set(names)])
    const [{ count }] = await db.rows<{ count: number }>('SELECT CAST(count(*) AS DOUBLE) AS count FROM data')
    if (count === 0) throw new OfferwrightError('invalid_data', `${file} holds no row`, { field: 'data', value: file })
    const columns = new Map<string, CodedColumn>()
    for (const name of names) {
      const read = await db.columns('data', { [name]: 'text' as const }, count)
      columns.set(name, coded(read[name]))
    }
    return new ColumnTable(count, columns)
  } finally {
    db.close()
  }
}

async function loadTable(db: Database, file: string, names: string[]): Promise<void> {
  const source = `read_csv(${quoteText(file)}, header = true, all_varchar = true, quote = '"', escape = '"')`
  try {
    const described = await db.rows<{ column_name: string }>(
      `SELECT column_name FROM (DESCRIBE SELECT * FROM ${source})`,
    )
    const there = described.map(({ column_name }) => column_name)
    for (const name of names) if (!there.includes(name)) throw unknownColumn(name, there)
    await db.run(`CREATE TABLE data AS SELECT ${names.map(quoteName).join(', ')} FROM ${source}`)
  } catch (error) {
    if (error instanceof OfferwrightError) throw error
    throw new OfferwrightError('invalid_data', `cannot read ${file}: ${firstLine(error as Error)}`, {
      field: 'data',
      value: file,
    })
  }
}

function unknownColumn(name: string, there: string[]): OfferwrightError {
  return new OfferwrightError('invalid_value', `unknown column: ${name} (columns: ${there.join(', ')})`, {
    field: 'column',
    value: name,
  })
}

function firstLine({ message }: Error): string {
  return message.split('\n', 1)[0]
}

function coded(cells: (string | null)[]): CodedColumn {
  const codeOf = new Map<string, number>()
  const codes = new Uint32Array(cells.length)
  for (const [row, cell] of cells.entries()) {
    const text = cell ?? ''
    let code = codeOf.get(text)
    if (code === undefined) {
      code = codeOf.size
      codeOf.set(text, code)
    }
    codes[row] = code
  }
  return { codes, values: [...codeOf.keys()] }
}
