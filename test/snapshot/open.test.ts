import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { NO_CODE } from '../../core/snapshot/layout.ts'
import type { Segment } from '../../core/snapshot/manifest.ts'
import { footprint, openSnapshot } from '../../core/snapshot/open.ts'
import { stringAt } from '../../core/snapshot/strings.ts'
import { tablesOf } from '../../core/snapshot/tables.ts'
import { publishSnapshot } from '../../core/snapshot/write.ts'
import { DIM, tinyPublication } from './tiny-shop.ts'

const NOTHING_RESERVED = () => 0

async function published(): Promise<{ id: string; folder: string }> {
  const publication = await tinyPublication()
  const id = await publishSnapshot(publication)
  return { id, folder: join(publication.store, id) }
}

function opened(folder: string, expectedId: string) {
  return openSnapshot(folder, { expectedId, reserveBytes: NOTHING_RESERVED })
}

describe('a published snapshot', () => {
  test('opens into one shared memory with every table in its place', async () => {
    const { id, folder } = await published()
    const image = await opened(folder, id)
    expect(image.memory.buffer).toBeInstanceOf(SharedArrayBuffer)
    const { catalogue, similarity, shoppers, vectors } = tablesOf(image)
    expect([...catalogue.priceMinor.view]).toEqual([120, 250, 480, 99, 310, 1200])
    expect([...similarity.indices.view]).toEqual([1, 3, 0, 0, 5, 2])
    expect(catalogue.category.view[4]).toBe(NO_CODE)
    expect(stringAt(catalogue.keysBytes.view, catalogue.keysOffsets.view, 4)).toBe('tea é')
    expect(stringAt(shoppers.keysBytes.view, shoppers.keysOffsets.view, 2)).toBe('cem')
    expect(vectors.items.view.length).toBe(6 * DIM)
    expect(similarity.data.pointer).toBe(similarity.data.view.byteOffset)
  })

  test('is handed to a worker thread without copying', async () => {
    const { id, folder } = await published()
    const image = await opened(folder, id)
    const worker = new Worker(new URL('./image-worker.js', import.meta.url), { workerData: image })
    expect((await once(worker, 'message'))[0]).toEqual([777, 250, 480, 99, 310, 1200])
    expect(tablesOf(image).catalogue.priceMinor.view[0]).toBe(777)
    await worker.terminate()
  })

  test('leaves the asked room free after the tables', async () => {
    const { id, folder } = await published()
    const asked: number[] = []
    const reserveBytes = ({ items, shoppers }: Segment) => asked.push(items, shoppers) * 100_000
    const image = await openSnapshot(folder, { expectedId: id, reserveBytes })
    expect(asked).toEqual([6, 3])
    expect(image.free % 64).toBe(0)
    expect(image.memory.buffer.byteLength - image.free).toBeGreaterThanOrEqual(200_000)
  })

  test('is refused with the bytes needed when one memory cannot hold it', async () => {
    const { id, folder } = await published()
    const opening = openSnapshot(folder, { expectedId: id, reserveBytes: () => 2 ** 32 })
    await expect(opening).rejects.toMatchObject({
      code: 'snapshot_too_large',
      message: expect.stringMatching(/needs 42949\d+ bytes .*holds 4294967296/),
    })
  })

  test('says what an item and a shopper cost', async () => {
    const { id, folder } = await published()
    const { bytesPerItem, bytesPerShopper, totalBytes } = footprint(await opened(folder, id))
    expect(6 * bytesPerItem + 3 * bytesPerShopper).toBeCloseTo(totalBytes)
  })
})

describe('damage', () => {
  test('a flipped byte of any file is refused with its name', async () => {
    const { id, folder } = await published()
    for (const file of await readdir(folder)) {
      const part = file === 'manifest.json' ? 'manifest' : file === 'items.hnsw' ? 'index' : file.split('.')[0]
      const bytes = await readFile(join(folder, file))
      // `faults bad-snapshots` flips any of them.
      for (let at = 0; at < bytes.length; at += 5) {
        const bit = 1 << (at % 8)
        bytes[at] ^= bit
        await writeFile(join(folder, file), bytes)
        await expect(opened(folder, id), `${file} byte ${at}`).rejects.toMatchObject({
          code: 'snapshot_corrupt',
          field: part,
        })
        bytes[at] ^= bit
      }
      await writeFile(join(folder, file), bytes)
    }
    await opened(folder, id)
  })

  test('a truncated, lengthened, missing, linked or special file is refused with its name', async () => {
    const { id, folder } = await published()
    const original = `${folder}.original`
    await cp(folder, original, { recursive: true })
    for (const file of await readdir(original)) {
      const path = join(folder, file)
      const part = file === 'manifest.json' ? 'manifest' : file === 'items.hnsw' ? 'index' : file.split('.')[0]
      const bytes = await readFile(path)
      const damages = [
        () => truncate(path, 0),
        () => truncate(path, bytes.length - 1),
        () => truncate(path, Math.floor(bytes.length / 2)),
        () => writeFile(path, Buffer.concat([bytes, Buffer.of(0)])),
        () => unlink(path),
        async () => {
          await unlink(path)
          await mkdir(path)
        },
        async () => {
          await unlink(path)
          execFileSync('mkfifo', [path])
        },
        async () => {
          await unlink(path)
          await symlink(join(original, file), path)
        },
      ]
      for (const damage of damages) {
        await damage()
        await expect(opened(folder, id)).rejects.toMatchObject({ code: 'snapshot_corrupt', field: part })
        await rm(path, { recursive: true, force: true })
        await writeFile(path, bytes)
      }
    }
    await opened(folder, id)
  })

  test('another snapshot under this id is refused', async () => {
    const { id, folder } = await published()
    const other = `${folder.slice(0, -1)}${folder.endsWith('0') ? '1' : '0'}`
    await rename(folder, other)
    await expect(opened(other, other.slice(-64))).rejects.toMatchObject({ code: 'snapshot_corrupt', field: 'manifest' })
    expect((await opened(other, id)).id).toBe(id)
  })
})
