/**
 * JSON written as UTF-8 bytes into one buffer that is used again: the bytes JSON.stringify would give for each value,
 * without a string of the whole. The memory may be shared; what outgrows it goes on in a larger one.
 */
import type { KernelExports } from '../native/kernel.ts'
import { stringAt } from '../snapshot/strings.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const LETTER_A = 0x61
const MINUS = 0x2d
/** Where the kernel's decimals begin and end. */
const SMALLEST_DECIMAL = 1e-6
const LARGEST_DECIMAL = 2 ** 53

/** The kernel, and a place in its memory for one decimal. */
export interface DecimalRoom {
  kernel: Pick<KernelExports, 'shortestDecimal'>
  arena: { decimal: { pointer: number; view: Uint8Array } }
}

export class JsonBytes {
  /** Bytes written so far; may be set back to drop what follows. */
  length = 0
  readonly #room: DecimalRoom
  /** The decimal that stands in the room: probabilities repeat. */
  #lastDecimal = 0
  #lastCount = 0
  #memory: SharedArrayBuffer
  #bytes: Buffer

  constructor(room: DecimalRoom, memory: SharedArrayBuffer) {
    this.#room = room
    this.#memory = memory
    this.#bytes = Buffer.from(memory)
  }

  /** Goes on in other memory, of which the first `length` bytes stay free. */
  use(memory: SharedArrayBuffer, length: number): void {
    this.#memory = memory
    this.#bytes = Buffer.from(memory)
    this.length = length
  }

  /** What holds the bytes now: the memory that was given, or what it has been outgrown by. */
  get memory(): SharedArrayBuffer {
    return this.#memory
  }

  /** The bytes from `start` to `end`, as long as nothing more is written. */
  view(start = 0, end = this.length): Buffer {
    return this.#bytes.subarray(start, end)
  }

  /** Text of ASCII characters that is JSON, or a part of it, as it stands. */
  ascii(text: string): void {
    const { length } = text
    this.#reserve(length)
    const bytes = this.#bytes
    const at = this.length
    for (let i = 0; i < length; i++) bytes[at + i] = text.charCodeAt(i)
    this.length = at + length
  }

  /** Any JSON text. */
  text(json: string): void {
    this.#reserve(3 * json.length)
    this.length += this.#bytes.write(json, this.length)
  }

  string(text: string): void {
    this.text(JSON.stringify(text))
  }

  /** String `i` of a table: its bytes as they are, where nothing has to be escaped or may be no UTF-8. */
  stringAt(table: Uint8Array, offsets: Uint32Array, i: number): void {
    const start = offsets[i]
    const length = offsets[i + 1] - start
    this.#reserve(length + 2)
    const bytes = this.#bytes
    const at = this.length + 1
    for (let b = 0; b < length; b++) {
      const byte = table[start + b]
      if (byte < 0x20 || byte > 0x7e || byte === QUOTE || byte === BACKSLASH) {
        this.string(stringAt(table, offsets, i))
        return
      }
      bytes[at + b] = byte
    }
    bytes[at - 1] = QUOTE
    bytes[at + length] = QUOTE
    this.length = at + length + 1
  }

  number(value: number): void {
    if (value >= 0 && value === (value | 0)) this.#integer(value)
    else if (value >= SMALLEST_DECIMAL && value < LARGEST_DECIMAL) this.#decimal(value)
    else if (value <= -SMALLEST_DECIMAL && value > -LARGEST_DECIMAL) this.#negative(value)
    else this.ascii(Number.isFinite(value) ? String(value) : 'null')
  }

  /** The lower 4 · `digits` bits of a 32-bit word. */
  hex(word: number, digits: number): void {
    this.#reserve(digits)
    const bytes = this.#bytes
    for (let shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      const digit = (word >>> shift) & 0xf
      bytes[this.length++] = digit + (digit < 10 ? ZERO : LETTER_A - 10)
    }
  }

  boolean(value: boolean): void {
    this.ascii(value ? 'true' : 'false')
  }

  /** Bytes that are JSON, or a part of it, as they stand. */
  copy(json: Uint8Array): void {
    this.#reserve(json.length)
    this.#bytes.set(json, this.length)
    this.length += json.length
  }

  #negative(value: number): void {
    this.#reserve(1)
    this.#bytes[this.length++] = MINUS
    this.number(-value)
  }

  #decimal(value: number): void {
    const { kernel, arena } = this.#room
    const { pointer, view } = arena.decimal
    if (value !== this.#lastDecimal) {
      this.#lastDecimal = value
      this.#lastCount = kernel.shortestDecimal(value, pointer)
    }
    const count = this.#lastCount
    this.#reserve(count)
    const bytes = this.#bytes
    const at = this.length
    for (let i = 0; i < count; i++) bytes[at + i] = view[i]
    this.length = at + count
  }

  #integer(value: number): void {
    let count = 1
    for (let power = 10; power <= value; power *= 10) count++
    this.#reserve(count)
    const bytes = this.#bytes
    const at = this.length
    let rest = value
    for (let i = at + count - 1; i >= at; i--) {
      const tenth = (rest / 10) | 0
      bytes[i] = ZERO + rest - 10 * tenth
      rest = tenth
    }
    this.length = at + count
  }

  #reserve(more: number): void {
    const least = this.length + more
    if (least <= this.#bytes.length) return
    const written = this.view()
    this.use(new SharedArrayBuffer(Math.max(least, 2 * this.#bytes.length)), this.length)
    this.#bytes.set(written)
  }
}
