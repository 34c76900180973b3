import { mkdtemp, readFile, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Random } from '../../../bench/random.ts'
import { BLOCK_BYTES, blockMemory, openDirect, partToWrite } from '../../../core/store/files/direct.ts'
import { DISK, writeWhole } from '../../../core/store/files/files.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const MOST = 100 * BLOCK_BYTES
const memory = blockMemory(2 * MOST)
const random = new Random(1)
for (let i = 0; i < memory.length; i++) memory[i] = random.below(256)

test('what is written is what is read, past the cache and through it, on blocks or beside them', async () => {
  let run = 0
  const size = fc.oneof(fc.nat(2 * BLOCK_BYTES), fc.nat(MOST))
  const write = fc.record({ length: size, inMemory: fc.option(fc.nat(MOST)) })
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 6 }), async (writes) => {
      const path = join(folder, `${run++}`)
      const file = await DISK.create(path)
      const expected: Uint8Array[] = []
      let position = 0
      for (const { length, inMemory } of writes) {
        // Null: where the disk can take it from.
        const from = inMemory ?? position % BLOCK_BYTES
        const bytes = memory.subarray(from, from + length)
        await writeWhole(file, bytes, position)
        expected.push(bytes)
        position += length
      }
      await file.datasync()
      await file.close()
      expect((await readFile(path)).equals(Buffer.concat(expected))).toBe(true)
    }),
    { seed: 1, numRuns: 60 },
  )
})

test('many bytes that lie on blocks in memory and in the file are written as such, between what does not fill one', () => {
  const bytes = memory.subarray(100, 100 + MOST)
  const first = partToWrite(bytes, 100)
  expect([first.part.length, first.isDirect]).toEqual([BLOCK_BYTES - 100, false])
  const second = partToWrite(bytes.subarray(first.part.length), BLOCK_BYTES)
  expect([second.part.length, second.isDirect]).toEqual([MOST - BLOCK_BYTES, true])
  const last = partToWrite(bytes.subarray(MOST - 100), MOST)
  expect([last.part.length, last.isDirect]).toEqual([100, false])
  expect(partToWrite(bytes, 101)).toEqual({ part: bytes, isDirect: false })
  expect(partToWrite(Buffer.from(bytes), 100).isDirect).toBe(false)
})

const EXT4 = 0xef53

test('ext4 takes writes past the cache', async (context) => {
  if ((await statfs(folder)).type !== EXT4) context.skip('the folder for temporary files is not on ext4')
  const path = join(folder, 'direct')
  const file = await DISK.create(path)
  const handle = await openDirect(path)
  expect((await handle?.write(memory, 0, BLOCK_BYTES, 0))?.bytesWritten).toBe(BLOCK_BYTES)
  await handle?.close()
  await file.close()
})
