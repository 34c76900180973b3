import { mkdtemp, readFile, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { OfferwrightError } from '../../core/contract/errors.ts'
import {
  parseSafetensorsHeader,
  readSafetensors,
  type Tensor,
  writeSafetensors,
} from '../../core/snapshot/safetensors.ts'
import { bytesPerElement, DTYPES, lengthOf, viewOf } from '../../core/snapshot/tensors.ts'
import { tensor } from './tiny-shop.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'offerwright-safetensors-'))
})

const anyTensor: fc.Arbitrary<Tensor> = fc
  .tuple(fc.constantFrom(...DTYPES), fc.array(fc.nat(5), { maxLength: 3 }), fc.integer())
  .map(([dtype, shape, seed]) => {
    const length = lengthOf(shape)
    const bytes = Uint8Array.from({ length: length * bytesPerElement(dtype) }, (_, i) => (seed + i * 37) & 0x3f)
    return { dtype, shape, data: viewOf(dtype, bytes.buffer, 0, length) }
  })
const anyTensors = fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/), anyTensor, { maxKeys: 6 })

test('what is written is read back, whatever the types and shapes', async () => {
  const file = join(folder, 'round-trip.safetensors')
  await fc.assert(
    fc.asyncProperty(anyTensors, async (tensors) => {
      await writeSafetensors(file, tensors)
      expect(await readSafetensors(file)).toEqual({ ...tensors })
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('equal tensors give equal bytes in any order of names', async () => {
  const [one, two] = [join(folder, 'one'), join(folder, 'two')]
  await fc.assert(
    fc.asyncProperty(anyTensors, async (tensors) => {
      await writeSafetensors(one, tensors)
      await writeSafetensors(two, Object.fromEntries(Object.entries(tensors).toReversed()))
      expect(await readFile(two)).toEqual(await readFile(one))
    }),
    { seed: 2, numRuns: 100 },
  )
})

test('tensors are aligned to their elements and the data to 64 bytes', async () => {
  const file = join(folder, 'aligned')
  await writeSafetensors(file, { a: tensor('U8', [1]), b: tensor('F32', [1]), c: tensor('U64', [1]) })
  const bytes = await readFile(file)
  const { tensors, dataStart } = parseSafetensorsHeader(bytes, bytes.length, file)
  expect(dataStart % 64).toBe(0)
  expect([...tensors].map(([name, { begin }]) => [name, begin - dataStart])).toEqual([
    ['c', 0],
    ['b', 8],
    ['a', 12],
  ])
})

test('a shape that does not fit its data is not written', async () => {
  const writing = writeSafetensors(join(folder, 'bad'), { x: tensor('U8', [1, 2, 3], [2, 2]) })
  await expect(writing).rejects.toMatchObject({ code: 'invalid_data', field: 'x' })
  await expect(readFile(join(folder, 'bad'))).rejects.toMatchObject({ code: 'ENOENT' })
})

test('a symbolic link is not followed', async () => {
  await writeSafetensors(join(folder, 'target'), { x: tensor('U8', [1]) })
  await symlink('target', join(folder, 'link'))
  await expect(readSafetensors(join(folder, 'link'))).rejects.toMatchObject({ code: 'ELOOP' })
})

function file(header: string, dataBytes: number, length = BigInt(Buffer.byteLength(header))): Buffer {
  const prefix = Buffer.alloc(8)
  prefix.writeBigUInt64LE(length)
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(dataBytes)])
}

function entry(begin: number, end: number, shape: unknown = [end - begin], dtype = 'U8'): string {
  return JSON.stringify({ dtype, shape, data_offsets: [begin, end] })
}

describe('a header is refused', () => {
  test.each([
    ['longer than the file', file('{}', 0, 3n)],
    ['of 2^63 bytes', file('{}', 0, 1n << 63n)],
    ['cut short', Buffer.of(1, 0, 0)],
    ['that is an array', file('[]', 0)],
    ['that starts with a space', file(' {}', 0)],
    ['that is not JSON', file('{"a":', 0)],
    ['with an overlap', file(`{"a":${entry(0, 4)},"b":${entry(2, 6)}}`, 6)],
    ['with a hole', file(`{"a":${entry(0, 2)},"b":${entry(4, 6)}}`, 6)],
    ['that does not start at the data', file(`{"a":${entry(1, 4)}}`, 4)],
    ['that leaves bytes over', file(`{"a":${entry(0, 4)}}`, 5)],
    ['that needs more bytes', file(`{"a":${entry(0, 4)}}`, 3)],
    ['with an unknown dtype', file(`{"a":${entry(0, 4, [4], 'BF16')}}`, 4)],
    ['with a shape of another size', file(`{"a":${entry(0, 4, [5])}}`, 4)],
    ['with a fractional shape', file(`{"a":${entry(0, 4, [0.5, 8])}}`, 4)],
    ['with a negative shape', file(`{"a":${entry(0, 4, [-2, -2])}}`, 4)],
    ['whose shape overflows', file(`{"a":${entry(0, 4, [2 ** 52, 2 ** 52])}}`, 4)],
    ['with offsets turned round', file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[4,0]}}', 4)],
    ['with an unknown field', file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0],"x":1}}', 0)],
    ['with a tensor called __proto__', file(`{"__proto__":${entry(0, 4)}}`, 4)],
    ['with metadata that is not text', file('{"__metadata__":{"a":1}}', 0)],
  ])('%s', (_, bytes) => {
    expect(() => parseSafetensorsHeader(bytes, bytes.length, 'tables')).toThrow(
      expect.objectContaining({ code: 'snapshot_corrupt', field: 'tables' }),
    )
  })
})

test('metadata and a header padded with spaces are accepted, as other writers make them', () => {
  const bytes = file(`{"__metadata__":{"format":"pt"},"a":${entry(0, 4)}}   `, 4)
  expect([...parseSafetensorsHeader(bytes, bytes.length, 'x').tensors.keys()]).toEqual(['a'])
})

test('whatever a mutated header says, tensors lie inside the file without overlap or it is refused', () => {
  const original = file(`{"a":${entry(0, 8, [2], 'F32')},"b":${entry(8, 12, [2, 2])}}`, 12)
  const mutations = fc.array(fc.tuple(fc.nat(original.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(mutations, (changes) => {
      const bytes = Buffer.from(original)
      for (const [at, value] of changes) bytes[at] = value
      expectSoundOrRefused(bytes)
    }),
    { seed: 3, numRuns: 3000 },
  )
})

function expectSoundOrRefused(bytes: Buffer): void {
  try {
    const { tensors, dataStart } = parseSafetensorsHeader(bytes, bytes.length, 'x')
    let end = dataStart
    for (const extent of tensors.values()) {
      expect(extent.begin).toBe(end)
      expect(extent.end - extent.begin).toBe(lengthOf(extent.shape) * bytesPerElement(extent.dtype))
      end = extent.end
    }
    expect(end).toBe(bytes.length)
  } catch (error) {
    if (!(error instanceof OfferwrightError)) throw error
  }
}
