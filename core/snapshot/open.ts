/**
 * Loads a snapshot into one shared WebAssembly memory.
 *
 * Each file is read once, into the memory, and hashed chunk by chunk there. Only when every hash agrees are headers parsed and the tables'
 * structure checked, and only what passed that is handed out, so the kernel and hnswlib may trust every index.
 */
import { OfferwrightError } from '../contract/errors.ts'
import type { SnapshotId } from '../contract/ids.ts'
import type { Manifest, Section, Segment } from './manifest.ts'
import { parseSafetensorsHeader, type SafetensorsHeader } from './safetensors.ts'
import type { SignaturePolicy } from './signature.ts'
import { checkStructure } from './structure.ts'
import { bytesPerElement, type DType, lengthOf } from './tensors.ts'
import { corruptSection, readManifest, readSection } from './verify.ts'

/** Pointer 0 means "absent" to the kernel. */
const FIRST_POINTER = 64
const PAGE_BYTES = 65_536
const MAX_MEMORY_BYTES = 65_536 * PAGE_BYTES

export interface TensorPlace {
  /** Bytes from the start of the memory, a multiple of the element's size. */
  pointer: number
  dtype: DType
  shape: number[]
  /** Elements. */
  length: number
}

/** A loaded snapshot; survives structured cloning, so workers get it as it is. */
export interface SnapshotImage {
  id: SnapshotId
  folder: string
  manifest: Manifest
  /** Shared. */
  memory: WebAssembly.Memory
  /** By `<section>.<tensor>`. */
  tensors: Record<string, TensorPlace>
  /** First byte after the tables, a multiple of 64. */
  free: number
}

export interface OpenOptions extends SignaturePolicy {
  expectedId: SnapshotId
  /** Bytes to leave free after the tables, for live columns and scratch arenas. */
  reserveBytes: (segment: Segment) => number
}

/** Throws `snapshot_corrupt`, `snapshot_unsupported`, `snapshot_signature` or `snapshot_too_large`. */
export async function openSnapshot(folder: string, options: OpenOptions): Promise<SnapshotImage> {
  const { id, manifest } = await readManifest(folder, options.expectedId, options)
  const [segment] = manifest.segments
  const places = placeFiles(segment.sections)
  const free = places.at(-1)?.end ?? FIRST_POINTER
  const memory = allocate(free, options.reserveBytes(segment))
  for (const { section, base } of places) await loadFile(folder, section, memory, base)
  const tensors = Object.fromEntries(places.flatMap((place) => placeTensors(place, memory)))
  const image = { id, folder, manifest, memory, tensors, free }
  await checkStructure(image)
  return image
}

interface FilePlace {
  section: Section
  /** Where the file's first byte goes. */
  base: number
  /** Next multiple of 64 after its last. */
  end: number
}

/** The hnsw file takes no room: hnswlib reads it from disk into memory of its own. */
function placeFiles(sections: Section[]): FilePlace[] {
  let base = FIRST_POINTER
  return sections.map((section) => {
    const end = section.format === 'hnsw' ? base : aligned(base + section.bytes)
    const place = { section, base, end }
    base = end
    return place
  })
}

function allocate(tableBytes: number, reservedBytes: number): WebAssembly.Memory {
  const bytes = tableBytes + reservedBytes
  if (bytes > MAX_MEMORY_BYTES)
    throw new OfferwrightError(
      'snapshot_too_large',
      `the snapshot needs ${bytes} bytes (${tableBytes} of tables, ${reservedBytes} reserved), ` +
        `one memory holds ${MAX_MEMORY_BYTES}`,
      { value: bytes },
    )
  const pages = Math.ceil(bytes / PAGE_BYTES)
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
}

function loadFile(folder: string, section: Section, memory: WebAssembly.Memory, base: number): Promise<void> {
  if (section.format === 'hnsw') return readSection(folder, section)
  return readSection(folder, section, new Uint8Array(memory.buffer, base, section.bytes))
}

function placeTensors({ section, base }: FilePlace, memory: WebAssembly.Memory): [string, TensorPlace][] {
  if (section.format === 'hnsw') return []
  const header = headerOf(section, new Uint8Array(memory.buffer, base, section.bytes))
  return section.tensors.map(({ name, dtype, shape }) => {
    const extent = header.get(name)
    if (extent === undefined) throw corruptSection(section.name, `the file has no tensor ${name}`)
    if (extent.dtype !== dtype || extent.shape.join() !== shape.join())
      throw corruptSection(
        section.name,
        `tensor ${name} is ${extent.dtype} [${extent.shape}], the manifest says ${dtype} [${shape}]`,
      )
    const pointer = base + extent.begin
    if (pointer % bytesPerElement(dtype) !== 0)
      throw corruptSection(section.name, `tensor ${name} is not aligned to its elements`, extent.begin)
    return [`${section.name}.${name}`, { pointer, dtype, shape, length: lengthOf(shape) }]
  })
}

function headerOf(section: Section, bytes: Uint8Array): SafetensorsHeader['tensors'] {
  const { tensors } = parseSafetensorsHeader(bytes, section.bytes, section.name)
  const surplus = [...tensors.keys()].find((name) => !section.tensors.some((entry) => entry.name === name))
  if (surplus !== undefined) throw corruptSection(section.name, `the file has the unlisted tensor ${surplus}`)
  return tensors
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64
}

export interface Footprint {
  bytesPerItem: number
  bytesPerShopper: number
  totalBytes: number
}

/** Size of the files by what they grow with: the shoppers section with shoppers, all others with items. */
export function footprint({ manifest }: Pick<SnapshotImage, 'manifest'>): Footprint {
  const { items, shoppers, sections } = manifest.segments[0]
  const totalBytes = sections.reduce((sum, section) => sum + section.bytes, 0)
  const shopperBytes = sections.find(({ name }) => name === 'shoppers')?.bytes ?? 0
  return {
    bytesPerItem: (totalBytes - shopperBytes) / items,
    bytesPerShopper: shoppers === 0 ? 0 : shopperBytes / shoppers,
    totalBytes,
  }
}
