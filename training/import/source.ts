/** A merchant's file as a relation of texts with line numbers, whatever its format. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { type Fault, OfferwrightError } from '../../core/contract/errors.ts'
import { type Database, quoteName, quoteText } from '../duckdb.ts'
import type { FileSource } from './mapping.ts'
import { rulesOf } from './rules.ts'
import { type BrokenRow, spool } from './spool.ts'

export interface OpenSource {
  /** FROM clause; it has `line` and what `column` names. */
  relation: string
  /** SQL of the text of a column, by the merchant's name for it. */
  column: (name: string) => string
  header: string[]
  rows: number
}

export interface SourcePlace {
  number: number
  /** `events[0]`, `items`, `links` or `shoppers`. */
  field: string
  workFolder: string
  onBytes: (done: number, total: number) => void
}

type Format = 'csv' | 'ndjson' | 'parquet'

/** Opens a file; rows with a broken structure go to `rejects`. Throws `invalid_mapping` for columns that are not there. */
export async function openSource(db: Database, source: FileSource, place: SourcePlace): Promise<OpenSource> {
  const format = source.format ?? formatOf(source.file, place.field)
  const open = format === 'parquet' ? await openParquet(db, source.file) : await openText(db, source, format, place)
  checkColumns(source, open.header, place.field)
  return open
}

const FORMATS: [RegExp, Format][] = [
  [/\.(csv|tsv|txt)(\.gz)?$/i, 'csv'],
  [/\.(ndjson|jsonl|json)(\.gz)?$/i, 'ndjson'],
  [/\.(parquet|pq)$/i, 'parquet'],
]

function formatOf(file: string, field: string): Format {
  const known = FORMATS.find(([pattern]) => pattern.test(file))
  if (known) return known[1]
  throw new OfferwrightError('invalid_mapping', `${field}.format: give csv, ndjson or parquet for ${file}`, {
    field: `${field}.format`,
    value: file,
  })
}

async function openParquet(db: Database, file: string): Promise<OpenSource> {
  await access(file)
  const scan = `read_parquet(${quoteText(file)}, file_row_number = true)`
  const described = `DESCRIBE SELECT * EXCLUDE (file_row_number) FROM ${scan}`
  const columns = await db.rows<{ column_name: string }>(described).catch(unreadable(file))
  const [{ rows }] = await db.rows<{ rows: number }>(`SELECT CAST(count(*) AS DOUBLE) AS rows FROM ${scan}`)
  const header = columns.map((column) => column.column_name)
  const texts = header.map((name, c) => `CAST(${quoteName(name)} AS VARCHAR) AS c${c}`)
  const relation = `(SELECT file_row_number + 1 AS line, ${texts.join(', ')} FROM ${scan})`
  return { relation, column: byPosition(header), header, rows }
}

/** DuckDB's own messages name neither the field nor a code. */
function unreadable(file: string) {
  return (error: Error) => {
    const message = `${file}: ${error.message.split('\n', 1)[0]}`
    throw new OfferwrightError('invalid_data', message, { field: 'file', value: file })
  }
}

/** The merchant's names never meet DuckDB beyond this: it would not tell `a` from `A`, nor their `line` from ours. */
function byPosition(header: string[]) {
  return (name: string) => `c${header.indexOf(name)}`
}

async function openText(
  db: Database,
  source: FileSource,
  format: 'csv' | 'ndjson',
  place: SourcePlace,
): Promise<OpenSource> {
  const delimiter = format === 'ndjson' ? ',' : (source.delimiter ?? (/\.tsv(\.gz)?$/i.test(source.file) ? '\t' : ','))
  const to = join(place.workFolder, `source-${place.number}.csv`)
  const { header, rows, broken, multiLine } = await spool({
    file: source.file,
    to,
    format,
    delimiter,
    onBytes: place.onBytes,
  })
  await rejectBroken(db, place.number, broken)
  const scan = spoolScan(to, delimiter, header.length, !multiLine)
  if (format === 'ndjson') return openObjects(db, scan, rows, place.number)
  return { relation: scan, column: byPosition(header), header, rows }
}

const BROKEN_PER_INSERT = 1000

async function rejectBroken(db: Database, source: number, broken: BrokenRow[]): Promise<void> {
  for (let from = 0; from < broken.length; from += BROKEN_PER_INSERT) {
    const rows = broken
      .slice(from, from + BROKEN_PER_INSERT)
      .map(({ line, reason, value }) => `(${source}, ${line}, NULL, ${quoteText(reason)}, ${quoteText(value)})`)
    await db.run(`INSERT INTO rejects VALUES ${rows.join(', ')}`)
  }
}

/** Threads start reading at line breaks, which they cannot tell from one inside quotes: then one thread reads. */
function spoolScan(file: string, delimiter: string, columns: number, parallel: boolean): string {
  const types = ['line', ...Array.from({ length: columns }, (_, c) => `c${c}`)].map(
    (name) => `'${name}': '${name === 'line' ? 'BIGINT' : 'VARCHAR'}'`,
  )
  return `read_csv(${quoteText(file)}, auto_detect = false, header = false, delim = ${quoteText(delimiter)}, quote = '"', escape = '"', new_line = '\\n', parallel = ${parallel}, max_line_size = 4194304, columns = {${types.join(', ')}})`
}

async function openObjects(db: Database, scan: string, rows: number, number: number): Promise<OpenSource> {
  const isObject = `CASE WHEN json_valid(c0) THEN json_type(c0) = 'OBJECT' ELSE FALSE END`
  await db.run(
    `INSERT INTO rejects SELECT ${number}, line, NULL, 'not a JSON object', substr(c0, 1, 200) FROM ${scan} WHERE NOT ${isObject}`,
  )
  const relation = `(SELECT line, CAST(c0 AS JSON) AS c0 FROM ${scan} WHERE ${isObject})`
  const names = await db.rows<{ name: string }>(
    `SELECT DISTINCT unnest(json_keys(c0)) AS name FROM ${relation} ORDER BY name`,
  )
  const pointer = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
  return {
    relation,
    column: (name) => `json_extract_string(c0, ${quoteText(pointer(name))})`,
    header: names.map(({ name }) => name),
    rows,
  }
}

function checkColumns(source: FileSource, header: string[], field: string): void {
  const faults: Fault[] = mappedColumns(source)
    .filter(([, name]) => !header.includes(name))
    .map(([role, name]) => ({
      code: 'invalid_mapping',
      field: `${field}.${role}`,
      value: name,
      message: `${field}.${role}: no column ${JSON.stringify(name)}`,
    }))
  if (faults.length === 0) return
  const lines = faults.map(({ message }) => `\n  ${message}`).join('')
  throw new OfferwrightError(
    'invalid_mapping',
    `${source.file} has other columns:${lines}\n  it has: ${header.join(', ')}`,
    faults[0],
  )
}

function mappedColumns(source: FileSource): [string, string][] {
  const columns = Object.entries(source.columns).flatMap(([role, names]) =>
    [names].flat().map((name): [string, string] => [`columns.${role}`, name]),
  )
  const attributes = Object.entries(('attributes' in source && source.attributes) || {}).map(
    ([name, { column }]): [string, string] => [`attributes.${name}.column`, column],
  )
  const rules = rulesOf(source).map(({ field, rule }): [string, string] => [`${field}.column`, rule.column])
  return [...columns, ...rules, ...attributes]
}
