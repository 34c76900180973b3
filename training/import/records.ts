/**
 * Records of a CSV text, RFC 4180: a quoted field may hold delimiters, doubled quotes and line breaks.
 *
 * Works on bytes: quotes, delimiters and line breaks are ASCII, which UTF-8 never uses inside a character.
 * A record whose quotes are broken ends at its first line break, so that one stray quote costs one line.
 */

const QUOTE = 34
const NEWLINE = 10
const RETURN = 13

/** Longest record. A quote that never closes is found out after that much. */
export const MAX_RECORD_BYTES = 1 << 20

export interface RecordShape {
  /** Bytes up to the line break, without it. */
  end: number
  /** First byte of the next record. */
  next: number
  fields: number
  fault: 'broken quotes' | null
  /** A quote stands inside a field that has none around it: a plain character here, to other readers perhaps not. */
  strayQuote: boolean
}

/** The record at `start`, or null when `bytes` ends before it does and more may follow. */
export function scanRecord(bytes: Uint8Array, start: number, delimiter: number, isLast: boolean): RecordShape | null {
  let fields = 1
  let at = start
  let fieldStart = true
  let strayQuote = false
  for (; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === NEWLINE) return { ...shape(bytes, start, at, at + 1, fields), strayQuote }
    if (byte === QUOTE && fieldStart) {
      at = closingQuote(bytes, at + 1)
      if (at < 0 || !endsField(bytes, at + 1, delimiter)) return brokenRecord(bytes, start, at, isLast)
    } else if (byte === QUOTE) strayQuote = true
    fieldStart = byte === delimiter
    if (fieldStart) fields++
  }
  return isLast ? { ...shape(bytes, start, at, at, fields), strayQuote } : null
}

/** The line at `start` as a record of one field, whatever is in it. */
export function scanLine(bytes: Uint8Array, start: number, isLast: boolean): RecordShape | null {
  const newline = bytes.indexOf(NEWLINE, start)
  if (newline < 0) return isLast ? shape(bytes, start, bytes.length, bytes.length, 1) : null
  return shape(bytes, start, newline, newline + 1, 1)
}

/** Position of the quote that closes a field, or -1. */
function closingQuote(bytes: Uint8Array, from: number): number {
  let at = bytes.indexOf(QUOTE, from)
  while (at >= 0 && bytes[at + 1] === QUOTE) at = bytes.indexOf(QUOTE, at + 2)
  return at
}

function endsField(bytes: Uint8Array, at: number, delimiter: number): boolean {
  const byte = bytes[at]
  return (
    at >= bytes.length ||
    byte === delimiter ||
    byte === NEWLINE ||
    (byte === RETURN && (bytes[at + 1] ?? NEWLINE) === NEWLINE)
  )
}

/** The first line alone, once it is certain that the quotes never come right. */
function brokenRecord(bytes: Uint8Array, start: number, closing: number, isLast: boolean): RecordShape | null {
  if (closing < 0 && !isLast && bytes.length - start < MAX_RECORD_BYTES) return null
  const newline = bytes.indexOf(NEWLINE, start)
  if (newline < 0 && !isLast) return null
  const end = newline < 0 ? bytes.length : newline
  return { ...shape(bytes, start, end, newline < 0 ? end : newline + 1, 0), fault: 'broken quotes' }
}

function shape(bytes: Uint8Array, start: number, end: number, next: number, fields: number): RecordShape {
  return { end: end > start && bytes[end - 1] === RETURN ? end - 1 : end, next, fields, fault: null, strayQuote: false }
}

/** Line breaks in a stretch of bytes. */
export function countNewlines(bytes: Uint8Array, start: number, end: number): number {
  let count = 0
  for (let at = bytes.indexOf(NEWLINE, start); at >= 0 && at < end; at = bytes.indexOf(NEWLINE, at + 1)) count++
  return count
}

/** Texts of a sound record's fields, quotes taken off. */
export function fieldTexts(record: string, delimiter: string): string[] {
  const texts: string[] = []
  for (let at = 0; at <= record.length; ) {
    const quoted = record[at] === '"' ? /^"((?:[^"]|"")*)"/.exec(record.slice(at)) : null
    const stop = record.indexOf(delimiter, quoted ? at + quoted[0].length : at)
    const end = stop < 0 ? record.length : stop
    texts.push(quoted ? quoted[1].replaceAll('""', '"') : record.slice(at, end))
    at = end + 1
  }
  return texts
}
