/**
 * A log of rows: NDJSON segments `<name>-<n>.ndjson` in one folder, appended in order by one process.
 *
 * Rows wait in memory while a write is under way and go to disk together, so a busy log makes few large writes.
 * A write that fails is cut off at the last whole row, reported, and tried again; until it succeeds rows wait, and
 * `isFull` tells the caller to refuse work rather than to wait without bound.
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export interface AppendLogOptions {
  folder: string
  name: string
  /** A segment that has grown past this is closed and the next one begun. */
  segmentBytes?: number
  /** How long rows may wait for others, so that few large writes are made; `flush` does not wait. */
  gatherMs?: number
  /** Bytes that may wait for the disk. */
  waitingBytes?: number
  /** Told of each failed write; the rows are kept. */
  onError: (error: Error) => void
}

const SEGMENT_BYTES = 256 * 1024 * 1024
const WAITING_BYTES = 32 * 1024 * 1024
const RETRY_MS = 500
/** Rows that make a write worth its while: one of 128 KiB takes as long to ask for as to do. */
const WRITE_BYTES = 512 * 1024
const FIRST_BYTES = 128 * 1024
/** A larger buffer is given back when its rows are written. */
const KEPT_BYTES = 4 * 1024 * 1024

export class AppendLog {
  readonly #options: Required<AppendLogOptions>
  #file: FileHandle | null = null
  #segment = 0
  #position = 0
  /** Rows that no write has taken yet: the first `#gathered` bytes. */
  #waiting = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #gathered = 0
  /** The other buffer: being written, or free. */
  #spare = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #waitingBytes = 0
  #appendedBytes = 0
  #writtenBytes = 0
  #flushes: { upTo: number; resolve: () => void; reject: (error: Error) => void }[] = []
  #writing: Promise<void> | null = null
  #timer: NodeJS.Timeout | undefined
  #closing = false
  #isSealing = false
  #sealedUpTo = 0

  private constructor(options: AppendLogOptions, lastSegment: number) {
    this.#options = { segmentBytes: SEGMENT_BYTES, gatherMs: 0, waitingBytes: WAITING_BYTES, ...options }
    this.#segment = lastSegment
  }

  /** Begins behind the segments that are there; none of them is written again. */
  static async open(options: AppendLogOptions): Promise<AppendLog> {
    const last = (await segmentsOf(options.folder, options.name)).at(-1)
    return new AppendLog(options, last === undefined ? 0 : last.number)
  }

  /** True: the disk does not keep up, or fails. A caller that can be told to come again should be. */
  get isFull(): boolean {
    return this.#waitingBytes > this.#options.waitingBytes
  }

  /** Takes a copy of whole rows, each ending in a line feed. */
  append(rows: Uint8Array): void {
    const end = this.#gathered + rows.length
    if (end > this.#waiting.length) this.#grow(end)
    this.#waiting.set(rows, this.#gathered)
    this.#gathered = end
    this.#waitingBytes += rows.length
    this.#appendedBytes += rows.length
    if (this.#writing !== null) return
    if (this.#options.gatherMs === 0 || this.#gathered >= WRITE_BYTES) this.#begin()
    else this.#timer ??= setTimeout(() => this.#begin(), this.#options.gatherMs)
  }

  #begin(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#gathered > 0) this.#writing ??= this.#writeAll()
  }

  /** Resolves when everything appended so far has been handed to the operating system. */
  flush(): Promise<void> {
    const upTo = this.#appendedBytes
    if (upTo === this.#writtenBytes) return Promise.resolve()
    this.#begin()
    return new Promise((resolve, reject) => this.#flushes.push({ upTo, resolve, reject }))
  }

  /** Writes what waits, syncs and closes. A disk that still fails then loses the waiting rows: `flush` rejects. */
  async close(): Promise<void> {
    this.#closing = true
    this.#begin()
    await this.#writing
    for (const { reject } of this.#flushes)
      reject(new Error(`${this.#options.name} log: closed before its rows were written`))
    await this.#file?.datasync()
    await this.#file?.close()
    this.#file = null
  }

  /** Nothing is written any more to the segments that it resolves with; rows go on into the next one. */
  async seal(): Promise<string[]> {
    this.#isSealing = true
    await this.flush()
    const last = this.#isSealing ? this.#segment : this.#sealedUpTo
    const segments = await segmentsOf(this.#options.folder, this.#options.name)
    return segments.filter(({ number }) => number <= last).map(({ file }) => file)
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, 2 * this.#waiting.length))
    larger.set(this.#waiting.subarray(0, this.#gathered))
    this.#waiting = larger
  }

  async #writeAll(): Promise<void> {
    while (this.#gathered > 0) {
      const rows = this.#waiting.subarray(0, this.#gathered)
      ;[this.#waiting, this.#spare] = [this.#spare, this.#waiting]
      this.#gathered = 0
      if (!(await this.#write(rows))) break
      if (this.#spare.length > KEPT_BYTES) this.#spare = Buffer.allocUnsafeSlow(FIRST_BYTES)
      this.#waitingBytes -= rows.length
      this.#writtenBytes += rows.length
      while (this.#flushes.length > 0 && this.#flushes[0].upTo <= this.#writtenBytes) this.#flushes.shift()?.resolve()
    }
    this.#writing = null
  }

  /** False: gave up because the log is closing. */
  async #write(rows: Buffer): Promise<boolean> {
    for (;;) {
      try {
        await this.#writeOnce(rows)
        return true
      } catch (error) {
        this.#options.onError(error as Error)
        await this.#file?.truncate(this.#position).catch(this.#options.onError)
        if (this.#closing) return false
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }

  async #writeOnce(rows: Buffer): Promise<void> {
    if (this.#file !== null && (this.#isSealing || this.#position >= this.#options.segmentBytes)) {
      this.#isSealing = false
      this.#sealedUpTo = this.#segment
      await this.#endSegment(this.#file)
    }
    this.#file ??= await this.#beginSegment()
    let bytes = rows
    let position = this.#position
    while (bytes.length > 0) {
      const { bytesWritten } = await this.#file.write(bytes, 0, bytes.length, position)
      bytes = bytes.subarray(bytesWritten)
      position += bytesWritten
    }
    this.#position = position
  }

  async #beginSegment(): Promise<FileHandle> {
    const file = await open(segmentPath(this.#options.folder, this.#options.name, this.#segment + 1), 'wx')
    this.#segment++
    this.#position = 0
    return file
  }

  async #endSegment(file: FileHandle): Promise<void> {
    await file.datasync()
    await file.close()
    this.#file = null
  }
}

export interface LoggedLine {
  file: string
  line: number
  text: string
}

/** Every line of a log, oldest first; also a last line that was cut off by a crash. */
export async function* readLog(folder: string, name: string): AsyncGenerator<LoggedLine> {
  for (const { file } of await segmentsOf(folder, name)) {
    let line = 0
    for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY }))
      yield { file, line: ++line, text }
  }
}

async function segmentsOf(folder: string, name: string): Promise<{ number: number; file: string }[]> {
  const pattern = new RegExp(`^${name}-(\\d+)\\.ndjson$`)
  const segments: { number: number; file: string }[] = []
  for (const file of await readdir(folder)) {
    const match = pattern.exec(file)
    if (match) segments.push({ number: Number(match[1]), file: join(folder, file) })
  }
  return segments.sort((a, b) => a.number - b.number)
}

function segmentPath(folder: string, name: string, number: number): string {
  return join(folder, `${name}-${String(number).padStart(6, '0')}.ndjson`)
}
