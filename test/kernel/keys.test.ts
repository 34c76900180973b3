import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { xxh64 } from './xxh64.ts'

const keys = fc.uniqueArray(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 60 })

describe.each(BUILDS)('key table, %s build', (build) => {
  const arena = new Arena(build)
  const { kernel } = arena

  /** `spare` doublings of the smallest power of two that is larger than the number of keys. */
  function tableOf(texts: string[], spare: number) {
    arena.reset()
    const blobs = texts.map((text) => Buffer.from(text))
    const offsets = [0]
    for (const blob of blobs) offsets.push((offsets.at(-1) ?? 0) + blob.length)
    const capacity = 2 ** (Math.floor(Math.log2(texts.length + 1)) + 1 + spare)
    const bytes = arena.place(new Uint8Array(Buffer.concat(blobs)))
    const at = {
      bytes,
      offsets: arena.u32(offsets),
      hashes: arena.room(texts.length * 8),
      table: 0,
      mask: capacity - 1,
    }
    at.table = arena.u32(Array(capacity).fill(0))
    const second = kernel.buildKeyTable(at.bytes, at.offsets, texts.length, at.hashes, at.table, at.mask)
    return { ...at, second }
  }

  function find(at: ReturnType<typeof tableOf>, text: string): number {
    const blob = Buffer.from(text)
    const key = arena.place(new Uint8Array(blob))
    return kernel.findKey(key, blob.length, at.bytes, at.offsets, at.hashes, at.table, at.mask)
  }

  it('finds each key at its index, by bytes and by hash, and no other', () => {
    fc.assert(
      fc.property(keys, fc.array(fc.string({ maxLength: 3 })), fc.nat(2), (texts, others, spare) => {
        const at = tableOf(texts, spare)
        expect(at.second).toBe(-1)
        const indexOf = new Map(texts.map((text, index) => [Buffer.from(text).toString('hex'), index]))
        for (const text of [...texts, ...others]) {
          const expected = indexOf.get(Buffer.from(text).toString('hex')) ?? -1
          const hash = xxh64(Buffer.from(text))
          expect(find(at, text)).toBe(expected)
          const [low, high] = [Number(hash & 0xffffffffn), Number(hash >> 32n)]
          expect(kernel.findHash(low, high, at.hashes, at.table, at.mask)).toBe(expected)
        }
      }),
      SEEDED,
    )
  })

  it('finds many hashes as it finds each', () => {
    fc.assert(
      fc.property(keys, fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })), (texts, strangers) => {
        const at = tableOf(texts, 0)
        const hashes = [...texts.map((text) => xxh64(Buffer.from(text))), ...strangers]
        const out = arena.room(hashes.length * 4)
        const queries = arena.place(BigUint64Array.from(hashes))
        kernel.findHashes(queries, hashes.length, at.hashes, at.table, at.mask, out)
        expect(arena.readI32(out, hashes.length)).toEqual([...texts.keys(), ...strangers.map(() => -1)])
      }),
      SEEDED,
    )
  })

  it('names the second of two equal keys', () => {
    expect(tableOf(['a', 'b', 'c', 'b', 'a'], 0).second).toBe(3)
    expect(tableOf(['', ''], 0).second).toBe(1)
  })

  it('tells a key from another that has its hash', () => {
    const at = tableOf(['left'], 0)
    const stored = Buffer.from('tfel')
    new Uint8Array(arena.memory.buffer).set(stored, at.bytes)
    expect(find(at, 'left')).toBe(-1)
  })

  it('is empty for no keys', () => {
    expect(find(tableOf([], 0), 'a')).toBe(-1)
  })
})
