/** Rows that wait for the disk, as the frames that will be written: one run of bytes, used again when it was written. */
import { BLOCK_BYTES, blockMemory } from '../files/direct.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from './frame.ts'

/** Enough where little is logged; what is more is gathered where the disk can take it from. */
const FIRST_BYTES = 128 * 1024
/** A larger buffer is given back when its rows are written; making one again and again would keep the collector busy. */
const KEPT_BYTES = 16 * 1024 * 1024

export interface RowKind {
  type: number
  schemaVersion: number
}

export class Gathering {
  count = 0
  /** When the first of them came, by the process's watch in milliseconds. */
  since = 0
  #bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #begin = 0
  #end = 0
  #first = 0

  get length(): number {
    return this.#end - this.#begin
  }

  get frames(): Buffer {
    return this.#bytes.subarray(this.#begin, this.#end)
  }

  /** Where in a file the frames will probably stand: they gather as far behind a block in memory as they will be there. */
  expectAt(position: number): void {
    if (this.count > 0) return
    this.#begin = position % BLOCK_BYTES
    this.#end = this.#begin
  }

  /** Takes a copy. The first row's sequence is its group's. */
  add(kind: RowKind, sequence: number, row: Uint8Array): void {
    const at = this.#end
    const start = at + FRAME_HEADER_BYTES
    const end = start + row.length
    if (end > this.#bytes.length) this.#grow(end)
    this.#bytes.set(row, start)
    if (this.count === 0) {
      this.#first = sequence
      this.since = performance.now()
    }
    const { type, schemaVersion } = kind
    writeFrameHeader(this.#bytes, at, { type, schemaVersion, sequence, groupStart: this.#first, start, end })
    this.#end = end
    this.count++
  }

  clear(): void {
    this.count = 0
    this.#begin = 0
    this.#end = 0
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  }

  #grow(least: number): void {
    const larger = blockMemory(Math.max(least, 2 * this.#bytes.length))
    larger.set(this.frames, this.#begin)
    this.#bytes = larger
  }
}
