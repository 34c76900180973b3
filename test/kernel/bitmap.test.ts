import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'

const I32_MIN = -(2 ** 31)
const I32_MAX = 2 ** 31 - 1
const GUARD = 0xa5a5a5a5
const words = fc.array(fc.integer({ min: 0, max: 0xffffffff }), { maxLength: 11 })
const i32 = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(I32_MIN, I32_MAX), fc.integer())

function bitmapOf(bits: boolean[]): number[] {
  const bitmap = Array(Math.ceil(bits.length / 32)).fill(0)
  bits.forEach((bit, i) => {
    if (bit) bitmap[i >> 5] += 2 ** (i & 31)
  })
  return bitmap
}

describe.each(BUILDS)('bitmaps, %s build', (build) => {
  const arena = new Arena(build)

  /** The bitmap of `bits` bits that `write` puts at the pointer it gets, and the word after it. */
  function written(bits: number, write: (out: number) => void): number[] {
    const nWords = Math.ceil(bits / 32)
    const out = arena.room(nWords * 4)
    write(out)
    return arena.readU32(out, nWords + 1)
  }

  it('intersect word by word, also in place', () => {
    fc.assert(
      fc.property(words, words, (left, right) => {
        arena.reset()
        const n = Math.min(left.length, right.length)
        const [a, b] = [arena.u32(left), arena.u32(right)]
        const expected = left.slice(0, n).map((word, i) => (word & right[i]) >>> 0)
        expect(written(n * 32, (out) => arena.kernel.bitmapAnd(a, b, out, n))).toEqual([...expected, GUARD])
        arena.kernel.bitmapAnd(a, b, a, n)
        expect(arena.readU32(a, n)).toEqual(expected)
      }),
      SEEDED,
    )
  })

  it('count their set bits and list them', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (bits) => {
        arena.reset()
        const bitmap = arena.u32(bitmapOf(bits))
        const expected = bits.flatMap((bit, i) => (bit ? [i] : []))
        const out = arena.room(4 * bits.length)
        expect(arena.kernel.bitmapCount(bitmap, bits.length)).toBe(expected.length)
        expect(arena.kernel.bitmapIndexes(bitmap, bits.length, out)).toBe(expected.length)
        expect(arena.readU32(out, expected.length)).toEqual(expected)
      }),
      SEEDED,
    )
  })

  it('unite word by word, also in place', () => {
    fc.assert(
      fc.property(words, words, (left, right) => {
        arena.reset()
        const n = Math.min(left.length, right.length)
        const [a, b] = [arena.u32(left), arena.u32(right)]
        const expected = left.slice(0, n).map((word, i) => (word | right[i]) >>> 0)
        expect(written(n * 32, (out) => arena.kernel.bitmapOr(a, b, out, n))).toEqual([...expected, GUARD])
        arena.kernel.bitmapOr(a, b, b, n)
        expect(arena.readU32(b, n)).toEqual(expected)
      }),
      SEEDED,
    )
  })

  it('turn into what they lack, with nothing past the last index, also in place', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (bits) => {
        arena.reset()
        const at = arena.u32(bitmapOf(bits))
        const expected = bitmapOf(bits.map((bit) => !bit))
        const found = written(bits.length, (out) => arena.kernel.bitmapNot(at, bits.length, out))
        expect(found).toEqual([...expected, GUARD])
        arena.kernel.bitmapNot(at, bits.length, at)
        expect(arena.readU32(at, expected.length)).toEqual(expected)
      }),
      SEEDED,
    )
  })

  it('gain the listed indexes and lose none', () => {
    const bits = fc.array(fc.boolean(), { minLength: 1, maxLength: 140 })
    fc.assert(
      fc.property(bits, fc.array(fc.nat(139), { maxLength: 40 }), (before, listed) => {
        arena.reset()
        const indexes = listed.filter((index) => index < before.length)
        const [at, list] = [arena.u32(bitmapOf(before)), arena.u32(indexes)]
        arena.kernel.bitmapAdd(list, indexes.length, before.length, at)
        const expected = bitmapOf(before.map((bit, i) => bit || indexes.includes(i)))
        expect(arena.readU32(at, expected.length)).toEqual(expected)
      }),
      SEEDED,
    )
  })

  it('hold the indexes whose number lies in a range, its ends rounded to single precision', () => {
    const number = fc.oneof(
      fc.constantFrom(0, -0, 0.1, 0.2, 1e30, -1e30),
      fc.float({ noNaN: true, noDefaultInfinity: true }),
    )
    fc.assert(
      fc.property(fc.array(number, { maxLength: 140 }), number, number, (values, lowest, highest) => {
        arena.reset()
        const [at, n] = [arena.f32(values), values.length]
        const f = Math.fround
        const found = written(n, (out) => arena.kernel.bitmapFromNumbers(at, n, lowest, highest, out))
        const expected = values.map((value) => f(value) >= f(lowest) && f(value) <= f(highest))
        expect(found).toEqual([...bitmapOf(expected), GUARD])
      }),
      SEEDED,
    )
  })

  it('hold the indexes whose code is wanted', () => {
    const wantedCodes = fc.array(fc.boolean(), { maxLength: 70 })
    const codes = fc.array(fc.oneof(fc.nat(80), fc.constant(0xffffffff)), { maxLength: 140 })
    fc.assert(
      fc.property(codes, wantedCodes, (list, wanted) => {
        arena.reset()
        const [at, bitmap, n] = [arena.u32(list), arena.u32(bitmapOf(wanted)), list.length]
        const found = written(n, (out) => arena.kernel.bitmapFromCodes(at, n, bitmap, wanted.length, out))
        expect(found).toEqual([...bitmapOf(list.map((code) => wanted[code] === true)), GUARD])
      }),
      SEEDED,
    )
  })

  it('hold the indexes whose value lies in a range, both ends included', () => {
    fc.assert(
      fc.property(fc.array(i32, { maxLength: 140 }), i32, i32, (values, lowest, highest) => {
        arena.reset()
        const [at, n] = [arena.place(Int32Array.from(values)), values.length]
        const found = written(n, (out) => arena.kernel.bitmapFromRange(at, n, lowest, highest, out))
        expect(found).toEqual([...bitmapOf(values.map((value) => value >= lowest && value <= highest)), GUARD])
      }),
      SEEDED,
    )
  })
})
