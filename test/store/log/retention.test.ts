import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DISK } from '../../../core/store/files/files.ts'
import { removeOldSegments } from '../../../core/store/log/retention.ts'

const NOW = 1_700_000_000_000
const FOREVER = Number.MAX_SAFE_INTEGER

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'retention-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Segments of 100 bytes, the oldest of them `ages[0]` milliseconds old. */
async function segments(...ages: number[]): Promise<void> {
  for (const [i, age] of ages.entries()) {
    const file = join(folder, `events-00000${i + 1}.segment`)
    await writeFile(file, Buffer.alloc(100))
    await utimes(file, (NOW - age) / 1000, (NOW - age) / 1000)
  }
}

async function left(keepMs: number, keepBytes: number): Promise<number[]> {
  await removeOldSegments(DISK, folder, 'events', { keepMs, keepBytes }, NOW)
  return (await readdir(folder)).map((name) => Number(name.slice(7, 13))).sort()
}

test('segments go from the oldest on when they are too old', async () => {
  await segments(5000, 3000, 1000)
  expect(await left(5000, FOREVER)).toEqual([1, 2, 3])
  expect(await left(2000, FOREVER)).toEqual([3])
})

test('segments go from the oldest on until the rest is small enough', async () => {
  await segments(3, 2, 1, 0)
  expect(await left(FOREVER, 250)).toEqual([3, 4])
})

test('the newest stays whatever is kept, and one behind an older one that stays does too', async () => {
  await segments(1000, 9000, 9000)
  expect(await left(5000, FOREVER)).toEqual([1, 2, 3])
  await rm(join(folder, 'events-000001.segment'))
  expect(await left(0, 0)).toEqual([3])
})
