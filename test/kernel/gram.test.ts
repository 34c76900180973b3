import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'

const { fround } = Math
const CHUNK = 64
const value = fc.float({ min: -4, max: 4, noNaN: true })

function numbers(n: number): fc.Arbitrary<number[]> {
  return fc.array(value, { minLength: n, maxLength: n, size: 'max' })
}

const tall = fc
  .record({ rows: fc.nat(150), width: fc.constantFrom(8, 16, 24) })
  .chain(({ rows, width }) =>
    fc.record({ rows: fc.constant(rows), width: fc.constant(width), m: numbers(rows * width) }),
  )

/** Column x times column y: chunks of rows in order, each summed from 0. */
function naiveEntry(m: number[], rows: number, width: number, x: number, y: number): number {
  let sum = 0
  for (let first = 0; first < rows; first += CHUNK) {
    let chunk = 0
    for (let r = first; r < Math.min(first + CHUNK, rows); r++) chunk += m[r * width + x] * m[r * width + y]
    sum += chunk
  }
  return sum
}

describe.each(BUILDS)('dense products in f64, %s build', (build) => {
  const arena = new Arena(build)

  it('give the Gram matrix above the diagonal to the bit, whatever the split of its rows', () => {
    fc.assert(
      fc.property(tall, fc.nat(6), ({ rows, width, m }, cut) => {
        arena.reset()
        const [placed, out] = [arena.f32(m), arena.room(width * width * 8)]
        const middle = 4 * Math.min(cut, width / 4)
        arena.kernel.gramColumns(placed, rows, width, middle, width, out)
        arena.kernel.gramColumns(placed, rows, width, 0, middle, out)
        const found = arena.readF64(out, width * width)
        for (let x = 0; x < width; x++)
          for (let y = x; y < width; y++) expect(found[x * width + y]).toBe(naiveEntry(m, rows, width, x, y))
        expect(arena.readU32(out + width * width * 8, 1)).toEqual([0xa5a5a5a5])
      }),
      { ...SEEDED, numRuns: 30 },
    )
  })

  const product = fc
    .record({ rows: fc.nat(9), inner: fc.integer({ min: 1, max: 13 }), cols: fc.constantFrom(8, 16) })
    .chain(({ rows, inner, cols }) =>
      fc.record({
        size: fc.constant({ rows, inner, cols }),
        m: numbers(rows * inner),
        t: fc.array(fc.double({ min: -4, max: 4, noNaN: true }), { minLength: inner * cols, maxLength: inner * cols }),
        cut: fc.nat(rows),
      }),
    )

  it('multiply rows as a naive product does, to the bit, whatever the split', () => {
    fc.assert(
      fc.property(product, ({ size: { rows, inner, cols }, m, t, cut }) => {
        arena.reset()
        const [left, right, out] = [arena.f32(m), arena.f64(t), arena.room(rows * cols * 4)]
        arena.kernel.denseTimesDense(left, cut, inner, right, cols, out)
        const rest = [left + cut * inner * 4, rows - cut, inner, right, cols, out + cut * cols * 4] as const
        arena.kernel.denseTimesDense(...rest)
        const expected = Array.from({ length: rows * cols }, (_, at) => {
          const [row, column] = [Math.floor(at / cols), at % cols]
          let sum = 0
          for (let k = 0; k < inner; k++) sum += m[row * inner + k] * t[k * cols + column]
          return fround(sum)
        })
        expect(arena.readF32(out, rows * cols)).toEqual(expected)
        expect(arena.readU32(out + rows * cols * 4, 1)).toEqual([0xa5a5a5a5])
      }),
      { ...SEEDED, numRuns: 60 },
    )
  })
})

describe('the debug build', () => {
  it('refuses widths that are not whole tiles', () => {
    const arena = new Arena('debug')
    expect(() => arena.kernel.gramColumns(64, 1, 9, 0, 8, 1024)).toThrow('not a whole number of tiles: 9')
    expect(() => arena.kernel.denseTimesDense(64, 1, 3, 1024, 12, 4096)).toThrow('not a whole number of tiles: 12')
  })
})
