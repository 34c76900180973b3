import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Arena, BUILDS, SEEDED } from './arena.ts'
import { xxh64 } from './xxh64.ts'

const SEED = 2654435761n

/** The bytes that xxHash's own self-test hashes. */
function selfTestBytes(length: number): Uint8Array {
  let state = SEED
  return Uint8Array.from({ length }, () => {
    const byte = Number(state >> 56n)
    state = (state * 11400714785074694797n) & 0xffff_ffff_ffff_ffffn
    return byte
  })
}

/** [length, seed, XXH64]. */
const SELF_TEST: [number, bigint, bigint][] = [
  [0, 0n, 0xef46db3751d8e999n],
  [0, SEED, 0xac75fda2929b17efn],
  [1, 0n, 0xe934a84adb052768n],
  [1, SEED, 0x5014607643a9b4c3n],
  [4, 0n, 0x9136a0dca57457een],
  [14, 0n, 0x8282dcc4994e35c8n],
  [14, SEED, 0xc3bd6bf63deb6df0n],
  [222, 0n, 0xb641ae8cb691c174n],
  [222, SEED, 0x20cb8ab7ae10c14an],
]

describe.each(BUILDS)('XXH64, %s build', (build) => {
  const arena = new Arena(build)

  function hash(bytes: Uint8Array, seed: bigint, offset = 0): bigint {
    arena.reset()
    const at = arena.place(new Uint8Array([...Array(offset).fill(0), ...bytes])) + offset
    const out = arena.room(8)
    arena.kernel.xxh64(at, bytes.length, Number(seed & 0xffffffffn), Number(seed >> 32n), out)
    const [low, high] = arena.readU32(out, 2)
    return (BigInt(high) << 32n) | BigInt(low)
  }

  it.each(SELF_TEST)("equals xxHash's self-test: %i bytes, seed %i", (length, seed, expected) => {
    expect(hash(selfTestBytes(length), seed)).toBe(expected)
  })

  it('hashes well-known texts', () => {
    expect(hash(Buffer.from('a'), 0n)).toBe(0xd24ec4f1a98c6e5bn)
    expect(hash(Buffer.from('abc'), 0n)).toBe(0x44bc2cf5ad770999n)
  })

  it('equals the specification in big integers at any length, seed and alignment', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 150 }),
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.nat(7),
        (b, s, o) => {
          expect(hash(b, s, o)).toBe(xxh64(b, s))
        },
      ),
      SEEDED,
    )
  })
})
