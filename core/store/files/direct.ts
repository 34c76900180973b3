/**
 * Writes that go past the system's page cache, straight from the process's memory to the disk. Rows of a log are read much later, by
 * others, so the cache keeps them for nobody; through it a row of 5.7 KB takes the system 2 µs, or 9 where its pages are new to
 * a virtual machine, and straight 0.7. Linux alone has it (`O_DIRECT`), on most disks but not on all.
 *
 * Such a write wants whole blocks: in the file, in its length and in memory.
 */
import { constants, type FileHandle, open } from 'node:fs/promises'

export const BLOCK_BYTES = 4096
/** Fewer are not worth a wait for the disk. */
const LEAST_BYTES = 128 * 1024
const WEBASSEMBLY_PAGE_BYTES = 64 * 1024

const onBlocks = new WeakSet<ArrayBufferLike>()

/**
 * Memory that begins on a block, as of all that JavaScript can have WebAssembly's alone does for certain; other memory where there is
 * no room for that, since it takes some 10 GiB of addresses beside its bytes.
 */
export function blockMemory(leastBytes: number): Buffer {
  const pages = Math.ceil(leastBytes / WEBASSEMBLY_PAGE_BYTES)
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
    onBlocks.add(buffer)
    return Buffer.from(buffer)
  } catch {
    return Buffer.allocUnsafeSlow(leastBytes)
  }
}

/** The part of `bytes` that one call should write at `position`: what comes before whole blocks, those, or all of it. */
export function partToWrite(bytes: Uint8Array, position: number): { part: Uint8Array; isDirect: boolean } {
  const before = -position & (BLOCK_BYTES - 1)
  const whole = (bytes.length - before) & -BLOCK_BYTES
  const isPlaced = onBlocks.has(bytes.buffer) && ((bytes.byteOffset + before) & (BLOCK_BYTES - 1)) === 0
  if (!isPlaced || whole < LEAST_BYTES) return { part: bytes, isDirect: false }
  if (before > 0) return { part: bytes.subarray(0, before), isDirect: false }
  return { part: bytes.subarray(0, whole), isDirect: true }
}

/** Null where this system or this disk has no such writes. */
export async function openDirect(path: string): Promise<FileHandle | null> {
  if (constants.O_DIRECT === undefined) return null
  return open(path, constants.O_WRONLY | constants.O_DIRECT).catch(() => null)
}
