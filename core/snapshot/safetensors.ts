/**
 * Safetensors, the numeric file format of https://github.com/huggingface/safetensors (format of 2023):
 *
 *   u64 little-endian N | N bytes of JSON | data
 *
 * The JSON maps each name to `{dtype, shape, data_offsets: [begin, end]}`, offsets counted from the data's start.
 * Tensors cover the data without overlap or hole. Read strictly: whatever is not exactly so is refused.
 * Written deterministically: widest elements first, then by name, so that each tensor is aligned to its element
 * with nothing between; the JSON is padded with spaces so that the data starts at a multiple of 64.
 */
import { OfferwrightError } from '../contract/errors.ts'
import { openPlainFile, readFully, writeDurably, writeFully } from './files.ts'
import { corruptHeader, type HeaderEntry, parseHeaderJson } from './safetensors-header.ts'
import { bytesPerElement, type DType, lengthOf, type Tensor, type TensorExtent, viewOf } from './tensors.ts'

export type { DType, Tensor, TensorExtent } from './tensors.ts'

/** Bound of the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000

const ALIGNMENT = 64

export interface SafetensorsHeader {
  /** In the order of the data; `begin` and `end` count from the start of the file. */
  tensors: Map<string, TensorExtent>
  dataStart: number
}

/** Length of the header in bytes from the file's first 8. Throws `snapshot_corrupt`. */
function headerLength(prefix: Uint8Array, fileBytes: number, source: string): number {
  if (fileBytes < 8) throw corruptHeader(source, `${fileBytes} bytes are too short for a safetensors file`)
  const length = Number(Buffer.from(prefix.buffer, prefix.byteOffset, 8).readBigUInt64LE())
  if (length > MAX_HEADER_BYTES || length > fileBytes - 8)
    throw corruptHeader(source, `invalid header length: ${length} in a file of ${fileBytes} bytes`)
  return length
}

/** `bytes` hold at least the header of a file of `fileBytes`. Throws `snapshot_corrupt`, naming `source`. */
export function parseSafetensorsHeader(bytes: Uint8Array, fileBytes: number, source: string): SafetensorsHeader {
  const dataStart = 8 + headerLength(bytes, fileBytes, source)
  const entries = parseHeaderJson(bytes.subarray(8, dataStart), source)
  const inDataOrder = entries.sort((a, b) => a.begin - b.begin || a.end - b.end)
  let covered = 0
  const tensors = new Map<string, TensorExtent>()
  for (const entry of inDataOrder) {
    checkExtent(entry, covered, source)
    covered = entry.end
    const { name, dtype, shape, begin, end } = entry
    tensors.set(name, { dtype, shape, begin: dataStart + begin, end: dataStart + end })
  }
  if (dataStart + covered !== fileBytes)
    throw corruptHeader(source, `tensors end at byte ${dataStart + covered} of a file of ${fileBytes}`)
  return { tensors, dataStart }
}

function checkExtent({ name, dtype, shape, begin, end }: HeaderEntry, covered: number, source: string): void {
  if (begin !== covered)
    throw corruptHeader(source, `tensor ${name} starts at ${begin}, the one before ends at ${covered}`)
  const bytes = lengthOf(shape) * bytesPerElement(dtype)
  if (end - begin !== bytes)
    throw corruptHeader(source, `tensor ${name} holds ${end - begin} bytes, its shape needs ${bytes}`)
}

/** Header of a file on disk. Throws `snapshot_corrupt`, naming `source`. */
export async function readSafetensorsHeader(path: string, source: string): Promise<SafetensorsHeader> {
  const file = await openPlainFile(path)
  try {
    const { size } = await file.stat()
    const prefix = new Uint8Array(Math.min(8, size))
    await readFully(file, prefix, 0)
    const header = new Uint8Array(8 + headerLength(prefix, size, source))
    await readFully(file, header, 0)
    return parseSafetensorsHeader(header, size, source)
  } finally {
    await file.close()
  }
}

/** All tensors of a file, each in memory of its own, so that it can be transferred to a worker. */
export async function readSafetensors(path: string): Promise<Record<string, Tensor>> {
  const { tensors } = await readSafetensorsHeader(path, path)
  const result: Record<string, Tensor> = {}
  const file = await openPlainFile(path)
  try {
    for (const [name, { dtype, shape, begin, end }] of tensors) {
      const bytes = new Uint8Array(end - begin)
      await readFully(file, bytes, begin)
      result[name] = { dtype, shape, data: viewOf(dtype, bytes.buffer, 0, lengthOf(shape)) }
    }
  } finally {
    await file.close()
  }
  return result
}

/** Equal tensors give equal bytes. The file appears whole or not at all. Throws `invalid_data` on a wrong shape. */
export async function writeSafetensors(path: string, tensors: Record<string, Tensor>): Promise<void> {
  const ordered = Object.entries(tensors).sort(
    ([a, x], [b, y]) => bytesPerElement(y.dtype) - bytesPerElement(x.dtype) || (a < b ? -1 : 1),
  )
  const { header, starts } = renderHeader(ordered)
  await writeDurably(path, async (file) => {
    await writeFully(file, header, 0)
    for (const [position, [, { data }]] of ordered.entries())
      await writeFully(file, bytesOf(data), header.length + starts[position])
  })
}

function renderHeader(ordered: [string, Tensor][]): { header: Uint8Array; starts: number[] } {
  const json: Record<string, { dtype: DType; shape: number[]; data_offsets: [number, number] }> = {}
  const starts: number[] = []
  let end = 0
  for (const [name, { dtype, shape, data }] of ordered) {
    checkTensor(name, dtype, shape, data.length)
    starts.push(end)
    json[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] }
    end += data.byteLength
  }
  const text = Buffer.from(JSON.stringify(json))
  const header = Buffer.alloc(Math.ceil((8 + text.length) / ALIGNMENT) * ALIGNMENT, ' ')
  header.writeBigUInt64LE(BigInt(header.length - 8))
  text.copy(header, 8)
  return { header, starts }
}

function checkTensor(name: string, dtype: DType, shape: number[], length: number): void {
  if (lengthOf(shape) !== length)
    throw new OfferwrightError('invalid_data', `tensor ${name}: ${length} ${dtype} do not have the shape [${shape}]`, {
      field: name,
      value: length,
    })
}

function bytesOf(data: Tensor['data']): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
