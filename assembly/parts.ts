/**
 * JSON put together from parts. A part is a piece of text that is there already, followed by nothing, by a number or by a string:
 *
 *   u32 kind · u32 piece = place << 12 | length · 8 bytes: f64 number, or u32 pointer and u32 length of the string
 *
 * Pieces and strings move in whole words, so up to 15 bytes behind each are read, and behind what is written as many are
 * written.
 */
import { NUMBER as BROKEN_NUMBER, expect, expectArray } from './contract'
import { LARGEST, SMALLEST, shortestDecimal } from './decimal'

const PART_BYTES: u32 = 16
const ALONE: u32 = 0
const NUMBER: u32 = 1
const STRING: u32 = 2
const LENGTH_BITS: u32 = 12
const QUOTE: u8 = 0x22
const BACKSLASH: u8 = 0x5c
const MINUS: u8 = 0x2d
const ZERO: u8 = 0x30
const SPACE: u64 = 0x20
/** A byte for each byte of a word. */
const EACH: u64 = 0x0101010101010101
const HIGH: u64 = EACH * 0x80

/** Numbers that are remembered, so that one that comes again is moved as text: f64 value, u32 pointer and u32 length. */
const REMEMBERED: u32 = 16
export const MEMO_BYTES: u32 = 16 * REMEMBERED

/**
 * Writes parts[n] to out u8, whose length goes to outLength u32; places of pieces count from `pieces`; memo u8[MEMO_BYTES] is
 * scratch. Numbers are written as
 * JSON.stringify does, strings with their quotes. Stops behind the piece of a part whose number needs an exponent or is none, or
 * whose string is no UTF-8 or has a character that is escaped. Returns how many parts are written whole.
 */
export function writeParts(parts: usize, n: u32, pieces: usize, memo: usize, out: usize, outLength: usize): u32 {
  expectArray(parts, n * (PART_BYTES >> 3), 8)
  expectArray(outLength, 1, 4)
  expectArray(out, 8, 1)
  expectArray(memo, MEMO_BYTES >> 3, 8)
  memory.fill(memo, 0, MEMO_BYTES)
  let at = out
  let written: u32 = 0
  for (; written < n; written++) {
    const part = parts + <usize>(written * PART_BYTES)
    const kind = load<u32>(part)
    const piece = load<u32>(part, 4)
    const length = piece & ((1 << LENGTH_BITS) - 1)
    copyWords(pieces + (piece >> LENGTH_BITS), length, at)
    at += length
    if (kind == ALONE) continue
    expect(kind == NUMBER || kind == STRING, BROKEN_NUMBER, <f64>kind)
    const end =
      kind == NUMBER
        ? writeNumber(load<f64>(part, 8), memo, at)
        : writeString(load<u32>(part, 8), load<u32>(part, 12), at)
    if (end == 0) break
    at = end
  }
  store<u32>(outLength, <u32>(at - out))
  return written
}

function copyWords(from: usize, length: u32, to: usize): void {
  for (let i: usize = 0; i < <usize>length; i += 16) v128.store(to + i, v128.load(from + i))
}

/** Where it ends, or 0. */
function writeNumber(value: f64, memo: usize, at: usize): usize {
  if (value == 0) {
    store<u8>(at, ZERO)
    return at + 1
  }
  const size = abs<f64>(value)
  if (!(size >= SMALLEST && size < LARGEST)) return 0
  const known = memo + ((<usize>hashOf(value) % REMEMBERED) << 4)
  if (load<f64>(known) == value) {
    const length = load<u32>(known, 12)
    copyWords(load<u32>(known, 8), length, at)
    return at + length
  }
  const start = at
  if (value < 0) store<u8>(at++, MINUS)
  const end = at + shortestDecimal(size, at)
  store<f64>(known, value)
  store<u32>(known, <u32>start, 8)
  store<u32>(known, <u32>(end - start), 12)
  return end
}

/** The upper bits of the product depend on all bits of the number. */
function hashOf(value: f64): u32 {
  return <u32>((reinterpret<u64>(value) * 0x9e3779b97f4a7c15) >> 40)
}

/** Where it ends, or 0. */
function writeString(from: usize, length: u32, at: usize): usize {
  store<u8>(at++, QUOTE)
  const end = from + length
  for (; from + 8 <= end; from += 8, at += 8) {
    const word = load<u64>(from)
    if (!isPlain(word)) return writeCharacters(from, end, at)
    store<u64>(at, word)
  }
  const rest = <u32>(end - from)
  if (rest > 0) {
    const beyond = ~(<u64>0) << ((<u64>rest) << 3)
    const word = load<u64>(from)
    if (!isPlain((word & ~beyond) | ((EACH * SPACE) & beyond))) return writeCharacters(from, end, at)
    store<u64>(at, word)
  }
  store<u8>(at + rest, QUOTE)
  return at + rest + 1
}

/** The rest of a string character by character, with the quote behind it. Where it ends, or 0. */
function writeCharacters(start: usize, end: usize, out: usize): usize {
  let at = out
  let from = start
  while (from < end) {
    const length = lengthOfCharacter(from, end)
    if (length == 0) return 0
    for (let i: usize = 0; i < length; i++) store<u8>(at + i, load<u8>(from + i))
    at += length
    from += length
  }
  store<u8>(at, QUOTE)
  return at + 1
}

/** Bytes of the UTF-8 character at `from` (The Unicode Standard, table 3-7); 0: there is none, or JSON escapes it. */
function lengthOfCharacter(from: usize, end: usize): usize {
  const first = load<u8>(from)
  if (first < 0x80) return first < 0x20 || first == QUOTE || first == BACKSLASH ? 0 : 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length: usize = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (from + length > end) return 0
  const second = load<u8>(from, 1)
  const least: u8 = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80
  const most: u8 = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf
  if (second < least || second > most) return 0
  for (let i: usize = 2; i < length; i++) if ((load<u8>(from + i) & 0xc0) != 0x80) return 0
  return length
}

/** Whether each of 8 bytes is ASCII that JSON takes as it stands: not below 0x20, no quote, no backslash. */
function isPlain(word: u64): bool {
  const below = word - EACH * SPACE
  const quote = (word ^ (EACH * 0x22)) - EACH
  const backslash = (word ^ (EACH * 0x5c)) - EACH
  return ((word | below | quote | backslash) & HIGH) == 0
}
