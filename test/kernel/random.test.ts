import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'

const word = fc.integer({ min: 0, max: 0xffffffff })
type Block = [number, number, number, number, number, number]

/** Philox4x32-10 as the paper writes it, in big integers. */
function naivePhilox([c0, c1, c2, c3, k0, k1]: Block): number[] {
  let x = [c0, c1, c2, c3].map(BigInt)
  let key = [BigInt(k0), BigInt(k1)]
  const low = 0xffffffffn
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [0xd2511f53n * x[0], 0xcd9e8d57n * x[2]]
    x = [(p1 >> 32n) ^ x[1] ^ key[0], p1 & low, (p0 >> 32n) ^ x[3] ^ key[1], p0 & low]
    key = [(key[0] + 0x9e3779b9n) & low, (key[1] + 0xbb67ae85n) & low]
  }
  return x.map(Number)
}

describe.each(BUILDS)('random numbers, %s build', (build) => {
  const arena = new Arena(build)
  const block = fc.tuple(word, word, word, word, word, word)

  function philox(at: Block): number[] {
    arena.reset()
    const out = arena.room(16)
    arena.kernel.philox4x32(...at, out)
    return arena.readU32(out, 4)
  }

  it('equal the known answers of Random123', () => {
    expect(philox([0, 0, 0, 0, 0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8])
    const ones = 0xffffffff
    expect(philox([ones, ones, ones, ones, ones, ones])).toEqual([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd])
    const pi: Block = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0]
    expect(philox(pi)).toEqual([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1])
  })

  it('equal ten rounds in big integers for any counter and key', () => {
    fc.assert(
      fc.property(block, (at) => {
        expect(philox(at)).toEqual(naivePhilox(at))
      }),
      SEEDED,
    )
  })

  it('are uniform fractions of 53 bits, taken from the first two words', () => {
    fc.assert(
      fc.property(block, (at) => {
        const [first, second] = naivePhilox(at)
        const bits = (BigInt(first >>> 5) << 26n) | BigInt(second >>> 6)
        expect(arena.kernel.uniform(...at)).toBe(Number(bits) / 2 ** 53)
      }),
      SEEDED,
    )
  })

  it('fall evenly into ten bins as the counter goes up', () => {
    const n = 20_000
    const bins = Array(10).fill(0)
    for (let i = 0; i < n; i++) bins[Math.floor(arena.kernel.uniform(i, 0, 0, 0, 1, 2) * 10)]++
    const chiSquare = bins.reduce((sum, count) => sum + (count - n / 10) ** 2 / (n / 10), 0)
    expect(chiSquare).toBeLessThan(27.9) // 99.9 % of chi-square with 9 degrees of freedom
  })
})
