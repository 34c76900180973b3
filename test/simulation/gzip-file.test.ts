import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GzipFile } from '../../training/simulation/gzip-file.ts'
import { Random, STREAM } from '../../training/simulation/random.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gzip-file-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** Text that hardly compresses, so that it reaches the disk. */
function noise(seed: number): string {
  const random = new Random(seed)
  return Array.from({ length: 20_000 }, (_, i) => {
    random.block(STREAM.visit, i, 0, 0)
    return random.words.join(' ')
  }).join('\n')
}

describe('a gzip file', () => {
  it('holds what was written, and has its name only when it is whole', async () => {
    const path = join(folder, 'rows.gz')
    const file = new GzipFile(path)
    const parts = [noise(1), 'a\n', noise(2)]
    for (const part of parts) await file.write(part)
    expect(existsSync(path)).toBe(false)
    await file.close()
    expect(gunzipSync(readFileSync(path)).toString()).toBe(parts.join(''))
  })

  describe.skipIf(!existsSync('/dev/full'))('on a full disk (needs /dev/full)', () => {
    it('says so, and leaves no file', async () => {
      const path = join(folder, 'rows.gz')
      await symlink('/dev/full', `${path}.partial`)
      const file = new GzipFile(path)
      const write = async () => {
        for (let part = 0; part < 20; part++) await file.write(noise(part))
        await file.close()
      }
      await expect(write()).rejects.toThrow('ENOSPC')
      expect(existsSync(path)).toBe(false)
    })
  })
})
