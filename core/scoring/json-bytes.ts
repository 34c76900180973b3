/**
 * JSON written as UTF-8 bytes into one buffer that is used again: the bytes JSON.stringify would give for each value,
 * without a string of the whole. The memory may be shared; what outgrows it goes on in a larger one.
 *
 * What is written waits in the arena as parts, a piece and the value behind it, and the kernel writes them together: it moves
 * eight bytes where JavaScript reads one character. The parts are the arena's, so who writes into two buffers on one arena
 * reads `length` or `view` of the first before the second is written to.
 */
import type { KernelExports } from '../native/kernel.ts'
import { type Arena, JSON_BYTES, MAX_PARTS, PART_WORDS } from './arena.ts'
import { LONGEST_PIECE, lengthOf, PIECES, type Piece, type Pieces, pieceAt, placeOf } from './json-pieces.ts'

/** Kinds of parts, as the kernel numbers them. */
const ALONE = 0
const NUMBER = 1
const STRING = 2
/** Most bytes of a number, and of a word of hex digits. */
const NUMBER_BYTES = 32
const ZERO = 0x30
const LETTER_A = 0x61
/** JSON is put together where it begins as far from a whole word as where it goes: then whole words move. */
const WORD_BYTES = 8

/** Where parts wait and the kernel that writes them. */
export interface JsonRoom {
  kernel: Pick<KernelExports, 'writeParts'>
  arena: Pick<Arena, 'parts' | 'partNumbers' | 'pieces' | 'passing' | 'json' | 'jsonLength' | 'jsonNumbers'>
  pieces: Pieces
}

export class JsonBytes {
  readonly #room: JsonRoom
  /** Of `arena.passing` to `arena.pieces`, from which places count. */
  readonly #passingPlace: number
  readonly #words: Uint32Array
  readonly #numbers: Float64Array
  #memory: SharedArrayBuffer
  #bytes: Buffer
  #length = 0
  /** Parts that wait, most bytes they come to, and how much of the passing texts is theirs. */
  #waiting = 0
  #waitingBytes = 0
  #passed = 0

  constructor(room: JsonRoom, memory: SharedArrayBuffer) {
    const { parts, partNumbers, pieces, passing } = room.arena
    this.#room = room
    this.#passingPlace = passing.pointer - pieces.pointer
    this.#words = parts.view
    this.#numbers = partNumbers.view
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
    this.#write()
    return this.#memory
  }

  /** Bytes written so far. */
  get length(): number {
    this.#write()
    return this.#length
  }

  /** Set back to a length that was read, it drops what follows. */
  set length(length: number) {
    this.#waiting = 0
    this.#waitingBytes = 0
    this.#passed = 0
    this.#length = length
  }

  /** The bytes from `start` to `end`, as long as nothing more is written. */
  view(start = 0, end = this.length): Buffer {
    this.#write()
    return this.#bytes.subarray(start, end)
  }

  piece(piece: Piece): void {
    this.#part(ALONE, piece, 0)
  }

  /** Spaces up to the next whole word, where `behind` bytes follow them. */
  align(behind = 0): void {
    const over = (this.length + behind) % WORD_BYTES
    if (over > 0) this.piece(pieceAt(placeOf(PIECES.spaces), WORD_BYTES - over))
  }

  /** A piece and a number behind it. */
  number(before: Piece, value: number): void {
    const part = this.#part(NUMBER, before, NUMBER_BYTES)
    this.#numbers[(PART_WORDS / 2) * part + 1] = value
  }

