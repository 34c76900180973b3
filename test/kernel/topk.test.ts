import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TIER_WORDS } from '../../core/scoring/arena.ts'
import { Arena, BUILDS, SEEDED } from './arena.ts'

const { fround } = Math
const score = fc.integer({ min: -6, max: 6 }).map((n) => fround(n / 3))

const asked = fc.integer({ min: 1, max: 70 }).chain((n) =>
  fc.record({
    bias: fc.option(fc.array(score, { minLength: n, maxLength: n })),
    /** Sum per column; null: untouched. */
    sums: fc.array(fc.option(score), { minLength: n, maxLength: n }),
    walk: fc.boolean(),
    exclude: fc.oneof(fc.uniqueArray(fc.nat(n - 1)), fc.constant([...Array(n).keys()])),
    allow: fc.option(fc.array(fc.boolean(), { minLength: n, maxLength: n })),
    /** Predicate: whether a column meets it; null: there is none. */
    meets: fc.option(fc.array(fc.boolean(), { minLength: n, maxLength: n })),
    mostWalked: fc.nat(80),
    k: fc.integer({ min: 1, max: 90 }),
    firstTier: fc.integer({ min: 1, max: 200 }),
  }),
)
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never

const everything = { allow: null, meets: null, mostWalked: 80, firstTier: 1 }

/** Scores everything, filters, sorts, cuts. */
function naiveTopK(a: Asked): { index: number; score: number }[] {
  return a.sums
    .map((sum, index) => ({ index, touched: sum !== null, score: fround((sum ?? 0) + (a.bias?.[index] ?? 0)) }))
    .filter((c) => (c.touched || a.walk) && !a.exclude.includes(c.index) && (a.allow === null || a.allow[c.index]))
    .filter((c) => a.meets === null || a.meets[c.index])
    .sort((x, y) => y.score - x.score || x.index - y.index)
    .slice(0, a.k)
    .map(({ index, score }) => ({ index, score: score + 0 }))
}

/** Whether more than `mostWalked` untouched columns have to be looked at before the rest cannot enter. */
function walksOn(a: Asked, found: { index: number; score: number }[]): boolean {
  const bias = a.bias ?? Array(a.sums.length).fill(0)
  const next = orderOf(bias)[a.mostWalked]
  if (!a.walk || next === undefined) return false
  const worst = found
    .filter((c) => a.sums[c.index] !== null || orderOf(bias).indexOf(c.index) < a.mostWalked)
    .at(a.k - 1)
  return worst === undefined || bias[next] > worst.score || (bias[next] === worst.score && next < worst.index)
}

function orderOf(bias: number[]): number[] {
  return bias.map((_, index) => index).sort((x, y) => bias[y] - bias[x] || x - y)
}

function bitmapOf(bits: boolean[]): number[] {
  const words = Array(Math.ceil(bits.length / 32)).fill(0)
  bits.forEach((bit, i) => {
    if (bit) words[i >> 5] |= 1 << (i & 31)
  })
  return words
}

describe.each(BUILDS)('top k, %s build', (build) => {
  const arena = new Arena(build)
  const BITS = arena.kernel.PREDICATE_BITS.value

  function topK(a: Asked): { index: number; score: number }[] | null {
    arena.reset()
    const n = a.sums.length
    const touched = a.sums.flatMap((sum, index) => (sum === null ? [] : [index])).reverse()
    const order = orderOf(a.bias ?? Array(n).fill(0))
    const scratch = arena.room(arena.kernel.TIER_WORDS.value * 4)
    const outIndex = arena.room(a.k * 4)
    const outScore = arena.room(a.k * 4)
    const written = arena.kernel.topK(
      arena.f32(a.sums.map((sum) => (sum === null ? -0 : sum + 0))),
      a.bias === null ? 0 : arena.f32(a.bias),
      arena.u32(touched),
      touched.length,
      a.walk ? arena.u32(order) : 0,
      n,
      arena.u32(a.exclude.toSorted((x, y) => x - y)),
      a.exclude.length,
      a.allow === null ? 0 : arena.u32(bitmapOf(a.allow)),
      a.meets === null ? 0 : arena.u32([BITS, arena.u32(bitmapOf(a.meets)), 0, 0, 0]),
      a.mostWalked,
      a.k,
      a.firstTier,
      scratch,
      outIndex,
      outScore,
    )
    if (written === arena.kernel.INCOMPLETE.value) return null
    const scores = arena.readF32(outScore, written)
    expect(arena.readU32(outIndex + a.k * 4, 1)).toEqual([0xa5a5a5a5])
    return arena.readU32(outIndex, written).map((index, i) => ({ index, score: scores[i] + 0 }))
  }

  it('equals sorting every column by score descending, then index ascending', () => {
    fc.assert(
      fc.property(asked, (a) => {
        const all = naiveTopK({ ...a, k: a.sums.length })
        expect(topK(a)).toEqual(a.meets !== null && walksOn(a, all) ? null : all.slice(0, a.k))
      }),
      { ...SEEDED, numRuns: 1000 },
    )
  })

  it('equals it over lists of several chunks, with few large sums and a filter that few meet', () => {
    const long = fc.record({
      n: fc.integer({ min: 2000, max: 6000 }),
      k: fc.integer({ min: 1, max: 40 }),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(long, fc.constantFrom(2, 30, 4000), fc.boolean(), ({ n, k, seed }, oneIn, isBiased) => {
        const random = fc.sample(fc.double({ min: 2 ** -20, max: 1, noNaN: true }), { seed, numRuns: 2 * n })
        const a: Asked = {
          bias: isBiased ? random.slice(n).map((r) => fround(r / 8)) : null,
          sums: random.slice(0, n).map((r) => fround(-Math.log(r) - 1)),
          walk: false,
          exclude: [],
          allow: null,
          meets: random.slice(0, n).map((_, i) => i % oneIn === seed % oneIn),
          firstTier: 32,
          mostWalked: 0,
          k,
        }
        expect(topK(a)).toEqual(naiveTopK(a))
      }),
      { ...SEEDED, numRuns: 30 },
    )
  })

  it('has its scratch in the arena of a generation', () => {
    expect(arena.kernel.TIER_WORDS.value).toBe(TIER_WORDS)
  })

  it('gives ties in index order', () => {
    const a = { bias: null, sums: Array(9).fill(1), walk: false, exclude: [], ...everything, k: 4 }
    expect(topK(a)?.map((c) => c.index)).toEqual([0, 1, 2, 3])
  })

  it('gives all there is when k is larger', () => {
    const a = { bias: [3, 1, 2], sums: [null, 5, null], walk: true, exclude: [2], ...everything, k: 10 }
    expect(topK(a)).toEqual([
      { index: 1, score: 6 },
      { index: 0, score: 3 },
    ])
  })

  it('lets an untouched column with a high bias pass a touched one', () => {
    const a = { bias: [0, 9, 0], sums: [1, null, null], walk: true, exclude: [], ...everything, k: 1 }
    expect(topK(a)).toEqual([{ index: 1, score: 9 }])
  })
})
