import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Random } from '../../bench/random.ts'
import {
  CODE_ALPHABET,
  CODE_LENGTH,
  codeRefusal,
  drawCode,
  isWellFormed,
  leastLength,
  MOST_PREFIX,
  parsePrefix,
  plainCode,
  shownCode,
} from '../../core/contract/codes.ts'

const CHARACTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** The rule of the check, read literally. */
function addsUp(code: string): boolean {
  const weighted = [...code].reverse().map((character, i) => BigInt(i + 1) * BigInt(CHARACTERS.indexOf(character)))
  return weighted.reduce((sum, part) => sum + part, 0n) % 37n === 0n
}

const drawn = fc
  .record({
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    prefix: fc.string({ unit: fc.constantFrom(...CHARACTERS), maxLength: MOST_PREFIX }),
    length: fc.integer({ min: CODE_LENGTH.least, max: CODE_LENGTH.most }),
  })
  .map(({ seed, prefix, length }) => {
    const random = new Random(seed)
    return { prefix, length, code: drawCode(prefix, length, (below) => random.below(below)) }
  })

it('a code has its prefix, its length, and no character that is taken for another', () => {
  fc.assert(
    fc.property(drawn, ({ prefix, length, code }) => {
      expect(code.startsWith(prefix)).toBe(true)
      const secret = code.slice(prefix.length)
      expect(secret).toHaveLength(length)
      for (const character of secret) expect(CODE_ALPHABET).toContain(character)
      expect(addsUp(code)).toBe(true)
      expect(isWellFormed(code)).toBe(true)
    }),
    { seed: 1, numRuns: 500 },
  )
  expect(CODE_ALPHABET).not.toMatch(/[01OIL]/)
})

it('one wrong character, or two that changed places, is never another code', () => {
  const slip = fc.record({ drawn, at: fc.nat(), to: fc.nat(), other: fc.nat() })
  fc.assert(
    fc.property(slip, ({ drawn: { code }, at, to, other }) => {
      const [i, j] = [at % code.length, to % code.length]
      const wrong = [...code]
      wrong[i] = CHARACTERS[other % CHARACTERS.length]
      expect(isWellFormed(wrong.join(''))).toBe(wrong.join('') === code)
      const swapped = [...code]
      ;[swapped[i], swapped[j]] = [swapped[j], swapped[i]]
      expect(isWellFormed(swapped.join(''))).toBe(swapped.join('') === code)
    }),
    { seed: 2, numRuns: 3000 },
  )
})

it('holds to a code that was added up by hand', () => {
  // 8·2 + 7·3 + 6·4 + 5·5 + 4·6 + 3·7 + 2·8 = 147 = 3·37 + 36, and 1 more closes it: but 1 is not in the alphabet.
  expect(isWellFormed('23456781')).toBe(true)
  // 8·2 + 7·3 + 6·4 + 5·5 + 4·6 + 3·7 + 2·9 = 149 = 4·37 + 1, which 36 would close: there is no such character.
  expect([...CHARACTERS].some((last) => isWellFormed(`2345679${last}`))).toBe(false)
  // 8·2 + 7·3 + 6·4 + 5·5 + 4·6 + 3·7 + 2·11 = 153 = 4·37 + 5, which 32 = W closes.
  expect(isWellFormed('234567BW')).toBe(true)
  const draws = [0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 9]
  expect(drawCode('', 8, () => draws.shift() as number)).toBe('234567BW')
})

it('capitals, blanks and hyphens do not matter to who types it', () => {
  expect(plainCode(' hi-2345 67bw\t')).toBe('HI234567BW')
  expect(shownCode('HI234567BW', 'HI')).toBe('HI-234567BW')
  expect(shownCode('234567BW', '')).toBe('234567BW')
  for (const text of ['', '234567BW\0', 'é234567B', '2345', 'Z'.repeat(37)]) expect(isWellFormed(text)).toBe(false)
})

it('more codes need more characters, so that a guess hits one in 2^30', () => {
  // 31^8 / 37 = 2.3e10 codes of 8 characters: 21 of them are one in 2^30; 31^12 / 37 = 2.1e16: some 19 million.
  expect([1, 21, 22, 19_000_000, 20_000_000].map(leastLength)).toEqual([8, 8, 9, 12, 13])
})

it('refuses a prefix that is not of letters and digits, or too long', () => {
  expect(parsePrefix('spring-26')).toBe('SPRING26')
  expect(() => parsePrefix('a_b')).toThrow('invalid prefix: a_b')
  expect(() => parsePrefix('ABCDEFGHIJKLM')).toThrow('invalid prefix')
})

it('is refused when it was used, is for somebody else, or its time is over, in this order', () => {
  const code = { code: 'X', campaign: 'c', shopper: 'ann', expiresAt: 100, isUsed: false }
  expect(codeRefusal(code, 'ann', 99)).toBeNull()
  expect(codeRefusal(code, 'ann', 100)).toBe('code_expired')
  expect(codeRefusal(code, 'bob', 100)).toBe('code_reserved')
  expect(codeRefusal(code, undefined, 0)).toBe('code_reserved')
  expect(codeRefusal({ ...code, isUsed: true }, 'bob', 100)).toBe('code_used')
  expect(codeRefusal({ ...code, shopper: null, expiresAt: null }, undefined, 1e15)).toBeNull()
})