  /** A piece and behind it string `i` of a table in the kernel's memory; bytes that are no UTF-8 are told as they are read. */
  stringAt(before: Piece, { pointer }: { pointer: number }, offsets: Uint32Array, i: number): void {
    const start = offsets[i]
    const length = offsets[i + 1] - start
    if (length > LONGEST_PIECE) {
      this.piece(before)
      this.string(this.#stringAt(pointer + start, length))
      return
    }
    const word = PART_WORDS * this.#part(STRING, before, length + 2)
    this.#words[word + 2] = pointer + start
    this.#words[word + 3] = length
  }

  boolean(before: Piece, value: boolean): void {
    this.piece(before)
    this.piece(value ? PIECES.true : PIECES.false)
  }

  /** ASCII characters that are JSON, or a part of it, and come again and again: a campaign's id, a code. */
  phrase(text: string): void {
    const piece = this.#room.pieces.of(text)
    if (piece < 0) this.ascii(text)
    else this.piece(piece)
  }

  /** ASCII characters that are JSON, or a part of it, once. */
  ascii(text: string): void {
    if (text.length > LONGEST_PIECE) {
      this.text(text)
      return
    }
    const start = this.#pass(text.length)
    this.#room.arena.passing.view.write(text, start, 'latin1')
    this.piece(pieceAt(this.#passingPlace + start, text.length))
  }

  /** Any JSON text. */
  text(json: string): void {
    this.#write()
    this.#append(json)
  }

  string(text: string): void {
    this.text(JSON.stringify(text))
  }

  /** The lower 4 · `digits` bits of a 32-bit word. */
  hex(word: number, digits: number): void {
    const { view } = this.#room.arena.passing
    const start = this.#pass(digits)
    for (let i = 0; i < digits; i++) {
      const digit = (word >>> (4 * (digits - 1 - i))) & 0xf
      view[start + i] = digit + (digit < 10 ? ZERO : LETTER_A - 10)
    }
    this.piece(pieceAt(this.#passingPlace + start, digits))
  }

  /** Bytes that are JSON, or a part of it, as they stand. */
  copy(json: Uint8Array): void {
    if (json.length > LONGEST_PIECE) {
      this.#write()
      this.#take(json)
      return
    }
    const start = this.#pass(json.length)
    this.#room.arena.passing.view.set(json, start)
    this.piece(pieceAt(this.#passingPlace + start, json.length))
  }

  /** Room for a text that passes: where it begins. */
  #pass(length: number): number {
    const isFull = this.#passed + length > this.#room.arena.passing.view.length
    if (isFull || this.#isFull(length)) this.#write()
    const start = this.#passed
    this.#passed += length
    return start
  }

  /** The number of a new part whose value takes `valueBytes` at most. */
  #part(kind: number, piece: Piece, valueBytes: number): number {
    const bytes = lengthOf(piece) + valueBytes
    if (this.#isFull(bytes)) this.#write()
    this.#waitingBytes += bytes
    const part = this.#waiting++
    this.#words[PART_WORDS * part] = kind
    this.#words[PART_WORDS * part + 1] = piece
    return part
  }

  #isFull(bytes: number): boolean {
    return this.#waiting === MAX_PARTS || this.#waitingBytes + bytes > JSON_BYTES
  }

  /** Has the kernel write what waits; what it leaves to others is written here, one value at a time. */
  #write(): void {
    const n = this.#waiting
    if (n === 0) return
    const { parts, pieces, json, jsonLength, jsonNumbers } = this.#room.arena
    for (let part = 0; part < n; part++) {
      const from = this.#length % WORD_BYTES
      const at = parts.pointer + 4 * PART_WORDS * part
      const to = json.pointer + from
      part += this.#room.kernel.writeParts(at, n - part, pieces.pointer, jsonNumbers.pointer, to, jsonLength.pointer)
      this.#take(json.view.subarray(from, from + jsonLength.view[0]))
      if (part < n) this.#append(this.#valueOf(part))
    }
    this.#waiting = 0
    this.#waitingBytes = 0
    this.#passed = 0
  }

  /** JSON of a value that the kernel does not write. */
  #valueOf(part: number): string {
    const [kind, , pointer, length] = this.#words.subarray(PART_WORDS * part)
    return JSON.stringify(
      kind === NUMBER ? this.#numbers[(PART_WORDS / 2) * part + 1] : this.#stringAt(pointer, length),
    )
  }

  /** As it is read from the kernel's memory. */
  #stringAt(pointer: number, length: number): string {
    return Buffer.from(this.#words.buffer, pointer, length).toString()
  }

  #append(json: string): void {
    this.#reserve(3 * json.length)
    this.#length += this.#bytes.write(json, this.#length)
  }

  #take(json: Uint8Array): void {
    this.#reserve(json.length)
    this.#bytes.set(json, this.#length)
    this.#length += json.length
  }

  #reserve(more: number): void {
    const least = this.#length + more
    if (least <= this.#bytes.length) return
    const written = this.#bytes.subarray(0, this.#length)
    this.#memory = new SharedArrayBuffer(Math.max(least, 2 * this.#bytes.length))
    this.#bytes = Buffer.from(this.#memory)
    this.#bytes.set(written)
  }
}
