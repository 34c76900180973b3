import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { matrix, placeMatrix, rowOf } from './matrices.ts'

const { fround } = Math
const value = fc.float({ min: -4, max: 4, noNaN: true })

function vectors(dim: number, n: number): fc.Arbitrary<number[][]> {
  return fc.array(fc.array(value, { minLength: dim, maxLength: dim }), { minLength: n, maxLength: n })
}

const search = fc.record({ dim: fc.nat(19), n: fc.nat(11) }).chain(({ dim, n }) =>
  fc.record({
    query: fc.array(value, { minLength: dim, maxLength: dim }),
    rows: vectors(dim, n),
    ids: fc.option(n === 0 ? fc.constant<number[]>([]) : fc.array(fc.nat(n - 1), { maxLength: 15 })),
  }),
)

/** The documented order: four lanes, the lanes pairwise, then the dimensions that fill no vector. */
function naiveDot(a: number[], b: number[]): number {
  const whole = a.length - (a.length % 4)
  const lanes = [0, 0, 0, 0]
  for (let d = 0; d < whole; d++) lanes[d % 4] = fround(lanes[d % 4] + fround(a[d] * b[d]))
  let sum = fround(fround(lanes[0] + lanes[1]) + fround(lanes[2] + lanes[3]))
  for (let d = whole; d < a.length; d++) sum = fround(sum + fround(a[d] * b[d]))
  return sum
}

describe.each(BUILDS)('dense rows, %s build', (build) => {
  const arena = new Arena(build)

  it('give dot products that equal a naive sum in the documented order to the bit', () => {
    fc.assert(
      fc.property(search, ({ query, rows, ids }) => {
        arena.reset()
        const wanted = ids ?? [...rows.keys()]
        const out = arena.room(wanted.length * 4)
        const at = [arena.f32(query), arena.f32(rows.flat()), query.length, ids === null ? 0 : arena.u32(ids)] as const
        arena.kernel.dotRows(...at, wanted.length, out)
        expect(arena.readF32(out, wanted.length)).toEqual(wanted.map((id) => naiveDot(query, rows[id])))
        expect(arena.readU32(out + wanted.length * 4, 1)).toEqual([0xa5a5a5a5])
      }),
      SEEDED,
    )
  })

  const product = fc
    .tuple(matrix({ rows: 9, cols: 12 }), fc.integer({ min: 1, max: 11 }), fc.boolean())
    .chain(([m, dim, ones]) =>
      fc.record({
        m: fc.constant(m),
        dense: vectors(dim, m.nCols),
        ones: fc.constant(ones),
        range: fc.tuple(fc.nat(m.nRows), fc.nat(m.nRows)).map((ends) => ends.sort((a, b) => a - b)),
      }),
    )

  it('multiply a range of sparse rows as a naive product does, to the bit', () => {
    fc.assert(
      fc.property(product, ({ m, dense, ones, range: [from, to] }) => {
        arena.reset()
        const dim = dense[0].length
        const { indptr, indices, data } = placeMatrix(arena, m)
        const out = arena.room((to - from) * dim * 4)
        const values = ones ? 0 : data
        arena.kernel.sparseTimesDense(indptr, indices, values, from, to, arena.f32(dense.flat()), dim, out)
        const expected = Array.from({ length: to - from }, (_, r) => {
          const sums = Array(dim).fill(0)
          for (const [column, stored] of rowOf(m, from + r))
            for (let d = 0; d < dim; d++) sums[d] = fround(sums[d] + fround((ones ? 1 : stored) * dense[column][d]))
          return sums
        })
        expect(arena.readF32(out, (to - from) * dim)).toEqual(expected.flat())
      }),
      SEEDED,
    )
  })
})
