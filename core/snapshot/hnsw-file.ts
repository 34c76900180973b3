/**
 * Is an index file safe to hand to hnswlib? Its loader checks the file's length and little else, and its search
 * follows the links it finds without a bound.
 *
 * Layout of hnswlib 0.8 `saveIndex`, little-endian, on a machine with 64-bit `size_t`:
 *
 *   u64 offsetLevel0, u64 maxElements, u64 elements, u64 sizePerElement, u64 labelOffset, u64 dataOffset,
 *   i32 maxLevel, u32 entryPoint, u64 maxM, u64 maxM0, u64 M, f64 mult, u64 efConstruction            (96 bytes)
 *   elements × { u16 links, u8 deleted, u8 -, u32 neighbour[maxM0], f32 vector[dim], u64 label }
 *   elements × { u32 bytes, then levels 1..: { u16 links, u16 -, u32 neighbour[maxM] } }
 */
import type { FileHandle } from 'node:fs/promises'
import { CHUNK_BYTES, openPlainFile, readFully } from './files.ts'
import { INDEX_SECTION } from './layout.ts'
import { corruptSection } from './verify.ts'

const HEADER_BYTES = 96

interface HnswHeader {
  offsetLevel0: number
  maxElements: number
  elements: number
  sizePerElement: number
  labelOffset: number
  dataOffset: number
  maxLevel: number
  entryPoint: number
  maxM: number
  maxM0: number
  m: number
  mult: number
  efConstruction: number
}

/**
 * Throws `snapshot_corrupt` unless the file is an index of these vectors, rows of `dim`, under their row numbers, with
 * links inside it. An index that was built over other vectors would answer for items it does not know.
 */
export async function checkHnswFile(path: string, vectors: Float32Array, dim: number): Promise<void> {
  const items = vectors.length / dim
  const file = await openPlainFile(path)
  try {
    const { size } = await file.stat()
    const header = await readHeader(file, size)
    checkHeader(header, size, items, dim)
    await checkElements(file, header, vectors)
    await checkUpperLevels(file, header, size)
  } finally {
    await file.close()
  }
}

async function readHeader(file: FileHandle, size: number): Promise<HnswHeader> {
  if (size < HEADER_BYTES) throw refused('file length', size)
  const bytes = Buffer.alloc(HEADER_BYTES)
  await readFully(file, bytes, 0)
  const u64 = (offset: number) => Number(bytes.readBigUInt64LE(offset))
  return {
    offsetLevel0: u64(0),
    maxElements: u64(8),
    elements: u64(16),
    sizePerElement: u64(24),
    labelOffset: u64(32),
    dataOffset: u64(40),
    maxLevel: bytes.readInt32LE(48),
    entryPoint: bytes.readUInt32LE(52),
    maxM: u64(56),
    maxM0: u64(64),
    m: u64(72),
    mult: bytes.readDoubleLE(80),
    efConstruction: u64(88),
  }
}

function checkHeader(h: HnswHeader, size: number, items: number, dim: number): void {
  const linkBytes = 4 + 4 * h.maxM0
  must('offsetLevel0', h.offsetLevel0, h.offsetLevel0 === 0)
  must('elements', h.elements, h.elements === items, items)
  must('maxElements', h.maxElements, h.maxElements >= items && h.maxElements <= 2 * items + 1024)
  must('M', h.m, h.m >= 2 && h.m <= 10_000)
  must('maxM', h.maxM, h.maxM === h.m, h.m)
  must('maxM0', h.maxM0, h.maxM0 === 2 * h.m, 2 * h.m)
  must('dataOffset', h.dataOffset, h.dataOffset === linkBytes, linkBytes)
  must('labelOffset', h.labelOffset, h.labelOffset === linkBytes + 4 * dim, linkBytes + 4 * dim)
  must('sizePerElement', h.sizePerElement, h.sizePerElement === h.labelOffset + 8, h.labelOffset + 8)
  must('maxLevel', h.maxLevel, h.maxLevel >= 0 && h.maxLevel < 64)
  must('entryPoint', h.entryPoint, h.entryPoint < items)
  must('mult', h.mult, h.mult > 0 && h.mult < 2)
  must('efConstruction', h.efConstruction, h.efConstruction >= 1 && h.efConstruction <= 1_000_000)
  must('file length', size, size >= HEADER_BYTES + items * (h.sizePerElement + 4))
}

