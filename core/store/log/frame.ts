/**
 * The bytes of a log segment, version 1. All numbers are little-endian. This comment is the format's contract.
 *
 *   segment = header, frame, frame, …
 *
 *   header (32 bytes)                          frame (22 bytes, then the row)
 *    0  8  magic "OWRTLOG" and a line feed      0  4  CRC-32C of everything from byte 4 to the row's end
 *    8  4  format version, 1                    4  4  length of the row in bytes
 *   12  8  sequence of its first record         8  1  type: what kind of row it is
 *   20  8  zero                                 9  1  version of the row's own schema
 *   28  4  CRC-32C of bytes 0 to 27            10  8  sequence: one more than the record before, also across segments
 *                                              18  4  place in its group: 0, 1, 2 … of those that one sync made durable
 *                                              22  …  the row: UTF-8 JSON, without a line feed;
 *                                                      empty: it was erased
 *
 * Invariants. A group is written only when the sync of the group before it has returned. So a frame of a whole group that begins
 * at sequence g proves that everything below g was durable: a frame that fails its check below g is damage, and one that no such
 * frame follows is the torn end of the last group. A segment ends where the next one's first sequence begins: what stands behind
 * that in it was never acknowledged, and its sequences were given again.
 */
import { crc32c } from './crc32c.ts'

export const SEGMENT_HEADER_BYTES = 32
export const FRAME_HEADER_BYTES = 22
export const LOG_FORMAT_VERSION = 1
/** A longer row is no row of ours: the length is damaged. */
export const MAX_ROW_BYTES = 64 * 1024 * 1024

const MAGIC = Buffer.from('OWRTLOG\n', 'latin1')
const TWO_32 = 2 ** 32

export interface Frame {
  type: number
  schemaVersion: number
  sequence: number
  /** Sequence of the first record of its group. */
  groupStart: number
  /** Where the row stands. */
  start: number
  end: number
}

export function segmentHeader(firstSequence: number): Buffer {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  MAGIC.copy(bytes)
  bytes.writeUInt32LE(LOG_FORMAT_VERSION, 8)
  writeSequence(bytes, firstSequence, 12)
  bytes.writeUInt32LE(crc32c(bytes, 0, 28), 28)
  return bytes
}

/** The first sequence; null where the bytes are not a whole header; `version` other than ours is the caller's to refuse. */
export function readSegmentHeader(bytes: Buffer): { version: number; firstSequence: number } | null {
  if (bytes.length < SEGMENT_HEADER_BYTES || !bytes.subarray(0, 8).equals(MAGIC)) return null
  if (bytes.readUInt32LE(28) !== crc32c(bytes, 0, 28)) return null
  return { version: bytes.readUInt32LE(8), firstSequence: readSequence(bytes, 12) }
}

/** Writes the frame of a row that already stands at `at + FRAME_HEADER_BYTES`. */
export function writeFrameHeader(
  bytes: Buffer,
  at: number,
  { type, schemaVersion, sequence, groupStart, start, end }: Frame,
): void {
  bytes.writeUInt32LE(end - start, at + 4)
  bytes[at + 8] = type
  bytes[at + 9] = schemaVersion
  writeSequence(bytes, sequence, at + 10)
  bytes.writeUInt32LE(sequence - groupStart, at + 18)
  bytes.writeUInt32LE(crc32c(bytes, at + 4, end), at)
}

/** Null where no whole, undamaged frame begins at `at`. */
export function readFrame(bytes: Buffer, at: number): Frame | null {
  const start = at + FRAME_HEADER_BYTES
  if (start > bytes.length) return null
  const length = bytes.readUInt32LE(at + 4)
  const end = start + length
  if (length > MAX_ROW_BYTES || end > bytes.length) return null
  if (bytes.readUInt32LE(at) !== crc32c(bytes, at + 4, end)) return null
  const sequence = readSequence(bytes, at + 10)
  return {
    type: bytes[at + 8],
    schemaVersion: bytes[at + 9],
    sequence,
    groupStart: sequence - bytes.readUInt32LE(at + 18),
    start,
    end,
  }
}

/**
 * Where the groups begin of the frames that stand anywhere from `from` on. Looks at every byte, because a damaged length hides
 * where the next frame begins; JSON holds no zero bytes, so no row holds a frame.
 */
export function groupsBehind(bytes: Buffer, from: number): Set<number> {
  const groups = new Set<number>()
  let at = from
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    // Few places pass this comparison; only there the row is summed.
    const fits = bytes.readUInt32LE(at + 4) <= bytes.length - at - FRAME_HEADER_BYTES
    const frame = fits ? readFrame(bytes, at) : null
    if (frame !== null) groups.add(frame.groupStart)
    at = frame?.end ?? at + 1
  }
  return groups
}

function writeSequence(bytes: Buffer, sequence: number, at: number): void {
  bytes.writeUInt32LE(sequence % TWO_32, at)
  bytes.writeUInt32LE(Math.floor(sequence / TWO_32), at + 4)
}

function readSequence(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + TWO_32 * bytes.readUInt32LE(at + 4)
}
