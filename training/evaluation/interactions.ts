/**
 * Published train and test splits as a shop's data: who liked what, read through the import that reads a merchant's files.
 *
 *   lists   one shopper a line, `shopper item item …`; no times: every event happens at once
 *   csv     a header that names a shopper (or user), an item and, where there is one, a time (ISO 8601, or numbers)
 *
 * An interaction is a purchase of one piece; prices are assumed, because none of this asks what a thing costs.
 */
import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { type Dataset, readDataset } from '../dataset.ts'
import { Database, quoteName, quoteText } from '../duckdb.ts'
import { importData } from '../import/import.ts'
import { textLines } from '../text-lines.ts'

export const INTERACTION_FORMATS = ['lists', 'csv'] as const
export type InteractionFormat = (typeof INTERACTION_FORMATS)[number]

export interface Interactions {
  dataset: Dataset
  /** Rows that the import set aside. */
  rejected: number
}

/** `folder` is the caller's; the data lies in it afterwards. */
export async function readInteractions(file: string, format: InteractionFormat, folder: string): Promise<Interactions> {
  await mkdir(folder, { recursive: true })
  const mapping = format === 'lists' ? await mappingOfLists(file, folder) : await mappingOfCsv(file, folder)
  const mappingFile = join(folder, 'mapping.json')
  await writeFile(mappingFile, JSON.stringify(mapping))
  const data = join(folder, 'data')
  const { quality } = await importData({ mapping: mappingFile, out: data })
  return { dataset: await readDataset(data, null), rejected: quality.rows.rejected }
}

async function mappingOfLists(file: string, folder: string) {
  const rows = join(folder, 'interactions.csv')
  await pipeline(Readable.from(rowsOfLists(file)), createWriteStream(rows))
  return mappingOf(rows, 'epoch_s')
}

async function* rowsOfLists(file: string): AsyncGenerator<string> {
  yield 'shopper,item,time\n'
  let number = 0
  for await (const line of textLines(file)) {
    number++
    const [shopper, ...items] = line.trim().split(/\s+/)
    if (shopper === '') continue
    if (/[",]/.test(line))
      throw new OfferwrightError(
        'invalid_data',
        `${file}:${number}: a key with a comma or a quote (format csv takes it)`,
        {
          field: `line ${number}`,
          value: line,
        },
      )
    yield [...new Set(items)].map((item) => `${shopper},${item},0\n`).join('')
  }
}

/** Names that published files give their columns. */
const COLUMN_NAMES = {
  shopper: ['shopper', 'user', 'userid', 'user_id', 'customer', 'session', 'sessionid', 'session_id'],
  item: ['item', 'itemid', 'item_id', 'product', 'productid', 'product_id'],
  time: ['time', 'timestamp', 'date'],
} as const

/** The columns that count, under our names; where no column is a time, every event happens at once. */
async function mappingOfCsv(file: string, folder: string) {
  const rows = join(folder, 'interactions.csv')
  const db = await Database.open({ tempFolder: folder })
  try {
    const from = `read_csv(${quoteText(resolve(file))}, header = true, all_varchar = true, ignore_errors = false)`
    const described = await db.rows<{ column_name: string }>(`DESCRIBE SELECT * FROM ${from}`)
    const header = described.map(({ column_name }) => column_name)
    const [shopper, item, time] = [columnOf(header, 'shopper'), columnOf(header, 'item'), columnOf(header, 'time')]
    if (shopper === undefined || item === undefined)
      throw new OfferwrightError('invalid_data', `${file}: the header ${header.join(',')} names no shopper and item`, {
        field: shopper === undefined ? 'shopper' : 'item',
        value: header.join(','),
      })
    const columns = `${quoteName(shopper)} AS shopper, ${quoteName(item)} AS item`
    const timeSql = time === undefined ? "'0'" : quoteName(time)
    await db.run(`COPY (SELECT ${columns}, ${timeSql} AS time FROM ${from}) TO ${quoteText(rows)} (FORMAT csv, HEADER)`)
    await db.run(`CREATE TABLE times AS SELECT min(try_cast(${timeSql} AS DOUBLE)) AS earliest FROM ${from}`)
    const [{ earliest }] = await db.rows<{ earliest: number | null }>('SELECT earliest FROM times')
    return mappingOf(rows, formatOfTimes(earliest))
  } finally {
    db.close()
  }
}

function columnOf(header: string[], meaning: keyof typeof COLUMN_NAMES): string | undefined {
  const names: readonly string[] = COLUMN_NAMES[meaning]
  return header.find((name) => names.includes(name.toLowerCase()))
}

/** Numbers are seconds, or milliseconds where they would lie past the year 5138; anything else is ISO 8601. */
function formatOfTimes(earliest: number | null): string {
  if (earliest === null) return 'iso'
  return earliest > 1e11 ? 'epoch_ms' : 'epoch_s'
}

function mappingOf(file: string, timeFormat: string) {
  const columns = { shopper: 'shopper', item: 'item', time: 'time' }
  return {
    version: 1,
    currency: 'EUR',
    assumedPriceMinor: 100,
    events: [{ file, kind: 'purchase', columns, time: { format: timeFormat } }],
  }
}
