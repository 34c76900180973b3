/**
 * A text file, unpacked and checked for structure, on its way into DuckDB: every sound row goes to a spool file with
 * its line number in front, every broken one to the broken rows with the reason. So a row keeps its line number
 * whatever came before it, and DuckDB can read the spool on all threads.
 */
import { isUtf8 } from 'node:buffer'
import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { OfferwrightError } from '../../core/contract/errors.ts'
import { gzipFault } from '../text-lines.ts'
import { countNewlines, fieldTexts, MAX_RECORD_BYTES, type RecordShape, scanLine, scanRecord } from './records.ts'

export interface BrokenRow {
  line: number
  reason: string
  value: string
}

export interface Spooled {
  /** Column names, in the file's order; for NDJSON one column that holds the row. */
  header: string[]
  /** Rows read, sound and broken; neither the header nor blank lines. */
  rows: number
  broken: BrokenRow[]
  /** Some sound row spans lines. */
  multiLine: boolean
}

export interface SpoolOptions {
  file: string
  to: string
  format: 'csv' | 'ndjson'
  delimiter: string
  onBytes: (done: number, total: number) => void
}

/** Longest piece of a broken row that is kept. */
const MAX_VALUE_CHARACTERS = 200
const CHUNK_BYTES = 1 << 18
const FLUSH_BYTES = 1 << 20

/** Writes the spool file. Throws `invalid_data` on a file that is no such text at all, system errors as they come. */
export async function spool(options: SpoolOptions): Promise<Spooled> {
  const splitter = new Splitter(options)
  const { size } = await stat(options.file)
  const source = createReadStream(options.file, { highWaterMark: CHUNK_BYTES })
  const report = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      options.onBytes(source.bytesRead, size)
      yield chunk
    }
  }
  const split = (chunks: AsyncIterable<Buffer>) => splitter.split(chunks)
  const to = createWriteStream(options.to)
  try {
    if (options.file.endsWith('.gz'))
      await pipeline(source, createGunzip({ chunkSize: CHUNK_BYTES }), report, split, to)
    else await pipeline(source, report, split, to)
  } catch (error) {
    throw gzipFault(error, options.file)
  }
  return splitter.finished()
}

/** Splits chunks of bytes into records. One use each. */
class Splitter {
  readonly #options: SpoolOptions
  readonly #delimiter: number
  readonly #broken: BrokenRow[] = []
  #header: string[] | null = null
  #rows = 0
  #line = 1
  #multiLine = false
  #out = Buffer.allocUnsafe(2 * FLUSH_BYTES)
  #used = 0

  constructor(options: SpoolOptions) {
    this.#options = options
    this.#delimiter = options.delimiter.charCodeAt(0)
    if (options.format === 'ndjson') this.#header = ['row']
  }

  async *split(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let rest: Buffer = Buffer.alloc(0)
    for await (const chunk of chunks) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      rest = bytes.subarray(this.#records(bytes, false))
      if (rest.length > 2 * MAX_RECORD_BYTES) throw this.#refused(`line ${this.#line} is longer than a mebibyte`)
      if (this.#used > FLUSH_BYTES) yield this.#flush()
    }
    this.#records(rest, true)
    yield this.#flush()
  }

  finished(): Spooled {
    if (this.#header === null) throw this.#refused('no header line: the file is empty')
    return { header: this.#header, rows: this.#rows, broken: this.#broken, multiLine: this.#multiLine }
  }

  /** Takes all whole records; returns where the first unfinished one starts. */
  #records(bytes: Buffer, isLast: boolean): number {
    let start = 0
    while (start < bytes.length) {
      const record =
        this.#options.format === 'csv'
          ? scanRecord(bytes, start, this.#delimiter, isLast)
          : scanLine(bytes, start, isLast)
      if (record === null) return start
      const text = withoutMark(bytes.subarray(start, record.end), this.#line)
      if (text.length > 0) this.#take(text, record)
      const lines = countNewlines(bytes, start, record.next)
      this.#multiLine ||= lines > 1
      this.#line += lines
      start = record.next
    }
    return start
  }

  #take(bytes: Buffer, record: RecordShape): void {
    if (this.#header === null) {
      this.#header = this.#parsedHeader(bytes, record)
      return
    }
    this.#rows++
    const fault = structuralFault(bytes, record, this.#header.length)
    if (fault === null) this.#keep(this.#spooled(bytes, record))
    else
      this.#broken.push({
        line: this.#line,
        reason: fault,
        value: bytes.toString('utf8').slice(0, MAX_VALUE_CHARACTERS),
      })
  }

  #parsedHeader(bytes: Buffer, record: RecordShape): string[] {
    if (record.fault !== null || !isUtf8(bytes))
      throw this.#refused('the header line has broken quotes or is not UTF-8')
    const names = fieldTexts(bytes.toString('utf8'), this.#options.delimiter).map((name) => name.trim())
    const twice = names.find((name, i) => names.indexOf(name) !== i)
    if (twice !== undefined) throw this.#refused(`two columns are named ${JSON.stringify(twice)}`)
    return names
  }

  /** The row so that its quotes cannot be read in two ways. */
  #spooled(bytes: Buffer, record: RecordShape): Buffer {
    const { format, delimiter } = this.#options
    if (format === 'ndjson') return Buffer.from(quoted(bytes.toString('utf8')))
    if (!record.strayQuote) return bytes
    return Buffer.from(fieldTexts(bytes.toString('utf8'), delimiter).map(quoted).join(delimiter))
  }

  #keep(row: Buffer): void {
    this.#room(row.length + LONGEST_PREFIX)
    this.#used += this.#out.write(`${this.#line}${this.#options.delimiter}`, this.#used)
    this.#used += row.copy(this.#out, this.#used)
    this.#out[this.#used++] = NEWLINE
  }

  #room(bytes: number): void {
    if (this.#out.length - this.#used >= bytes) return
    const larger = Buffer.allocUnsafe(2 * (this.#used + bytes))
    this.#out.copy(larger, 0, 0, this.#used)
    this.#out = larger
  }

  /** The bytes so far; a new buffer takes the next, for the writer still holds these. */
  #flush(): Buffer {
    const flushed = this.#out.subarray(0, this.#used)
    this.#out = Buffer.allocUnsafe(2 * FLUSH_BYTES)
    this.#used = 0
    return flushed
  }

  #refused(message: string): OfferwrightError {
    return new OfferwrightError('invalid_data', `${this.#options.file}: ${message}`, {
      field: 'file',
      value: this.#options.file,
    })
  }
}

const NEWLINE = 10
/** A line number of 16 digits, a delimiter and a line break. */
const LONGEST_PREFIX = 18
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Some programs start a UTF-8 file with a byte order mark; it is no part of the first name. */
function withoutMark(bytes: Buffer, line: number): Buffer {
  return line === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`
}

function structuralFault(bytes: Buffer, record: RecordShape, columns: number): string | null {
  if (!isUtf8(bytes)) return 'not UTF-8'
  if (record.fault !== null) return record.fault
  if (record.fields !== columns) return `${record.fields} fields where the header has ${columns}`
  return null
}