/** Level 0, in chunks of whole elements. */
async function checkElements(file: FileHandle, h: HnswHeader, vectors: Float32Array): Promise<void> {
  const labels = new Uint8Array(h.elements)
  const perChunk = Math.max(1, Math.floor(CHUNK_BYTES / h.sizePerElement))
  const buffer = new Uint8Array(Math.min(perChunk, h.elements) * h.sizePerElement)
  for (let first = 0; first < h.elements; first += perChunk) {
    const count = Math.min(perChunk, h.elements - first)
    const chunk = buffer.subarray(0, count * h.sizePerElement)
    await readFully(file, chunk, HEADER_BYTES + first * h.sizePerElement)
    for (let i = 0; i < count; i++) checkElement(chunk, i * h.sizePerElement, h, vectors, labels)
  }
}

/** Elements are multiples of 4 bytes, so words can be read in place. */
function checkElement(chunk: Uint8Array, at: number, h: HnswHeader, vectors: Float32Array, labels: Uint8Array): void {
  const words = new Uint32Array(chunk.buffer, at, h.sizePerElement / 4)
  must('deleted mark', words[0] >>> 16, words[0] >>> 16 === 0)
  checkLinks(words, 0, h.maxM0, h.elements)
  const label = words[h.labelOffset / 4]
  must('label', label, words[h.labelOffset / 4 + 1] === 0 && label < h.elements && labels[label] === 0)
  labels[label] = 1
  const dim = (h.labelOffset - h.dataOffset) / 4
  checkVector(new Float32Array(chunk.buffer, at + h.dataOffset, dim), vectors, label)
}

function checkLinks(words: Uint32Array, at: number, most: number, elements: number): void {
  const links = words[at] & 0xffff
  must('number of links', links, links <= most, most)
  for (let i = 1; i <= links; i++) must('link', words[at + i], words[at + i] < elements)
}

/** The section's numbers are finite, so one that is not differs. */
function checkVector(vector: Float32Array, vectors: Float32Array, item: number): void {
  const start = item * vector.length
  for (let i = 0; i < vector.length; i++)
    if (vector[i] !== vectors[start + i]) throw refused(`vector of item ${item}`, vector[i], vectors[start + i])
}

/** A link on a level leads to an element that has that level too, and the search starts on the highest. */
async function checkUpperLevels(file: FileHandle, h: HnswHeader, size: number): Promise<void> {
  const start = HEADER_BYTES + h.elements * h.sizePerElement
  const bytes = new Uint8Array(size - start)
  await readFully(file, bytes, start)
  const words = new Uint32Array(bytes.buffer, 0, Math.floor(bytes.length / 4))
  const levels = levelsOf(words, h)
  must('level of the entry point', levels[h.entryPoint], levels[h.entryPoint] === h.maxLevel, h.maxLevel)
  let at = 0
  for (const count of levels) {
    at++
    for (let level = 1; level <= count; level++, at += h.maxM + 1) {
      checkLinks(words, at, h.maxM, h.elements)
      checkLevel(words, at, level, levels)
    }
  }
  must('file length', size, start + 4 * at === size, start + 4 * at)
}

function levelsOf(words: Uint32Array, h: HnswHeader): Uint8Array {
  const levelBytes = 4 * (h.maxM + 1)
  const levels = new Uint8Array(h.elements)
  let at = 0
  for (let i = 0; i < h.elements; i++) {
    must('file length', 4 * at, at < words.length)
    const listBytes = words[at]
    must('bytes of levels', listBytes, listBytes % levelBytes === 0 && listBytes <= h.maxLevel * levelBytes)
    levels[i] = listBytes / levelBytes
    at += 1 + listBytes / 4
  }
  must('file length', 4 * at, at <= words.length)
  return levels
}

function checkLevel(words: Uint32Array, at: number, level: number, levels: Uint8Array): void {
  const links = words[at] & 0xffff
  for (let i = 1; i <= links; i++) must('level of a link', words[at + i], levels[words[at + i]] >= level)
}

function must(what: string, value: number, holds: boolean, expected?: number): void {
  if (!holds) throw refused(what, value, expected)
}

function refused(what: string, value: number, expected?: number) {
  const asked = expected === undefined ? '' : `, expected ${expected}`
  return corruptSection(INDEX_SECTION, `invalid ${what}: ${value}${asked}`, value)
}
