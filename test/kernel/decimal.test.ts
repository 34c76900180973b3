import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'

const SMALLEST = 1e-6
const LARGEST = 2 ** 53

describe.each(BUILDS)('shortest decimals, %s build', (build) => {
  const arena = new Arena(build)
  arena.reset()
  const out = arena.room(arena.kernel.DECIMAL_BYTES.value)
  const written = (value: number) =>
    Buffer.from(arena.memory.buffer as ArrayBuffer, out, arena.kernel.shortestDecimal(value, out)).toString()

  const anyDouble = fc
    .double({ min: SMALLEST, max: LARGEST, maxExcluded: true, noNaN: true })
    .filter((value) => value >= SMALLEST)
  const share = fc.double({ min: SMALLEST, max: 1, noNaN: true })
  const single = fc.float({ min: Math.fround(1.1e-6), max: 1000, noNaN: true })
  const fewDigits = fc.tuple(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 6 }))

  it('are what String gives for any double in their range', () => {
    fc.assert(
      fc.property(fc.oneof(anyDouble, share, single), (value) => {
        expect(written(value)).toBe(String(value))
      }),
      { ...SEEDED, numRuns: 20_000 },
    )
  })

  it('have no digit too many where few are enough', () => {
    fc.assert(
      fc.property(fewDigits, ([digits, places]) => {
        const value = digits / 10 ** places
        fc.pre(value >= SMALLEST)
        expect(written(value)).toBe(String(value))
      }),
      SEEDED,
    )
  })

  it('are right at powers of two, beside them, and at the ends of the range', () => {
    const beside = (value: number) => [value * (1 - 2 ** -53), value, value * (1 + 2 ** -52)]
    const powers = Array.from({ length: 72 }, (_, i) => 2 ** (i - 19)).flatMap(beside)
    const ends = [SMALLEST, SMALLEST * (1 + 2 ** -52), LARGEST - 1, LARGEST / 2 + 0.5, 0.1, 0.3, 5e-6, 9.5e-6]
    for (const value of [...powers, ...ends]) expect(written(value)).toBe(String(value))
  })

  it('write nothing beyond the bytes they tell', () => {
    arena.reset()
    const length = arena.kernel.shortestDecimal(0.1, out)
    const bytes = new Uint8Array(arena.memory.buffer)
    expect(length).toBe(3)
    expect([bytes[out - 1], bytes[out + length]]).toEqual([0xa5, 0xa5])
  })
})
