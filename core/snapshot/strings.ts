/**
 * Strings as one block of UTF-8 bytes and the offset at which each starts: string i is
 * `bytes[offsets[i] .. offsets[i + 1])`. No JavaScript object per string, and the block may be shared memory.
 */
import { OfferwrightError } from '../contract/errors.ts'

const MAX_BLOCK_BYTES = 0xffff_ffff

/** Throws `snapshot_too_large` when the block passes what a u32 offset can address. */
export function encodeStrings(values: Iterable<string>): {
  bytes: Uint8Array<ArrayBuffer>
  offsets: Uint32Array<ArrayBuffer>
} {
  const parts: Buffer[] = []
  const ends = [0]
  let end = 0
  for (const value of values) {
    const part = Buffer.from(value, 'utf8')
    end += part.length
    if (end > MAX_BLOCK_BYTES)
      throw new OfferwrightError('snapshot_too_large', `strings take more than ${MAX_BLOCK_BYTES} bytes`, {
        value: end,
      })
    parts.push(part)
    ends.push(end)
  }
  const block = Buffer.concat(parts, end)
  return { bytes: new Uint8Array(block.buffer, block.byteOffset, end), offsets: Uint32Array.from(ends) }
}

/** Works on shared memory, which `TextDecoder` refuses. */
export function stringAt(bytes: Uint8Array, offsets: Uint32Array, i: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8', offsets[i], offsets[i + 1])
}
