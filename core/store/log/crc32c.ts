/**
 * CRC-32C (Castagnoli), the checksum of iSCSI (RFC 3720, appendix B.4): polynomial 0x1EDC6F41, bits reflected, all ones at the
 * start and inverted at the end. CRC32C("123456789") = 0xE3069283.
 *
 * Eight bytes a step through eight tables (Kounavis, Berry, "A Systematic Approach to Building High Performance Software-Based
 * CRC Generators", IEEE ISCC 2005): table k holds what a byte adds that k further bytes follow.
 */

const REFLECTED_POLYNOMIAL = 0x82f63b78
const TABLES = slices()

function slices(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? REFLECTED_POLYNOMIAL : 0)
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256]
    tables[at] = (shorter >>> 8) ^ tables[shorter & 0xff]
  }
  return tables
}

/** Of `bytes[start]` up to, not with, `bytes[end]`; from 0 to 2³² − 1. */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const t = TABLES
  let crc = -1
  let i = start
  for (const last = end - 7; i < last; i += 8) {
    const first = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24))
    crc =
      t[1792 + (first & 0xff)] ^
      t[1536 + ((first >>> 8) & 0xff)] ^
      t[1280 + ((first >>> 16) & 0xff)] ^
      t[1024 + (first >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]]
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t[(crc ^ bytes[i]) & 0xff]
  return ~crc >>> 0
}
