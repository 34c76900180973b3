import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'

const NO_CODE = 0xffffffff

const asked = fc.integer({ min: 0, max: 200 }).chain((n) => {
  const each = <T>(value: fc.Arbitrary<T>) => fc.array(value, { minLength: n, maxLength: n })
  const codes = fc.record({
    column: each(fc.oneof(fc.nat(40), fc.constant(NO_CODE))),
    wanted: fc.array(fc.boolean(), { maxLength: 40 }),
  })
  const i32 = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1))
  const range = fc.record({ column: each(i32), lowest: i32, highest: i32 })
  return fc.record({ n: fc.constant(n), parts: fc.array(fc.oneof(codes, range, each(fc.boolean())), { maxLength: 4 }) })
})
type Part = (typeof asked extends fc.Arbitrary<infer T> ? T : never)['parts'][number]

function bitmapOf(bits: boolean[]): number[] {
  const words = Array(Math.ceil(bits.length / 32)).fill(0)
  bits.forEach((bit, i) => {
    if (bit) words[i >> 5] += 2 ** (i & 31)
  })
  return words
}

function meets(part: Part, index: number): boolean {
  if (Array.isArray(part)) return part[index]
  if ('wanted' in part) return part.wanted[part.column[index]] ?? false
  return part.column[index] >= part.lowest && part.column[index] <= part.highest
}

describe.each(BUILDS)('predicates, %s build', (build) => {
  const arena = new Arena(build)
  const { PREDICATE_BITS, PREDICATE_CODES, PREDICATE_RANGE } = arena.kernel

  function words(part: Part): number[] {
    if (Array.isArray(part)) return [PREDICATE_BITS.value, arena.u32(bitmapOf(part)), 0, 0]
    const column = arena.u32(part.column)
    if ('lowest' in part) return [PREDICATE_RANGE.value, column, part.lowest, part.highest]
    return [PREDICATE_CODES.value, column, arena.u32(bitmapOf(part.wanted)), part.wanted.length]
  }

  it('are met by an item, and give the bitmap of those that meet all', () => {
    fc.assert(
      fc.property(asked, ({ n, parts }) => {
        arena.reset()
        const predicates = arena.u32([...parts.flatMap(words), 0])
        const expected = Array.from({ length: n }, (_, i) => parts.every((part) => meets(part, i)))
        expect(expected.map((_, i) => arena.kernel.meetsAll(predicates, i) === 1)).toEqual(expected)
        const out = arena.room(4 * Math.ceil(n / 32))
        arena.kernel.bitmapFromPredicates(predicates, n, out)
        expect(arena.readU32(out, Math.ceil(n / 32) + 1)).toEqual([...bitmapOf(expected), 0xa5a5a5a5])
      }),
      { ...SEEDED, numRuns: 500 },
    )
  })
})

it('of an unknown kind break the contract of the debug build', () => {
  const arena = new Arena('debug')
  arena.reset()
  const predicates = arena.u32([4, 64, 0, 0, 0])
  expect(() => arena.kernel.bitmapFromPredicates(predicates, 1, 64)).toThrow('index out of range: 4')
})
