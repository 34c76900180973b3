import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32c } from '../../../core/store/log/crc32c.ts'

/** Bit by bit, as RFC 3720 tells it. */
function naive(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}

test('the check value, and the vectors of RFC 3720, appendix B.4', () => {
  const of = (bytes: Uint8Array) => crc32c(Buffer.from(bytes), 0, bytes.length)
  expect(of(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(of(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(of(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(of(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  expect(of(Uint8Array.from({ length: 32 }, (_, i) => 31 - i))).toBe(0x113fdb5c)
})

test('any stretch of any bytes has the sum of a reading bit by bit', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(20), fc.nat(20), (bytes, from, less) => {
      const start = Math.min(from, bytes.length)
      const end = Math.max(start, bytes.length - less)
      expect(crc32c(Buffer.from(bytes), start, end)).toBe(naive(bytes.subarray(start, end)))
    }),
    { seed: 1 },
  )
})
