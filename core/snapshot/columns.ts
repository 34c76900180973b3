/** Checks of single columns. Each throws `snapshot_corrupt` with the tensor, the position and the value. */
import { OfferwrightError } from '../contract/errors.ts'
import { NO_CODE } from './layout.ts'

type Numbers = Uint8Array | Uint32Array | Int32Array | Float32Array

/** 0, never falling, ending at `end`: rows and strings lie inside their table. */
export function offsets(name: string, values: Uint32Array, end: number): void {
  if (values.length === 0 || values[0] !== 0) throw refused(name, 0, values[0])
  for (let i = 1; i < values.length; i++) if (values[i] < values[i - 1]) throw refused(name, i, values[i])
  const last = values.length - 1
  if (values[last] !== end) throw refused(name, last, values[last], `expected ${end}`)
}

/** min <= value <= max; refuses NaN too. */
export function within(name: string, values: Numbers, min: number, max: number): void {
  for (let i = 0; i < values.length; i++)
    if (!(values[i] >= min && values[i] <= max)) throw refused(name, i, values[i], `expected ${min} to ${max}`)
}

export function finite(name: string, values: Float32Array): void {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) throw refused(name, i, values[i])
}

/** Below `count`, or "none". */
export function codes(name: string, values: Uint32Array, count: number): void {
  for (let i = 0; i < values.length; i++)
    if (values[i] >= count && values[i] !== NO_CODE) throw refused(name, i, values[i], `expected less than ${count}`)
}

/** Each row strictly ascending and below `columns`: binary search works and no column counts twice. */
export function ascendingRows(name: string, indptr: Uint32Array, indices: Uint32Array, columns: number): void {
  for (let row = 0; row + 1 < indptr.length; row++) {
    let previous = -1
    for (let p = indptr[row]; p < indptr[row + 1]; p++) {
      const column = indices[p]
      if (column <= previous || column >= columns) throw refused(name, p, column, `row ${row} of ${columns} columns`)
      previous = column
    }
  }
}

export function shortRows(name: string, indptr: Uint32Array, most: number): void {
  for (let row = 0; row + 1 < indptr.length; row++) {
    const length = indptr[row + 1] - indptr[row]
    if (length > most) throw refused(name, row, length, `at most ${most}`)
  }
}

export function sameLength(name: string, values: Numbers, other: Numbers): void {
  sameNumber(name, values.length, other.length)
}

export function sameNumber(name: string, length: number, expected: number): void {
  if (length !== expected) throw refused(name, 'length', length, `expected ${expected}`)
}

/** `order` lists every index once, score descending, index ascending. Strictly so, hence a permutation. */
export function ranking(name: string, order: Uint32Array, score: Float32Array): void {
  finite(name, score)
  for (let i = 0; i < order.length; i++) {
    if (order[i] >= score.length) throw refused(`${name} order`, i, order[i])
    if (i === 0) continue
    const before = order[i - 1]
    const falls = score[before] > score[order[i]] || (score[before] === score[order[i]] && before < order[i])
    if (!falls) throw refused(`${name} order`, i, order[i], `after ${before}`)
  }
}

/** Keys are not empty and strictly ascending as bytes, hence unique: an index is the rank of its key. */
export function ascendingKeys(name: string, ends: Uint32Array, bytes: Uint8Array): void {
  for (let i = 0; i + 1 < ends.length; i++) {
    if (ends[i] === ends[i + 1]) throw refused(name, i, '', 'an empty key')
    if (i > 0 && !ascends(bytes, ends[i - 1], ends[i], ends[i + 1]))
      throw refused(name, i, Buffer.from(bytes.slice(ends[i], ends[i + 1])).toString(), 'keys must ascend')
  }
}

function ascends(bytes: Uint8Array, first: number, second: number, end: number): boolean {
  let a = first
  let b = second
  while (a < second && b < end && bytes[a] === bytes[b]) {
    a++
    b++
  }
  return b < end && (a === second || bytes[a] < bytes[b])
}

/**
 * Every index stands in exactly one slot, and no empty slot lies between its hash's first slot and it: a look-up
 * of any key finds it, and one of an unknown key ends, because at least half of the slots are empty.
 */
export function keyTable(name: string, table: Uint32Array, hashes: BigUint64Array, n: number): void {
  checkCapacity(name, table.length, hashes.length, n)
  const lowWords = new Uint32Array(hashes.buffer, hashes.byteOffset, 2 * n)
  const mask = table.length - 1
  const seen = new Uint8Array(n)
  const firstEmpty = table.indexOf(0)
  let lastEmpty = firstEmpty
  for (let step = 1; step <= table.length; step++) {
    const slot = (firstEmpty + step) & mask
    if (table[slot] === 0) {
      lastEmpty = slot
      continue
    }
    const index = table[slot] - 1
    if (index >= n || seen[index] === 1) throw refused(name, slot, table[slot])
    seen[index] = 1
    const probes = (slot - lowWords[2 * index]) & mask
    if (probes >= ((slot - lastEmpty) & mask)) throw refused(name, slot, table[slot], 'its look-up ends before')
  }
  const lost = seen.indexOf(0)
  if (lost !== -1) throw refused(name, 'index', lost, 'in no slot')
}

function checkCapacity(name: string, capacity: number, hashes: number, n: number): void {
  if (hashes !== n) throw refused(name, 'hashes', hashes, `expected ${n}`)
  if (capacity < Math.max(1, 2 * n) || (capacity & (capacity - 1)) !== 0)
    throw refused(name, 'length', capacity, `expected a power of two from ${2 * n}`)
}

function refused(tensor: string, position: number | string, value: unknown, why = ''): OfferwrightError {
  const [section] = tensor.split('.')
  const where = typeof position === 'number' ? `[${position}]` : ` ${position}`
  return new OfferwrightError(
    'snapshot_corrupt',
    `section ${section}: invalid ${tensor}${where}: ${value}${why ? ` (${why})` : ''}`,
    { field: section, value },
  )
}
