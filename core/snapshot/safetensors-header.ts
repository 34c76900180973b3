/** The JSON of a safetensors header, entry by entry, before the extents are compared with each other. */
import { OfferwrightError } from '../contract/errors.ts'
import { type DType, isDType } from './tensors.ts'

export interface HeaderEntry {
  name: string
  dtype: DType
  shape: number[]
  /** Bytes from the start of the data. */
  begin: number
  end: number
}

const METADATA = '__metadata__'
const ENTRY_FIELDS = ['dtype', 'shape', 'data_offsets']

/** A name that an object can safely hold as a key: never `__proto__`. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/

/** Throws `snapshot_corrupt`. */
export function parseHeaderJson(bytes: Uint8Array, source: string): HeaderEntry[] {
  const value = parseJson(bytes, source)
  if (!isRecord(value)) throw corruptHeader(source, 'header is not an object')
  return Object.entries(value)
    .filter(([name, entry]) => !isMetadata(name, entry, source))
    .map(([name, entry]) => parseEntry(name, entry, source))
}

function parseJson(bytes: Uint8Array, source: string): unknown {
  if (bytes[0] !== 0x7b) throw corruptHeader(source, 'header does not start with {')
  try {
    return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'))
  } catch (error) {
    throw corruptHeader(source, `header is not JSON: ${error instanceof Error ? error.message : error}`)
  }
}

function isMetadata(name: string, entry: unknown, source: string): boolean {
  if (name !== METADATA) return false
  if (!isRecord(entry) || !Object.values(entry).every((text) => typeof text === 'string'))
    throw corruptHeader(source, `${METADATA} does not map names to strings`)
  return true
}

function parseEntry(name: string, entry: unknown, source: string): HeaderEntry {
  if (!NAME.test(name)) throw corruptHeader(source, `invalid tensor name: ${JSON.stringify(name)}`)
  if (!isRecord(entry)) throw corruptHeader(source, `tensor ${name} is not an object`)
  const surplus = Object.keys(entry).find((field) => !ENTRY_FIELDS.includes(field))
  if (surplus !== undefined)
    throw corruptHeader(source, `tensor ${name} has an unknown field ${JSON.stringify(surplus)}`)
  const { dtype, shape, data_offsets: extent } = entry
  if (!isDType(dtype)) throw corruptHeader(source, `tensor ${name}: unknown dtype ${JSON.stringify(dtype)}`)
  if (!isWholeNumbers(shape)) throw corruptHeader(source, `tensor ${name}: invalid shape ${JSON.stringify(shape)}`)
  if (!isWholeNumbers(extent) || extent.length !== 2 || extent[0] > extent[1])
    throw corruptHeader(source, `tensor ${name}: invalid data_offsets ${JSON.stringify(extent)}`)
  return { name, dtype, shape, begin: extent[0], end: extent[1] }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isWholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((number) => Number.isSafeInteger(number) && number >= 0)
}

/** `source`: the section or the file that is refused. */
export function corruptHeader(source: string, message: string): OfferwrightError {
  return new OfferwrightError('snapshot_corrupt', `${source}: ${message}`, { field: source })
}
